//! `exponential(2s, max = 10m)`: reads a backoff from its text.

use std::time::Duration;

use thiserror::Error;

use super::Backoff;
use crate::duration::{self, DurationError};
use crate::text::shown;

/// What every fault ends with.
const FORMS: &str =
    "write `polynomial`, `fixed(30s)`, `list(1s, 10s, 1m)` or `exponential(2s, max = 10m, jitter = 0.2)`";

/// Why a text is not a backoff.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackoffError {
    /// It has none of the four forms.
    #[error("unknown backoff `{text}`; {FORMS}", text = shown(.text))]
    UnknownForm {
        /// What was written.
        text: String,
    },
    /// A delay is missing, or one too many.
    #[error("backoff `{text}` takes {wanted}; {FORMS}", text = shown(.text))]
    Delays {
        /// What was written.
        text: String,
        /// How many delays this form takes.
        wanted: &'static str,
    },
    /// A delay is not a duration.
    #[error("backoff `{text}`: {source}; {FORMS}", text = shown(.text))]
    Duration {
        /// What was written.
        text: String,
        /// What is wrong with the delay.
        #[source]
        source: DurationError,
    },
    /// An option of another name than `max` or `jitter`.
    #[error(
        "unknown option `{option}` in backoff `{text}`, it takes `max` and `jitter`; {FORMS}",
        text = shown(.text),
        option = shown(.option)
    )]
    UnknownOption {
        /// What was written.
        text: String,
        /// The option as it was written.
        option: String,
    },
    /// An option that was given before.
    #[error(
        "option `{option}` comes twice in backoff `{text}`; {FORMS}",
        text = shown(.text),
        option = shown(.option)
    )]
    RepeatedOption {
        /// What was written.
        text: String,
        /// The name of the option.
        option: String,
    },
    /// The jitter is not a part of the delay.
    #[error(
        "invalid jitter `{jitter}` in backoff `{text}`, it is from 0 to 1; {FORMS}",
        text = shown(.text),
        jitter = shown(.jitter)
    )]
    Jitter {
        /// What was written.
        text: String,
        /// The jitter as it was written.
        jitter: String,
    },
    /// The longest delay is shorter than the first.
    #[error("in backoff `{text}` the max is below the first delay; {FORMS}", text = shown(.text))]
    MaxBelowBase {
        /// What was written.
        text: String,
    },
}

pub(super) fn backoff(text: &str) -> Result<Backoff, BackoffError> {
    let trimmed = text.trim();
    if trimmed == "polynomial" {
        return Ok(Backoff::Polynomial);
    }
    let unknown = || BackoffError::UnknownForm { text: text.to_owned() };
    let (form, rest) = trimmed.split_once('(').ok_or_else(unknown)?;
    let arguments = rest.strip_suffix(')').ok_or_else(unknown)?;
    let arguments: Vec<&str> = match arguments.trim() {
        "" => Vec::new(),
        arguments => arguments.split(',').map(str::trim).collect(),
    };
    let delays = |wanted| BackoffError::Delays { text: text.to_owned(), wanted };
    match (form.trim_end(), arguments.as_slice()) {
        ("fixed", [delay]) => Ok(Backoff::Fixed(span(text, delay)?)),
        ("fixed", _) => Err(delays("one delay")),
        ("list", []) => Err(delays("at least one delay")),
        ("list", all) => {
            all.iter().map(|delay| span(text, delay)).collect::<Result<_, _>>().map(Backoff::List)
        }
        ("exponential", [base, options @ ..]) if !base.contains('=') => exponential(text, base, options),
        ("exponential", _) => Err(delays("a first delay before its options")),
        _ => Err(unknown()),
    }
}

fn exponential(text: &str, base: &str, options: &[&str]) -> Result<Backoff, BackoffError> {
    let base = span(text, base)?;
    let (mut max, mut jitter) = (None, None);
    for option in options {
        let unknown = || BackoffError::UnknownOption { text: text.to_owned(), option: (*option).to_owned() };
        let (name, value) = option.split_once('=').ok_or_else(unknown)?;
        let (name, value) = (name.trim(), value.trim());
        let repeated = match name {
            "max" => max.replace(span(text, value)?).is_some(),
            "jitter" => jitter.replace(part(text, value)?).is_some(),
            _ => return Err(unknown()),
        };
        if repeated {
            return Err(BackoffError::RepeatedOption { text: text.to_owned(), option: name.to_owned() });
        }
    }
    if max.is_some_and(|max| max < base) {
        return Err(BackoffError::MaxBelowBase { text: text.to_owned() });
    }
    Ok(Backoff::Exponential { base, max, jitter: jitter.unwrap_or(0.0) })
}

fn span(text: &str, delay: &str) -> Result<Duration, BackoffError> {
    duration::parse(delay).map_err(|source| BackoffError::Duration { text: text.to_owned(), source })
}

fn part(text: &str, jitter: &str) -> Result<f64, BackoffError> {
    match jitter.parse::<f64>() {
        Ok(part) if (0.0..=1.0).contains(&part) => Ok(part),
        _ => Err(BackoffError::Jitter { text: text.to_owned(), jitter: jitter.to_owned() }),
    }
}
