//! `100/1m, burst = 10`: reads a rate from its text.

use std::time::Duration;

use thiserror::Error;

use super::Rate;
use crate::duration::{self, DurationError};
use crate::text::shown;

/// What every fault ends with.
const FORMS: &str = "write `100/1m`, `5/s` or `100/1m, burst = 10`";

/// A rate over longer than this is a quota, and needs a place where people can look at it.
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// Why a text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RateError {
    /// There is no slash with something on both sides of it.
    #[error(
        "invalid rate `{text}`, it is a number and a span with a slash between them; {FORMS}",
        text = shown(.text)
    )]
    Form {
        /// What was written.
        text: String,
    },
    /// What should be a number is none, or too large.
    #[error(
        "invalid number `{number}` in rate `{text}`, it is whole and from 1 to {}; {FORMS}",
        u32::MAX,
        text = shown(.text),
        number = shown(.number)
    )]
    Number {
        /// What was written.
        text: String,
        /// What stands where the number should.
        number: String,
    },
    /// Nothing would ever start.
    #[error(
        "rate `{text}` lets nothing start; write a count of 1 or more, or pause the queue",
        text = shown(.text)
    )]
    Zero {
        /// What was written.
        text: String,
    },
    /// The span is not a duration.
    #[error("rate `{text}`: {source}; {FORMS}", text = shown(.text))]
    Duration {
        /// What was written.
        text: String,
        /// What is wrong with the span.
        #[source]
        source: DurationError,
    },
    /// The span is zero, or too long.
    #[error("span out of range in rate `{text}`; write 1ms to 365d", text = shown(.text))]
    Span {
        /// What was written.
        text: String,
    },
    /// What follows the comma is not one `burst`.
    #[error(
        "unknown option `{option}` in rate `{text}`, it takes `burst`, once; {FORMS}",
        text = shown(.text),
        option = shown(.option)
    )]
    Option {
        /// What was written.
        text: String,
        /// The option as it was written.
        option: String,
    },
    /// The burst is zero, or above the count.
    #[error(
        "a burst of {burst} makes no sense in rate `{text}`; write 1 to {count}, or leave it out",
        text = shown(.text)
    )]
    Burst {
        /// What was written.
        text: String,
        /// The burst as it was written.
        burst: u32,
        /// The most that it can be.
        count: u32,
    },
}

pub(super) fn rate(text: &str) -> Result<Rate, RateError> {
    let owned = || text.to_owned();
    let (rate, option) = text.split_once(',').map_or((text, None), |(rate, option)| (rate, Some(option)));
    let (count, span) = rate.split_once('/').ok_or_else(|| RateError::Form { text: owned() })?;
    let (count, span) = (count.trim(), span.trim());
    if count.is_empty() || span.is_empty() {
        return Err(RateError::Form { text: owned() });
    }
    let count = number(text, count)?;
    if count == 0 {
        return Err(RateError::Zero { text: owned() });
    }
    let one = if span.starts_with(|c: char| c.is_ascii_alphabetic()) { "1" } else { "" };
    let per = duration::parse(&format!("{one}{span}"))
        .map_err(|source| RateError::Duration { text: owned(), source })?;
    if per.is_zero() || per > LONGEST {
        return Err(RateError::Span { text: owned() });
    }
    let burst = option.map(|option| burst(text, option.trim(), count)).transpose()?;
    Ok(Rate { count, per, burst })
}

fn burst(text: &str, option: &str, count: u32) -> Result<u32, RateError> {
    let value = option.split_once('=').filter(|(name, _)| name.trim() == "burst").map(|(_, value)| value);
    let Some(value) = value.filter(|value| !value.contains(',')) else {
        return Err(RateError::Option { text: text.to_owned(), option: option.to_owned() });
    };
    let burst = number(text, value.trim())?;
    if (1..=count).contains(&burst) {
        return Ok(burst);
    }
    Err(RateError::Burst { text: text.to_owned(), burst, count })
}

fn number(text: &str, number: &str) -> Result<u32, RateError> {
    // `parse` would take a sign.
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = number.parse().ok().filter(|_| digits);
    parsed.ok_or_else(|| RateError::Number { text: text.to_owned(), number: number.to_owned() })
}
