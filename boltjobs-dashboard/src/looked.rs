//! What a look at some of the jobs tells of the health: it costs more than counters, so it is taken now and then, and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use boltjobs_core::job::{Job, RowData};
use boltjobs_core::literal::misfit;
use boltjobs_core::store::{JobFilter, PageQuery, ServerInfo, Store, StoreError};
use boltjobs_core::{JobId, JobState, Timestamp};

use crate::Source;

/// How many jobs of each kind are looked at, those that were enqueued last.
const SAMPLE: usize = 100;

/// For how long what was seen is good enough.
const FRESH: Duration = Duration::from_secs(30);

/// From how many attempts that were retries and failed one may say that they never succeed.
const ENOUGH: usize = 10;

/// How many times as long as the longest run that was seen a job may run, and how long at least.
const FAR_BEYOND: u32 = 10;
const AT_LEAST: Duration = Duration::from_mins(5);

/// From how many runs one may say how long they take.
const RUNS: usize = 5;

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// Requests with waiting jobs whose payloads do not fit their types: the first of them with what is wrong, and how many.
    pub(crate) unreadable: BTreeMap<Arc<str>, (JobId, String, usize)>,
    /// Requests of which many jobs failed after all their retries, and none succeeded by one.
    pub(crate) hopeless: Vec<(Arc<str>, usize)>,
    /// Jobs that run far longer than those of their request did.
    pub(crate) stuck: Vec<(JobId, Arc<str>, Duration)>,
}

/// What was seen last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Option<Last>>>);

/// What was seen, and when.
type Last = (Duration, Arc<Looked>);

impl Kept {
    /// Returns what was seen of late, or looks.
    pub(crate) async fn look(
        &self,
        source: &Source,
        servers: &[ServerInfo],
        now: Timestamp,
    ) -> Result<Arc<Looked>, StoreError> {
        let at = source.clock.monotonic();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, looked)) = kept.filter(|(seen, _)| at.saturating_sub(*seen) < FRESH) {
            return Ok(looked);
        }
        let looked = Arc::new(look(&*source.store, servers, now).await?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, Arc::clone(&looked)));
        Ok(looked)
    }
}

async fn look(store: &dyn Store, servers: &[ServerInfo], now: Timestamp) -> Result<Looked, StoreError> {
    let waiting = sample(store, vec![JobState::Enqueued, JobState::Scheduled]).await?;
    let succeeded = sample(store, vec![JobState::Succeeded]).await?;
    let (failed, running) =
        (sample(store, vec![JobState::Failed]).await?, sample(store, vec![JobState::Processing]).await?);
    Ok(Looked {
        unreadable: unreadable(&waiting, servers),
        hopeless: hopeless(&failed, &succeeded),
        stuck: stuck(&running, &succeeded, now),
    })
}

async fn sample(store: &dyn Store, states: Vec<JobState>) -> Result<Vec<Job>, StoreError> {
    let filter = JobFilter { states, ..JobFilter::default() };
    let query = PageQuery { filter, limit: SAMPLE, ..PageQuery::default() };
    Ok(store.page(query).await?.jobs)
}

/// Holds payloads against the types that servers tell. Those of an older version go through upcasts, which are not known here.
fn unreadable(waiting: &[Job], servers: &[ServerInfo]) -> BTreeMap<Arc<str>, (JobId, String, usize)> {
    let mut found = BTreeMap::new();
    for job in waiting {
        let handled = servers.iter().filter_map(|server| server.offer.handles.get(&job.spec.request));
        let mut same = handled.filter(|handled| handled.version == job.spec.version);
        let Some(shape) = same.find_map(|handled| handled.shape.as_deref()) else { continue };
        let wrong = match serde_json::from_slice(&job.spec.payload) {
            Ok(payload) => misfit(shape, &payload),
            Err(_) => Some("it is no JSON".to_owned()),
        };
        if let Some(wrong) = wrong {
            let entry = found.entry(Arc::clone(&job.spec.request)).or_insert((job.id, wrong, 0));
            entry.2 += 1;
        }
    }
    found
}

fn hopeless(failed: &[Job], succeeded: &[Job]) -> Vec<(Arc<str>, usize)> {
    let retried = |job: &&Job| job.attempt > 1;
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for job in failed.iter().filter(retried) {
        *counts.entry(Arc::clone(&job.spec.request)).or_default() += 1;
    }
    let helped =
        |request: &Arc<str>| succeeded.iter().filter(retried).any(|job| job.spec.request == *request);
    counts.into_iter().filter(|(request, jobs)| *jobs >= ENOUGH && !helped(request)).collect()
}

