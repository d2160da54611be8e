//! Jobs that failed in the same way, and what is written beside the jobs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::fingerprint::{Fingerprint, Pattern};

/// The jobs that failed in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// What they are found by.
    pub fingerprint: Fingerprint,
    /// What their errors have in common.
    pub pattern: Pattern,
    /// How many have failed for good.
    pub failed: u64,
    /// How many wait for another attempt.
    pub retrying: u64,
    /// When the first of them failed that the store has seen since it was opened and still counts.
    pub first: Timestamp,
    /// When the last one failed.
    pub last: Timestamp,
    /// How many failed in each hour of late, as far as the store has seen since it was opened and found then.
    pub trend: Trend,
}

/// How many hours a [`Trend`] has.
pub const HOURS: usize = 24;

/// How many jobs failed in each of the latest hours, for good or with another attempt to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trend {
    /// The number of the latest hour in which one failed, since 1970.
    hour: u64,
    /// That hour is the last.
    counts: [u32; HOURS],
}

impl Trend {
    fn hour(at: Timestamp) -> u64 {
        at.as_millis() / 3_600_000
    }

    /// Counts a failure. One that is older than all of it is left out.
    pub fn count(&mut self, at: Timestamp) {
        let hour = Self::hour(at);
        if hour > self.hour {
            self.counts = self.until(at);
            self.hour = hour;
        }
        let back = usize::try_from(self.hour - hour).unwrap_or(HOURS);
        if let Some(count) = (HOURS - 1).checked_sub(back).and_then(|place| self.counts.get_mut(place)) {
            *count = count.saturating_add(1);
        }
    }

    /// Returns how many failed in each of the 24 hours up to the one of an instant, the oldest first. Hours are those of UTC.
    pub fn until(&self, now: Timestamp) -> [u32; HOURS] {
        let mut counts = [0; HOURS];
        let hour = Self::hour(now).max(self.hour);
        let gone = usize::try_from(hour - self.hour).unwrap_or(HOURS).min(HOURS);
        counts[..HOURS - gone].copy_from_slice(&self.counts[gone..]);
        counts
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn hours_move_on_and_old_failures_leave() {
        let at = |hour: u64| Timestamp::EPOCH.plus(Duration::from_hours(hour));
        let of = |trend: &Trend, now| {
            let counts = trend.until(at(now));
            (0..HOURS).filter(|hour| counts[*hour] > 0).map(|hour| (hour, counts[hour])).collect::<Vec<_>>()
        };
        let mut trend = Trend::default();
        for hour in [100, 100, 102, 101, 78] {
            trend.count(at(hour));
        }
        assert_eq!(of(&trend, 102), [(21, 2), (22, 1), (23, 1)], "what is a day old is left out");
        assert_eq!(of(&trend, 101), of(&trend, 102), "a clock that is behind sees the latest");
        assert_eq!(of(&trend, 123), [(0, 2), (1, 1), (2, 1)]);
        assert_eq!(of(&trend, 125), [(0, 1)]);
        assert_eq!(of(&trend, 126), []);
        trend.count(at(1_000));
        assert_eq!(of(&trend, 1_000), [(23, 1)]);
    }
}

/// A small text that a program keeps beside its jobs, under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The key; what belongs together begins alike.
    pub key: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// Which documents are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentQuery {
    /// What their keys begin with.
    pub prefix: Arc<str>,
    /// The key after which they begin, in the order that is asked for.
    pub after: Option<Arc<str>>,
    /// Whether the greatest key comes first, instead of the least.
    pub last_first: bool,
    /// The most of them.
    pub limit: usize,
}
