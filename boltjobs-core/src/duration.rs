//! Spans of time as people write them: `250ms`, `30s`, `1h30m`, `2d`, `1w`.

use std::fmt::Write as _;
use std::time::Duration;

use thiserror::Error;

use crate::text::shown;

/// The units from the largest to the smallest, in milliseconds. A week is 7 days and a day 24 hours.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DurationError {
    /// Nothing was written.
    #[error("empty duration; write a number and a unit, as in `90s` or `1h30m`")]
    Empty,
    /// A number stands without its unit.
    #[error(
        "invalid duration `{text}`; add a unit: ms, s, m, h, d or w, as in `90s` or `1h30m`",
        text = shown(.text)
    )]
    MissingUnit {
        /// What was written.
        text: String,
    },
    /// A unit stands without its number.
    #[error(
        "invalid duration `{text}`; write a whole number before `{unit}`, as in `90s` or `1h30m`",
        text = shown(.text),
        unit = shown(.unit)
    )]
    MissingNumber {
        /// What was written.
        text: String,
        /// What stands where a number should.
        unit: String,
    },
    /// The unit is none of the known ones.
    #[error(
        "unknown unit `{unit}` in duration `{text}`; write ms, s, m, h, d or w, as in `90s` or `1h30m`",
        text = shown(.text),
        unit = shown(.unit)
    )]
    UnknownUnit {
        /// What was written.
        text: String,
        /// What stands where a unit should.
        unit: String,
    },
    /// A unit comes twice, or after a smaller one.
    #[error(
        "misplaced `{unit}` in duration `{text}`; write each unit once, the largest first, as in `1h30m`",
        text = shown(.text),
        unit = shown(.unit)
    )]
    Order {
        /// What was written.
        text: String,
        /// The unit that comes too late.
        unit: String,
    },
    /// The duration is longer than a [`Duration`] can be.
    #[error("duration `{text}` is too long; write at most {}", format(Duration::MAX), text = shown(.text))]
    TooLong {
        /// What was written.
        text: String,
    },
}

/// Parses a duration such as `30s`, `1h30m`, `250ms`, `2d` or `1w`.
///
/// Every number is whole and has a unit: `ms`, `s`, `m`, `h`, `d` (24 hours) or `w` (7 days). Each unit
/// comes at most once, the largest first. There are no spaces, signs or fractions; `0s` is zero.
///
/// # Errors
///
/// Says what is wrong with `text` and how to write it instead.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// assert_eq!(boltjobs_core::duration::parse("1h30m"), Ok(Duration::from_secs(5400)));
/// assert!(boltjobs_core::duration::parse("90").is_err());
/// ```
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    let owned = || text.to_owned();
    let mut total = Duration::ZERO;
    let mut larger_units = UNITS.as_slice();
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after_number) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after_unit) = split_where(after_number, |c| c.is_ascii_digit());
        if unit.is_empty() {
            return Err(DurationError::MissingUnit { text: owned() });
        }
        if number.is_empty() {
            return Err(DurationError::MissingNumber { text: owned(), unit: unit.to_owned() });
        }
        let Some(&(_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(DurationError::UnknownUnit { text: owned(), unit: unit.to_owned() });
        };
        let Some(place) = larger_units.iter().position(|(name, _)| *name == unit) else {
            return Err(DurationError::Order { text: owned(), unit: unit.to_owned() });
        };
        larger_units = &larger_units[place + 1..];
        total = times(number, millis)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| DurationError::TooLong { text: owned() })?;
        rest = after_unit;
    }
    Ok(total)
}

/// Formats a duration so that [`parse`] reads it back: the largest units first, none that is zero.
///
/// What is less than a millisecond is dropped; no span is `0s`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// assert_eq!(boltjobs_core::duration::format(Duration::from_secs(5400)), "1h30m");
/// ```
pub fn format(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, millis) in UNITS {
        let count = rest / u128::from(millis);
        rest %= u128::from(millis);
        if count > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{count}{unit}");
        }
    }
    text
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

fn times(number: &str, unit_millis: u64) -> Option<Duration> {
    let millis = number.parse::<u128>().ok()?.checked_mul(u128::from(unit_millis))?;
    let seconds = u64::try_from(millis / 1_000).ok()?;
    let rest = u64::try_from(millis % 1_000).ok()?;
    Duration::from_secs(seconds).checked_add(Duration::from_millis(rest))
}

#[cfg(test)]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_read() {
        let cases =
            [("250ms", 250), ("30s", 30_000), ("10m", 600_000), ("1h30m", 5_400_000), ("2d", 172_800_000)];
        for (text, millis) in cases {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse("1w"), Ok(Duration::from_hours(7 * 24)));
        assert_eq!(parse("1w2d3h4m5s6ms"), Ok(Duration::from_millis(788_645_006)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_fault_says_how_to_mend_it() {
        let cases = [
            ("", "empty duration; write a number and a unit, as in `90s` or `1h30m`"),
            ("10", "invalid duration `10`; add a unit: ms, s, m, h, d or w, as in `90s` or `1h30m`"),
            ("s", "invalid duration `s`; write a whole number before `s`, as in `90s` or `1h30m`"),
            ("-5s", "invalid duration `-5s`; write a whole number before `-`, as in `90s` or `1h30m`"),
            (
                "1.5h",
                "unknown unit `.` in duration `1.5h`; write ms, s, m, h, d or w, as in `90s` or `1h30m`",
            ),
            ("5 s", "unknown unit ` s` in duration `5 s`; write ms, s, m, h, d or w, as in `90s` or `1h30m`"),
            (
                "30m1h",
                "misplaced `h` in duration `30m1h`; write each unit once, the largest first, as in `1h30m`",
            ),
            (
                "1s1s",
                "misplaced `s` in duration `1s1s`; write each unit once, the largest first, as in `1h30m`",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_duration_that_overflows_is_refused() {
        for text in ["18446744073709551616s", "18446744073709551615m", "18446744073709551615s1000ms"] {
            assert!(matches!(parse(text), Err(DurationError::TooLong { .. })), "{text}");
        }
        let milliseconds = std::format!("{}ms", Duration::MAX.as_millis());
        assert_eq!(parse(&milliseconds).map(|longest| longest.as_millis()), Ok(Duration::MAX.as_millis()));
        let longest = format(Duration::MAX);
        assert_eq!(longest, "30500568904943w7h15s999ms");
        assert_eq!(parse(&longest).unwrap().as_secs(), u64::MAX);
    }

    #[test]
    fn what_is_less_than_a_millisecond_is_dropped() {
        assert_eq!(format(Duration::from_micros(1_999)), "1ms");
        assert_eq!(format(Duration::from_nanos(1)), "0s");
    }

    proptest! {
        #[test]
        fn a_formatted_duration_parses_back(secs: u64, millis in 0u32..1_000) {
            let duration = Duration::new(secs, millis * 1_000_000);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics_and_what_parses_formats_to_the_same_span(text in "([0-9]{0,20}(ms|[smhdwx ]|é)?){0,4}") {
            if let Ok(duration) = parse(&text) {
                prop_assert_eq!(parse(&format(duration)), Ok(duration));
            }
        }
    }
}