fn stuck(running: &[Job], succeeded: &[Job], now: Timestamp) -> Vec<(JobId, Arc<str>, Duration)> {
    let mut longest: BTreeMap<&str, (usize, Duration)> = BTreeMap::new();
    for job in succeeded {
        if let Some(RowData::Succeeded { ran, .. }) = job.history.last().map(|row| &row.data) {
            let seen = longest.entry(&job.spec.request).or_default();
            *seen = (seen.0 + 1, seen.1.max(*ran));
        }
    }
    let beyond = |job: &&Job| {
        let (runs, longest) = longest.get(&*job.spec.request).copied().unwrap_or_default();
        runs >= RUNS && now.since(job.since) > (longest * FAR_BEYOND).max(AT_LEAST)
    };
    let stuck = running.iter().filter(|job| job.state == JobState::Processing).filter(beyond);
    stuck.map(|job| (job.id, Arc::clone(&job.spec.request), now.since(job.since))).collect()
}

#[cfg(test)]
mod tests {
    use boltjobs_core::job::{ErrorInfo, JobSpec, NewJob};
    use boltjobs_core::memory::MemoryStore;
    use boltjobs_core::store::{Offer, Outcome, QueueOrder, Settlement, Vitals};
    use pollster::block_on;

    use super::*;

    /// Runs jobs of a request, each for so long, and returns them; without an outcome they still run.
    fn run(request: &str, jobs: u128, ran: Duration, outcome: Option<&Outcome>) -> Vec<Job> {
        let (store, now) = (MemoryStore::new(), Timestamp::EPOCH);
        let offer = Offer {
            server: "here".into(),
            workers: 99,
            queues: QueueOrder::All,
            queue_limits: [].into(),
            held: Vec::new(),
            handles: [(request.into(), 1.into())].into(),
            lease: Duration::from_hours(1),
            vitals: Vitals::default(),
        };
        let new = |number| {
            let (id, spec) = (JobId::from_parts(now, number), JobSpec::new(request, *b"{}"));
            NewJob { id, spec: spec.into(), start_at: None }
        };
        block_on(async {
            store.enqueue((0..jobs).map(new).collect(), now).await.unwrap();
            let claimed = store.claim(offer.into(), (1..99).collect(), now).await.unwrap();
            if let Some(outcome) = outcome {
                let settled = claimed.into_iter();
                let settled = settled.map(|it| Settlement { lease: it.lease, ran, outcome: outcome.clone() });
                store.settle(settled.collect(), now.plus(ran)).await.unwrap();
            }
            store.page(PageQuery { limit: 99, ..PageQuery::default() }).await.unwrap().jobs
        })
    }

    fn retried(mut jobs: Vec<Job>) -> Vec<Job> {
        for job in &mut jobs {
            job.attempt = 2;
        }
        jobs
    }

    #[test]
    fn a_job_is_stuck_that_runs_ten_times_as_long_as_the_longest() {
        let done = Outcome::Succeeded(None);
        let (ran, second) = (Duration::from_mins(1), Duration::from_secs(1));
        let running = run("pay", 1, ran, None);
        let found = |succeeded: &[Job], after| stuck(&running, succeeded, Timestamp::EPOCH.plus(after)).len();
        let enough = run("pay", RUNS as u128, ran, Some(&done));
        assert_eq!([found(&enough, ran * 10), found(&enough, ran * 10 + second)], [0, 1]);
        assert_eq!(found(&enough[1..], ran * 99), 0, "too few were seen");
        assert_eq!(found(&run("other", 9, ran, Some(&done)), ran * 99), 0);
        let quick = run("pay", 9, second, Some(&done));
        assert_eq!([found(&quick, AT_LEAST), found(&quick, AT_LEAST + second)], [0, 1]);
    }

    #[test]
    fn retries_are_hopeless_where_ten_failed_and_none_helped() {
        let error = Box::new(ErrorInfo::new("E", "no"));
        let no = Outcome::Failed { error, reason: None, delete: false };
        let failed = retried(run("pay", ENOUGH as u128, Duration::ZERO, Some(&no)));
        assert_eq!(hopeless(&failed, &[]), [("pay".into(), ENOUGH)]);
        assert_eq!(hopeless(&failed[1..], &[]), []);
        let succeeded = run("pay", 1, Duration::ZERO, Some(&Outcome::Succeeded(None)));
        assert_eq!(hopeless(&failed, &succeeded).len(), 1, "it went well at once");
        assert_eq!(hopeless(&failed, &retried(succeeded)), []);
        assert_eq!(hopeless(&run("pay", 50, Duration::ZERO, Some(&no)), &[]), [], "they were never retried");
    }
}
