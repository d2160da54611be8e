//! What a limit of a handler would have meant: the runs of its jobs that are known, begun anew under it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::handler_limit::Limit;
use boltjobs_core::job::{Job, RowData};
use boltjobs_core::rate::{Rate, RateLog};

/// A run of a job.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    key: Option<Arc<str>>,
    start: Timestamp,
    took: Duration,
}

/// What would have become of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replay {
    /// How many there were.
    pub(crate) starts: usize,
    /// How many would have begun later than they did.
    pub(crate) later: usize,
    /// By how much the one that would have been held back most.
    pub(crate) longest: Duration,
}

/// Returns the runs of jobs that began at some instant or after it, in the order in which they did. What runs by now has run until now.
pub(crate) fn runs(jobs: &[Job], since: Timestamp, now: Timestamp) -> Vec<Ran> {
    let mut runs = Vec::new();
    for job in jobs {
        for (at, row) in job.history.iter().enumerate() {
            if !matches!(row.data, RowData::Processing { .. }) || row.at < since {
                continue;
            }
            let end = job.history.get(at + 1).map_or(now, |next| next.at);
            runs.push(Ran { key: job.spec.concurrency_key.clone(), start: row.at, took: end.since(row.at) });
        }
    }
    runs.sort_by_key(|run| run.start);
    runs
}

/// What is counted together: everything, or what shares a key.
#[derive(Debug, Default)]
struct Counted {
    /// When each place is free again.
    places: BinaryHeap<Reverse<Timestamp>>,
    log: RateLog,
    latest: Timestamp,
}

impl Counted {
    /// Returns when a run begins for which one of so many places has to be free, and takes it.
    fn place(&mut self, at_most: u32, run: &Ran) -> Timestamp {
        let full = self.places.len() >= at_most as usize;
        let free = if full { self.places.pop() } else { None };
        let start = free.map_or(run.start, |Reverse(free)| free.max(run.start));
        self.places.push(Reverse(start.plus(run.took)));
        start
    }

    /// Returns when a run begins for which a rate has to have room, and counts it.
    fn rated(&mut self, rate: &Rate, run: &Ran) -> Timestamp {
        let mut start = run.start.max(self.latest);
        while let Some(free) = self.log.free_at(rate, start) {
            start = free;
        }
        self.log.record(rate, start);
        self.latest = start;
        start
    }
}

/// Says what would have become of runs under a limit, if nothing else had held them back.
pub(crate) fn replay(limit: &Limit, runs: &[Ran]) -> Replay {
    let mut counted: HashMap<Option<Arc<str>>, Counted> = HashMap::new();
    let mut all = Replay { starts: runs.len(), later: 0, longest: Duration::ZERO };
    for run in runs {
        let start = match limit {
            Limit::Concurrency(at_most) => counted.entry(None).or_default().place(*at_most, run),
            Limit::RateLimit(rate) => counted.entry(None).or_default().rated(rate, run),
            // What has no key is held to no limit of keys.
            Limit::ConcurrencyPerKey(_) | Limit::RateLimitPerKey(_) if run.key.is_none() => run.start,
            Limit::ConcurrencyPerKey(at_most) => {
                counted.entry(run.key.clone()).or_default().place(*at_most, run)
            }
            Limit::RateLimitPerKey(rate) => counted.entry(run.key.clone()).or_default().rated(rate, run),
        };
        let late = start.since(run.start);
        all.later += usize::from(!late.is_zero());
        all.longest = all.longest.max(late);
    }
    all
}

#[cfg(test)]
mod tests {
    use boltjobs_core::handler_limit::LimitKind;

    use super::*;

    fn run(key: &str, start: u64, took: u64) -> Ran {
        let key = Some(key).filter(|key| !key.is_empty()).map(Arc::from);
        let start = Timestamp::EPOCH.plus(Duration::from_secs(start));
        Ran { key, start, took: Duration::from_secs(took) }
    }

    fn told(kind: LimitKind, text: &str, runs: &[Ran]) -> (usize, u64) {
        let found = replay(&Limit::parse(kind, text).unwrap(), runs);
        assert_eq!(found.starts, runs.len());
        (found.later, found.longest.as_secs())
    }

    #[test]
    fn runs_wait_for_a_place_or_for_the_rate() {
        let runs = [run("a", 0, 10), run("b", 1, 10), run("a", 2, 10), run("", 3, 10)];
        assert_eq!(told(LimitKind::Concurrency, "4", &runs), (0, 0));
        assert_eq!(told(LimitKind::Concurrency, "2", &runs), (2, 8));
        assert_eq!(told(LimitKind::Concurrency, "1", &runs), (3, 27));
        assert_eq!(told(LimitKind::ConcurrencyPerKey, "1", &runs), (1, 8));
        assert_eq!(told(LimitKind::RateLimit, "2/1m", &runs), (2, 58));
        assert_eq!(told(LimitKind::RateLimit, "4/1m", &runs), (0, 0));
        assert_eq!(told(LimitKind::RateLimitPerKey, "1/1m", &runs), (1, 58));
        assert_eq!(told(LimitKind::RateLimit, "1/1m", &[]), (0, 0));
    }
}
