//! What one types to find jobs: `state:failed queue:mail tag:eu timeout`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::continuation::ParentId;
use crate::fingerprint::NoFingerprint;
use crate::store::{Compare, JobFilter, Moment};
use crate::text::shown;
use crate::{JobId, JobState};

/// Why a query can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the query can't be read at character {column}: {what}")]
pub struct QueryError {
    /// The character that it is about, from 1.
    pub column: usize,
    /// What is wrong there, and what to write.
    pub what: String,
}

/// One word of a query.
pub(crate) struct Word {
    pub(crate) column: usize,
    pub(crate) key: Option<String>,
    pub(crate) value: String,
    /// Whether some of the value stood in quotes.
    quoted: bool,
}

/// What a path into the payload begins with.
const ARGS: &str = "args.";

/// Reads what one types. Words without a key are one text that is looked for as it stands.
impl FromStr for JobFilter {
    type Err = QueryError;

    fn from_str(query: &str) -> Result<Self, QueryError> {
        let mut filter = Self::default();
        let mut text = Vec::new();
        for Word { column, key, value, quoted } in words(query)? {
            let Some(key) = key else {
                text.push(value);
                continue;
            };
            let at = |what: String| QueryError { column, what };
            if let Some(path) = key.strip_prefix(ARGS).filter(|_| quoted || !value.is_empty()) {
                filter.args.push((path.to_owned(), value));
                continue;
            }
            if value.is_empty() {
                return Err(at(format!("nothing stands behind `{key}:`")));
            }
            match &*key.to_ascii_lowercase() {
                "state" => filter.states.push(state(&value).map_err(at)?),
                "queue" => filter.queues.push(value.into()),
                "request" | "kind" => filter.requests.push(value.into()),
                "tag" => filter.tags.push(value),
                "failure" => {
                    filter
                        .failures
                        .push(value.parse().map_err(|error: NoFingerprint| at(error.to_string()))?);
                }
                "error" => filter.errors.push(value),
                "attempt" | "attempts" => filter.attempts.push(attempts(&value).map_err(at)?),
                "waited" => filter.waited.push(waited(&value).map_err(at)?),
                "after" => filter.enqueued_after = Some(value.parse().map_err(at)?),
                "before" => filter.enqueued_before = Some(value.parse().map_err(at)?),
                "args" => {
                    return Err(at(
                        "a value of the payload stands behind its path; write it as in `args.customer.id:42`"
                            .to_owned(),
                    ));
                }
                "batch" => filter.batch = Some(id(&value).map_err(at)?.into()),
                "parent" => filter.parent = Some(parent(&value).map_err(at)?),
                "is" if value.eq_ignore_ascii_case("retrying") => filter.retrying = true,
                "is" => return Err(at(format!("there is no `is:{}`; use `is:retrying`", shown(&value)))),
                _ => {
                    let (key, whole) = (shown(&key), format!("{key}:{value}"));
                    let what = format!(
                        "there is no key `{key}`; use `state:`, `queue:`, `request:`, `tag:`, `error:`, `attempt:`, `waited:`, \
                         `after:`, `before:`, `args.<field>:`, `failure:`, `batch:`, `parent:` or `is:retrying`, or write \"{}\" in quotes to look for it as text",
                        shown(&whole)
                    );
                    return Err(at(what));
                }
            }
        }
        filter.text = Some(text.join(" ")).filter(|text| !text.is_empty());
        Ok(filter)
    }
}

fn id(text: &str) -> Result<JobId, String> {
    text.parse().map_err(|_| format!("`{}` is no id", shown(text)))
}

/// Reads the id of a job or, behind `batch/`, of a batch.
fn parent(text: &str) -> Result<ParentId, String> {
    match text.strip_prefix("batch/") {
        Some(batch) => Ok(ParentId::Batch(id(batch)?.into())),
        None => Ok(ParentId::Job(id(text)?)),
    }
}

fn state(text: &str) -> Result<JobState, String> {
    let found = JobState::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let all = JobState::ALL.map(|state| state.as_str().to_lowercase()).join(", ");
        format!("there is no state `{}`; use one of {all}", shown(text))
    })
}

/// Reads a number of attempts, as in `>3`.
fn attempts(text: &str) -> Result<(Compare, u32), String> {
    let (compare, number) = Compare::split(text);
    let read = number.parse().map_err(|_| {
        format!(
            "`{}` is no number of attempts; write one as in `attempt:>3`, `attempt:<=3` or `attempt:3`",
            shown(number)
        )
    });
    Ok((compare, read?))
}

