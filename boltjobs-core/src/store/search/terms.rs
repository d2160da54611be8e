//! What a filter compares: numbers, spans and instants.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat};

use crate::text::shown;
use crate::{JobId, Timestamp, duration};

/// How a number or a span has to be to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// The same: what is typed without a sign.
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Compare {
    /// Takes the sign off a text.
    pub(crate) fn split(text: &str) -> (Self, &str) {
        let signs = [Self::AtMost, Self::AtLeast, Self::Less, Self::More];
        let found = signs.into_iter().find_map(|sign| Some((sign, text.strip_prefix(sign.sign())?)));
        found.unwrap_or((Self::Equal, text))
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    /// Says whether something is to another one as this says.
    pub fn holds<T: Ord>(self, one: &T, other: &T) -> bool {
        match self {
            Self::Equal => one == other,
            Self::Less => one < other,
            Self::AtMost => one <= other,
            Self::More => one > other,
            Self::AtLeast => one >= other,
        }
    }
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

/// An instant, as it is typed: `2h` for two hours ago, `2026-01-31` for the beginning of that day in UTC, or
/// `2026-01-31T09:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long before whoever asks.
    Ago(Duration),
    /// An instant.
    At(Timestamp),
}

impl Moment {
    /// Returns the instant that it is at a time. Before 1970 there is no job, so it is not earlier.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Ago(span) => Self::At(now.minus(span).max(Timestamp::EPOCH)),
            Self::At(_) => self,
        }
    }

    /// Returns the instant; `None` as long as it is not known when somebody asks.
    pub(crate) fn instant(self) -> Option<Timestamp> {
        match self {
            Self::Ago(_) => None,
            Self::At(at) => Some(at),
        }
    }

    /// Returns the first id that can be made at the instant.
    pub(crate) fn first_id(self) -> Option<JobId> {
        let millis = self.instant()?.as_millis().min(JobId::LAST_MILLIS);
        Some(JobId::from_u128(u128::from(millis) << 80))
    }
}

impl From<Duration> for Moment {
    /// So long ago.
    fn from(span: Duration) -> Self {
        Self::Ago(span)
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self::At(at)
    }
}

impl<Z: chrono::TimeZone> From<DateTime<Z>> for Moment {
    fn from(at: DateTime<Z>) -> Self {
        Self::At(at.into())
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = duration::parse(text) {
            return Ok(Self::Ago(span));
        }
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(day.and_time(NaiveTime::MIN).and_utc().into());
        }
        DateTime::parse_from_rfc3339(text).map(Self::from).map_err(|_| {
            format!(
                "`{}` is no time; use a span until now as in `2h`, a day as in `2026-01-31`, or an instant as in \
                 `2026-01-31T09:00:00Z`",
                shown(text)
            )
        })
    }
}

/// Writes it as it is typed.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ago(span) => f.write_str(&duration::format(*span)),
            Self::At(at) => {
                let at = at.to_datetime();
                let text = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                f.write_str(text.strip_suffix("T00:00:00Z").unwrap_or(&text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_span_a_day_or_an_instant() {
        let read = |text: &str| text.parse::<Moment>();
        assert_eq!(read("2h"), Ok(Moment::Ago(Duration::from_hours(2))));
        let day = Timestamp::from_micros(1_769_817_600_000_000);
        for text in ["2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31T01:00:00+01:00"] {
            assert_eq!(read(text), Ok(Moment::At(day)), "{text}");
            assert_eq!(read(text).unwrap().to_string(), "2026-01-31");
        }
        let exact = "2026-01-31T09:00:00.000001Z";
        assert_eq!(read(exact).unwrap().to_string(), exact);
        for text in ["2", "yesterday", "2026-02-30", "2026-01-31 09:00", "-2h", ""] {
            assert!(read(text).unwrap_err().contains("is no time; use a span"), "{text}");
        }
    }

    #[test]
    fn a_span_is_counted_back_from_whoever_asks_and_not_beyond_the_first_day() {
        let now = Timestamp::from_micros(7_200_000_000);
        let ago = |hours| Moment::Ago(Duration::from_hours(hours)).at(now);
        assert_eq!(ago(1), Moment::At(Timestamp::from_micros(3_600_000_000)));
        assert_eq!(ago(u64::MAX / 3_600), Moment::At(Timestamp::EPOCH));
        assert_eq!(Moment::At(now).at(Timestamp::EPOCH), Moment::At(now));
    }
}
