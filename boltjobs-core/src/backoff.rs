//! How long a failed job waits before it is tried again.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::duration;

#[cfg(test)]
mod fuzz;
mod parse;
#[cfg(test)]
mod tests;

pub use parse::BackoffError;

/// No delay is longer than this: 365 days.
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// The law by which the delay grows from one retry to the next.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use boltjobs_core::backoff::Backoff;
///
/// let backoff = Backoff::parse("exponential(2s, max = 10m)").unwrap();
/// assert_eq!(backoff.delay(3, 0), Duration::from_secs(8));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Backoff {
    /// Waits `(n-1)^4 + 15 + rand(0..30) * n` seconds before retry `n`: from 15 s to 44 s before the first
    /// and about 1.8 to 1.9 hours before the tenth. The formula is that of Hangfire, which has it from
    /// Sidekiq.
    #[default]
    Polynomial,
    /// Waits the same each time.
    Fixed(Duration),
    /// Waits these in turn; the last repeats. An empty list waits not at all.
    List(Vec<Duration>),
    /// Waits `base`, then twice as long each time.
    Exponential {
        /// The delay before the first retry.
        base: Duration,
        /// What the delay grows to at most, before jitter.
        max: Option<Duration>,
        /// How much chance may add, as a part of the delay: with 0.2 it is up to a fifth longer. What is not
        /// in `0.0..=1.0` counts as the nearer end of it, and not a number as 0.
        jitter: f64,
    },
}

impl Backoff {
    /// Parses `polynomial`, `fixed(30s)`, `list(1s, 10s, 1m)` or `exponential(2s, max = 10m, jitter = 0.2)`.
    ///
    /// `max` and `jitter` may be left out; without them the delay grows up to a year, and chance adds
    /// nothing.
    ///
    /// # Errors
    ///
    /// Says what is wrong with `text` and lists the legal forms.
    pub fn parse(text: &str) -> Result<Self, BackoffError> {
        parse::backoff(text)
    }

    /// Returns how long to wait before retry number `retry`, which counts from 1.
    ///
    /// All jitter comes from `chance`, which should be uniformly random: the same `chance` gives the same
    /// delay. Jitter only adds, so a retry never comes before the documented delay. The delay is 365 days at
    /// most.
    pub fn delay(&self, retry: u32, chance: u64) -> Duration {
        let retry = retry.max(1);
        let delay = match self {
            Self::Polynomial => polynomial(u64::from(retry), chance),
            Self::Fixed(delay) => *delay,
            Self::List(delays) => {
                let index = usize::try_from(retry - 1).unwrap_or(usize::MAX);
                delays.get(index).or(delays.last()).copied().unwrap_or_default()
            }
            Self::Exponential { base, max, jitter } => {
                let delay = doubled(*base, retry - 1).min(max.unwrap_or(LONGEST));
                delay.saturating_add(delay.mul_f64(share(*jitter, chance)))
            }
        };
        delay.min(LONGEST)
    }
}

/// Writes what [`Backoff::parse`] reads; what is less than a millisecond is dropped.
impl Display for Backoff {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polynomial => f.write_str("polynomial"),
            Self::Fixed(delay) => write!(f, "fixed({})", duration::format(*delay)),
            Self::List(delays) => {
                let delays: Vec<_> = delays.iter().copied().map(duration::format).collect();
                write!(f, "list({})", delays.join(", "))
            }
            Self::Exponential { base, max, jitter } => {
                write!(f, "exponential({}", duration::format(*base))?;
                if let Some(max) = max {
                    write!(f, ", max = {}", duration::format(*max))?;
                }
                if *jitter != 0.0 {
                    write!(f, ", jitter = {jitter}")?;
                }
                f.write_str(")")
            }
        }
    }
}

fn polynomial(retry: u64, chance: u64) -> Duration {
    // 30 divides 2^64 so nearly that no bias is left to see.
    let jitter = (chance % 30).saturating_mul(retry);
    Duration::from_secs((retry - 1).saturating_pow(4).saturating_add(15).saturating_add(jitter))
}

/// `base * 2^times`, or [`LONGEST`] if that is less.
fn doubled(base: Duration, times: u32) -> Duration {
    // A year is less than 2^55 ns: the shift stays within 128 bits, and 64 doublings reach it from any base.
    let nanos = base.min(LONGEST).as_nanos() << times.min(64);
    u64::try_from(nanos).map_or(LONGEST, Duration::from_nanos).min(LONGEST)
}

/// What chance adds, as a part of the delay.
fn share(jitter: f64, chance: u64) -> f64 {
    // Not `clamp`, which would let a NaN through.
    let jitter = if jitter > 0.0 { jitter.min(1.0) } else { 0.0 };
    let [a, b, c, d, ..] = chance.to_be_bytes();
    jitter * f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
}