/// Reads for how long a job has waited, as in `>5m`.
fn waited(text: &str) -> Result<(Compare, Moment), String> {
    let (compare, moment) = Compare::split(text);
    if compare == Compare::Equal {
        return Err("a wait is longer or shorter than a span; write `waited:>5m` or `waited:<5m`".to_owned());
    }
    Ok((compare, moment.parse()?))
}

/// Splits a query at white space that is not in quotes. In quotes, and in a path into the payload, a backslash takes what follows as
/// it is.
pub(crate) fn words(query: &str) -> Result<Vec<Word>, QueryError> {
    let mut words = Vec::new();
    let mut rest = query.chars().zip(1..).peekable();
    while let Some((first, column)) = rest.next_if(|_| true) {
        if first.is_whitespace() {
            continue;
        }
        let mut word = Word { column, key: None, value: String::new(), quoted: false };
        let mut next = Some((first, column));
        while let Some((letter, at)) = next {
            match letter {
                '"' => {
                    word.quoted = true;
                    quote(&mut rest, at, &mut word.value)?;
                }
                ':' if word.key.is_none() && !word.quoted && is_key(&word.value) => {
                    word.key = Some(std::mem::take(&mut word.value));
                }
                '\\' if word.key.is_none() && !word.quoted && word.value.starts_with(ARGS) => {
                    word.value.extend(rest.next().map(|(letter, _)| letter));
                }
                _ => word.value.push(letter),
            }
            next = rest.next_if(|(letter, _)| !letter.is_whitespace());
        }
        words.push(word);
    }
    Ok(words)
}

/// Reads up to the quote that ends the one at this column.
fn quote(
    rest: &mut impl Iterator<Item = (char, usize)>,
    column: usize,
    value: &mut String,
) -> Result<(), QueryError> {
    loop {
        match rest.next() {
            Some(('"', _)) => return Ok(()),
            Some(('\\', _)) => value.extend(rest.next().map(|(letter, _)| letter)),
            Some((letter, _)) => value.push(letter),
            None => {
                return Err(QueryError {
                    column,
                    what: "this quote has no end; add another `\"`".to_owned(),
                });
            }
        }
    }
}

fn is_key(text: &str) -> bool {
    text.starts_with(ARGS)
        || !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'.')
}

/// Writes a filter as it would be typed.
impl fmt::Display for JobFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<(Cow<'_, str>, String)> = Vec::new();
        let mut say = |key: &'static str, value: String| words.push((key.into(), value));
        self.states.iter().for_each(|state| say("state:", state.as_str().to_lowercase()));
        self.queues.iter().for_each(|queue| say("queue:", queue.to_string()));
        self.requests.iter().for_each(|request| say("request:", request.to_string()));
        self.tags.iter().for_each(|tag| say("tag:", tag.clone()));
        self.failures.iter().for_each(|failure| say("failure:", failure.to_string()));
        self.batch.iter().for_each(|batch| say("batch:", batch.to_string()));
        self.parent.iter().for_each(|parent| match parent {
            ParentId::Job(id) => say("parent:", id.to_string()),
            ParentId::Batch(id) => say("parent:", format!("batch/{id}")),
        });
        if self.retrying {
            say("is:", "retrying".to_owned());
        }
        self.errors.iter().for_each(|error| say("error:", error.clone()));
        self.attempts.iter().for_each(|(compare, number)| say("attempt:", format!("{compare}{number}")));
        self.waited.iter().for_each(|(compare, moment)| say("waited:", format!("{compare}{moment}")));
        self.enqueued_after.iter().for_each(|moment| say("after:", moment.to_string()));
        self.enqueued_before.iter().for_each(|moment| say("before:", moment.to_string()));
        words.extend(self.args.iter().map(|(path, value)| (escaped(path).into(), value.clone())));
        words.extend(self.text.iter().map(|text| ("".into(), text.clone())));
        for (at, (key, value)) in words.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            let plain = !value.is_empty()
                && !value.contains(|letter: char| letter.is_whitespace() || "\"\\".contains(letter))
                && (!key.is_empty() || !value.contains(':'));
            if plain {
                write!(f, "{space}{key}{value}")?;
            } else {
                write!(f, "{space}{key}{}", quoted(value))?;
            }
        }
        Ok(())
    }
}

/// Writes a path into the payload as a key.
fn escaped(path: &str) -> String {
    let mut key = ARGS.to_owned();
    for letter in path.chars() {
        if letter.is_whitespace() || ":\"\\".contains(letter) {
            key.push('\\');
        }
        key.push(letter);
    }
    key.push(':');
    key
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
