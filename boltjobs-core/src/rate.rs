//! How often jobs may start: `100/1m`, and `100/1m, burst = 10`.
//!
//! A rate is one or two [`Window`]s. `100/1m` is one: in no span of a minute, wherever it begins, do more than 100
//! jobs start. A burst adds a shorter one, so that the 100 do not start all at once: `burst = 10` allows 10 in any
//! tenth of the minute. What started lately is kept in a [`RateLog`].

#[cfg(test)]
mod fuzz;
mod log;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

pub use log::RateLog;
pub use parse::RateError;

use crate::duration;
use crate::sabotage::{self, Bug};

/// How many jobs may start in how long.
///
/// # Examples
///
/// ```
/// use boltjobs_core::rate::Rate;
/// let rate = Rate::parse("100/1m, burst = 10")?;
/// assert_eq!(rate.to_string(), "100/1m, burst = 10");
/// assert!(Rate::parse("0/s").is_err());
/// # Ok::<(), boltjobs_core::rate::RateError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u32,
    per: Duration,
    burst: Option<u32>,
}

/// At most so many starts in any span of this length.
///
/// A start no longer counts once the whole span has passed since: of `1/1s`, the second start may come exactly one
/// second after the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// The most starts; at least 1.
    pub at_most: u32,
    /// The span, in whole microseconds; at least one of them.
    pub per: Duration,
}

impl Rate {
    /// Parses a rate: the starts, a slash, and the span in which they may be, as in `100/1m`. A unit alone means one
    /// of it: `5/s`.
    ///
    /// `, burst = 10` behind it allows no more than 10 starts in any tenth of that minute; in general, no more than
    /// the burst in any `span * burst / count`. Without it all may start at once. The span is a
    /// [duration] of at most 365 days, and the burst is from 1 to the count.
    ///
    /// # Errors
    ///
    /// Says what makes no sense in `text`, and what can be written instead.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        parse::rate(text)
    }

    /// Returns what the rate allows: the window of its span, and before it the shorter one of its burst, if there is
    /// one.
    pub fn windows(&self) -> impl Iterator<Item = Window> + use<> {
        let at_most = self.count + u32::from(sabotage::is(Bug::RateOneTooMany));
        let whole = Window { at_most, per: self.per };
        let burst = self.burst.filter(|burst| *burst < self.count).map(|burst| {
            // Rounded up, so that there are never more. No span is so long that its product would not fit.
            let micros = (self.per.as_micros() * u128::from(burst)).div_ceil(u128::from(self.count));
            let micros = u64::try_from(micros).unwrap_or(u64::MAX);
            Window { at_most: burst, per: Duration::from_micros(micros) }
        });
        burst.into_iter().chain([whole])
    }
}

impl Display for Rate {
    /// Writes it so that [`Rate::parse`] reads it back.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, duration::format(self.per))?;
        self.burst.map_or(Ok(()), |burst| write!(f, ", burst = {burst}"))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        Self::parse(text)
    }
}
