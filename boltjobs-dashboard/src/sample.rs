//! How long jobs of a queue have waited and run, as a bounded look at those that have ended tells.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::job::{Job, RowData};
use boltjobs_core::store::{JobFilter, PageQuery, Store, StoreError};
use boltjobs_core::{JobState, Timestamp};

use crate::histogram::Histogram;

/// How many jobs are looked at, those that were enqueued last.
pub(crate) const SAMPLE: usize = 500;

/// How many of them a store is asked for at once: whoever works waits for each answer.
const PART: usize = 100;

/// Spans of which half, 95 and 99 of a hundred are no longer than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percentiles {
    pub(crate) p50: Duration,
    pub(crate) p95: Duration,
    pub(crate) p99: Duration,
}

impl Percentiles {
    /// Takes the nearest rank: the smallest span that so many of a hundred do not exceed.
    fn of(mut spans: Vec<Duration>) -> Option<Self> {
        spans.sort_unstable();
        let rank = |percent: usize| spans.get((spans.len() * percent).div_ceil(100).checked_sub(1)?).copied();
        Some(Self { p50: rank(50)?, p95: rank(95)?, p99: rank(99)? })
    }
}

/// What was seen of jobs that have ended.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// How many there were.
    pub(crate) jobs: usize,
    /// How long they had waited for the worker of their latest attempt; `None` if none was run.
    pub(crate) wait: Option<Percentiles>,
    /// How long that attempt ran.
    pub(crate) run: Option<Percentiles>,
    /// The same, by how many took how long.
    pub(crate) waits: Histogram,
    pub(crate) runs: Histogram,
    /// How many have ended in a minute, from the first end that was seen until now; `None` where that is no span.
    pub(crate) per_minute: Option<f64>,
}

/// What was seen of jobs of a queue that have ended, and of those of each of its requests.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    pub(crate) all: Seen,
    pub(crate) requests: BTreeMap<Arc<str>, Seen>,
}

/// Returns so many jobs, those that were enqueued last first, in several looks.
pub(crate) async fn latest(store: &dyn Store, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
    let (mut jobs, mut after) = (Vec::new(), None);
    while jobs.len() < SAMPLE {
        let query = PageQuery { filter: filter.clone(), after, limit: PART, ..PageQuery::default() };
        let page = store.page(query).await?;
        jobs.extend(page.jobs);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    jobs.truncate(SAMPLE);
    Ok(jobs)
}

/// Looks at the jobs of a queue that have ended.
pub(crate) async fn look(store: &dyn Store, queue: &Arc<str>, now: Timestamp) -> Result<Sample, StoreError> {
    let states = JobState::ALL.into_iter().filter(|state| state.is_final()).collect();
    let filter = JobFilter { states, queues: vec![Arc::clone(queue)], ..JobFilter::default() };
    Ok(sum_up(&latest(store, &filter).await?, now))
}

fn sum_up(jobs: &[Job], now: Timestamp) -> Sample {
    let mut requests: BTreeMap<_, Vec<&Job>> = BTreeMap::new();
    for job in jobs {
        requests.entry(Arc::clone(&job.spec.request)).or_default().push(job);
    }
    let requests = requests.into_iter().map(|(request, jobs)| (request, seen(&jobs, now))).collect();
    Sample { all: all(jobs, now), requests }
}

/// Sums up jobs that have ended.
pub(crate) fn all(jobs: &[Job], now: Timestamp) -> Seen {
    seen(&jobs.iter().collect::<Vec<_>>(), now)
}

fn seen(jobs: &[&Job], now: Timestamp) -> Seen {
    let (waits, runs): (Vec<_>, Vec<_>) = jobs.iter().filter_map(|job| latest_attempt(job)).unzip();
    let first = jobs.iter().map(|job| job.since).min();
    let span = first.map(|first| now.since(first)).filter(|span| !span.is_zero());
    #[expect(clippy::cast_precision_loss, reason = "there are a few hundred of them")]
    let rate = |span: Duration| jobs.len() as f64 * 60.0 / span.as_secs_f64();
    Seen {
        jobs: jobs.len(),
        waits: Histogram::of(&waits),
        runs: Histogram::of(&runs),
        wait: Percentiles::of(waits),
        run: Percentiles::of(runs),
        per_minute: span.map(rate),
    }
}

/// Returns how long a job waited for its latest attempt, and how long that ran.
fn latest_attempt(job: &Job) -> Option<(Duration, Duration)> {
    let begun = job.history.iter().rposition(|row| matches!(row.data, RowData::Processing { .. }))?;
    let (start, end) = (job.history[begun].at, job.history.get(begun + 1)?);
    let ready = begun.checked_sub(1).map(|before| job.history[before].at);
    let waited = ready.map_or(Duration::ZERO, |ready| start.since(ready));
    match &end.data {
        RowData::Succeeded { waited, ran, .. } => Some((*waited, *ran)),
        RowData::Ended { ran, .. } => Some((waited, *ran)),
        RowData::None | RowData::Scheduled { .. } | RowData::Processing { .. } => {
            Some((waited, end.at.since(start)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(millis: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        millis.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_spans_that_were_seen() {
        let [one, two, many] = [spans([7]), spans([9, 1]), spans((1..=1_000).rev())].map(Percentiles::of);
        let of = |[p50, p95, p99]: [u64; 3]| {
            let [p50, p95, p99] = [p50, p95, p99].map(Duration::from_millis);
            Some(Percentiles { p50, p95, p99 })
        };
        assert_eq!(one, of([7, 7, 7]));
        assert_eq!(two, of([1, 9, 9]));
        assert_eq!(many, of([500, 950, 990]));
        assert_eq!(Percentiles::of(Vec::new()), None);
    }
}
