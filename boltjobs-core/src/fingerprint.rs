//! Which failures are the same.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::job::{HistoryRow, Job};
use crate::{JobState, text};

/// The most characters of a message that tell failures apart.
const LONGEST: usize = 200;

/// What failures have in common that are the same one: the type of the error and its message, in which numbers, ids,
/// addresses and quoted texts do not count.
///
/// It is displayed as 16 hexadecimal digits. A release may find others for the same errors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(u64);

/// What stands for a failure: the type of its error, and its message without what differs from job to job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The type of the error; empty where nothing but a reason is known, as after crashes.
    pub kind: String,
    /// The message, with `#` for each number or id, `@` for each address and `".."` for each quoted text.
    pub message: String,
}

impl Pattern {
    /// Returns that of a job that has failed, or waits for another attempt after an error.
    pub fn of(job: &Job) -> Option<Self> {
        Self::of_row(job.history.last()?)
    }

    fn of_row(row: &HistoryRow) -> Option<Self> {
        let error = row.error.as_deref();
        match row.state {
            JobState::Failed => {}
            JobState::Scheduled if error.is_some() => {}
            JobState::Scheduled
            | JobState::Enqueued
            | JobState::Awaiting
            | JobState::Processing
            | JobState::Succeeded
            | JobState::Deleted => return None,
        }
        let (kind, message) = match error {
            Some(error) => (error.kind.clone(), &*error.message),
            None => (String::new(), row.reason.as_deref().unwrap_or_default()),
        };
        Some(Self { kind, message: normalised(message) })
    }

    /// Returns its fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        // FNV-1a: the same in each build, and nobody gains by making two failures look like one.
        let bytes = self.kind.bytes().chain([0]).chain(self.message.bytes());
        Fingerprint(bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        }))
    }
}

/// Takes from the first line of a message what differs from job to job.
fn normalised(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut found = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if found.len() >= LONGEST {
            break;
        }
        let quoted = ['"', '\'', '`'].contains(&first).then(|| rest[1..].find(first)).flatten();
        if let Some(end) = quoted.filter(|_| !found.ends_with(char::is_alphanumeric)) {
            found.push_str("\"..\"");
            rest = &rest[end + 2..];
        } else if is_part(first) {
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            found.push_str(&word(&rest[..end]));
            rest = &rest[end..];
        } else {
            found.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    text::shown(&found)
}

/// Says whether a letter can stand within an id or an address.
fn is_part(letter: char) -> bool {
    letter.is_alphanumeric() || "_-@.+".contains(letter)
}

fn word(word: &str) -> String {
    let bare = word.trim_end_matches(['.', '-', '+']);
    let end = &word[bare.len()..];
    if bare.trim_matches('@').contains('@') {
        format!("@{end}")
    } else if bare.contains(|letter: char| letter.is_ascii_digit()) {
        format!("#{end}")
    } else {
        word.to_owned()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of a text that is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no fingerprint of a failure; it has 16 hexadecimal digits")]
pub struct NoFingerprint(String);

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| digits);
        number.map(Self).ok_or_else(|| NoFingerprint(text::shown(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_job_to_job_does_not_count() {
        for (message, expected) in [
            ("order 4711 not found", "order # not found"),
            ("order a3f-99 not found.", "order # not found."),
            ("no user ada.l@example.org: gone", "no user @: gone"),
            ("unknown column \"na me\" in 'x'", "unknown column \"..\" in \"..\""),
            ("can't open `a b`; it isn't there", "can't open \"..\"; it isn't there"),
            ("connect to 10.0.0.7:5432 failed", "connect to #:# failed"),
            ("first line\nsecond 1", "first line"),
            ("a lone \" quote", "a lone \" quote"),
            ("", ""),
        ] {
            assert_eq!(normalised(message), expected, "{message}");
        }
        assert!(normalised(&"word ".repeat(1_000)).len() < LONGEST + 20);
    }

    #[test]
    fn a_fingerprint_is_read_as_it_is_shown() {
        let pattern = |kind: &str, message: &str| Pattern { kind: kind.into(), message: message.into() };
        let one = pattern("Timeout", "no answer").fingerprint();
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_ne!(one, pattern("Timeoutn", "o answer").fingerprint());
        for wrong in ["", "12", "zzzzzzzzzzzzzzzz", "+123456789abcdef", "0123456789abcdef0"] {
            assert!(wrong.parse::<Fingerprint>().unwrap_err().to_string().contains("16 hex"), "{wrong}");
        }
    }
}
