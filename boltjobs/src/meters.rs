//! What is told to the recorder that the program has installed for the `metrics` facade; `docs/metrics.md` lists it.
//!
//! The keys of a request in a queue are made once, and the recorder is looked up at each event. So nothing is allocated
//! for a job while nobody records, and a recorder that is installed after the start is told from then on.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use boltjobs_core::JobState;
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::store::{Enqueued, Outcome, Settled, StoreError};
use metrics::{Key, Label, Level, Metadata, Unit, with_recorder};
use metrics::{describe_counter, describe_gauge, describe_histogram};

use crate::pipeline::hands::Pace;

const ENQUEUED: &str = "boltjobs_jobs_enqueued_total";
const STARTED: &str = "boltjobs_attempts_started_total";
const ENDED: &str = "boltjobs_attempts_ended_total";
const WAITED: &str = "boltjobs_wait_seconds";
const RAN: &str = "boltjobs_run_seconds";
const STORE_ERRORS: &str = "boltjobs_store_errors_total";
const DROPPED: &str = "boltjobs_observer_events_dropped_total";
pub(crate) const RUNNING: &str = "boltjobs_handlers_running";
pub(crate) const SLOTS: &str = "boltjobs_slots";
pub(crate) const QUEUE_JOBS: &str = "boltjobs_queue_jobs";
pub(crate) const OLDEST_WAIT: &str = "boltjobs_queue_oldest_wait_seconds";
pub(crate) const RECURRING_ERRORS: &str = "boltjobs_recurring_errors";

/// The level and the origin of each metric, for recorders that filter by them.
static METADATA: Metadata<'static> = Metadata::new("boltjobs", Level::INFO, Some(module_path!()));

fn describe() {
    describe_counter!(ENQUEUED, Unit::Count, "Jobs that code enqueued");
    describe_counter!(STARTED, Unit::Count, "Attempts that were started");
    describe_counter!(ENDED, Unit::Count, "Attempts whose outcome is stored");
    describe_histogram!(WAITED, Unit::Seconds, "How long jobs that were ready waited for a worker");
    describe_histogram!(RAN, Unit::Seconds, "How long attempts ran");
    describe_counter!(STORE_ERRORS, Unit::Count, "Calls of the store that failed");
    describe_counter!(DROPPED, Unit::Count, "Transitions that an observer was too slow for");
    describe_gauge!(
        RUNNING,
        Unit::Count,
        "Jobs of the server from their claim until their outcome is stored"
    );
    describe_gauge!(SLOTS, Unit::Count, "Jobs that the server runs at once, at most");
    describe_gauge!(QUEUE_JOBS, Unit::Count, "Jobs of the queue in the state");
    describe_gauge!(OLDEST_WAIT, Unit::Seconds, "How long the first job that is ready has waited");
    describe_gauge!(RECURRING_ERRORS, Unit::Count, "Recurring definitions that can't fire");
}

/// Counts a call of the store that failed. A refusal is an answer, and a store that was closed is no failure.
pub(crate) fn store_failed(error: &StoreError) {
    if !matches!(error, StoreError::Refused(_) | StoreError::Closed) {
        metrics::counter!(STORE_ERRORS).increment(1);
    }
}

/// Counts a transition that an observer misses.
pub(crate) fn event_dropped() {
    metrics::counter!(DROPPED).increment(1);
}

/// The meters of all requests, by request and queue.
#[derive(Debug)]
pub(crate) struct Meters(RwLock<BTreeMap<Arc<str>, ByQueue>>);

type ByQueue = BTreeMap<Arc<str>, Arc<Meter>>;

impl Meters {
    /// Begins with none, and tells the recorder what each metric means.
    pub(crate) fn new() -> Self {
        describe();
        Self(RwLock::default())
    }

    /// Returns the meter of a job.
    pub(crate) fn of(&self, spec: &JobSpec) -> Arc<Meter> {
        let meters = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = meters.get(&spec.request).and_then(|queues| queues.get(&spec.queue)).cloned();
        drop(meters);
        known.unwrap_or_else(|| self.add(&spec.request, &spec.queue))
    }

    fn add(&self, request: &Arc<str>, queue: &Arc<str>) -> Arc<Meter> {
        let mut meters = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let queues = meters.entry(Arc::clone(request)).or_default();
        let meter = queues.entry(Arc::clone(queue)).or_insert_with(|| Arc::new(Meter::new(request, queue)));
        Arc::clone(meter)
    }

    /// Returns the meters of jobs that go into one write.
    pub(crate) fn tally(&self, jobs: &[NewJob]) -> Tally {
        let alike = |one: &NewJob, other: &NewJob| {
            one.spec.request == other.spec.request && one.spec.queue == other.spec.queue
        };
        let runs = jobs.chunk_by(alike).filter_map(|run| Some((self.of(&run.first()?.spec), run.len())));
        Tally(runs.collect())
    }
}

/// The meters of the jobs of one write, in order, each with how many jobs in a row are its own.
#[derive(Debug)]
pub(crate) struct Tally(Vec<(Arc<Meter>, usize)>);

impl Tally {
    /// Counts those of the jobs that are new.
    pub(crate) fn enqueued(self, stored: &[Enqueued]) {
        let mut stored = stored.iter();
        for (meter, jobs) in self.0 {
            let new = stored.by_ref().take(jobs).filter(|job| !job.duplicate).count();
            count(&meter.enqueued, new as u64);
        }
    }
}

/// What is counted and measured of one request in one queue.
#[derive(Debug)]
pub(crate) struct Meter {
    enqueued: Key,
    started: Key,
    waited: Key,
    ran: Key,
    ended: [Key; ENDINGS.len()],
    pub(crate) pace: Pace,
}

impl Meter {
    fn new(request: &Arc<str>, queue: &Arc<str>) -> Self {
        let labels =
            || vec![Label::new("request", Arc::clone(request)), Label::new("queue", Arc::clone(queue))];
        let key = |name| Key::from_parts(name, labels());
        Self {
            enqueued: key(ENQUEUED),
            started: key(STARTED),
            waited: key(WAITED),
            ran: key(RAN),
            ended: ENDINGS.map(|outcome| key(ENDED).with_extra_labels(vec![Label::new("outcome", outcome)])),
            pace: Pace::default(),
        }
    }

    /// Counts an attempt that starts, and how long its job has waited.
    pub(crate) fn started(&self, waited: Duration) {
        count(&self.started, 1);
        measure(&self.waited, waited);
    }

    /// Counts an attempt whose outcome is stored, and how long it ran.
    pub(crate) fn ended(&self, outcome: &Outcome, settled: Settled, ran: Duration) {
        count(&self.ended[Ending::of(outcome, settled) as usize], 1);
        measure(&self.ran, ran);
    }
}

fn count(key: &Key, more: u64) {
    with_recorder(|recorder| recorder.register_counter(key, &METADATA)).increment(more);
}

fn measure(key: &Key, span: Duration) {
    with_recorder(|recorder| recorder.register_histogram(key, &METADATA)).record(span);
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Succeeded,
    Retried,
    Failed,
    Deleted,
    Cancelled,
    Snoozed,
    Released,
    LeaseLost,
}

/// The label of each ending, in their order.
const ENDINGS: [&str; 8] =
    ["succeeded", "retried", "failed", "deleted", "cancelled", "snoozed", "released", "lease_lost"];

impl Ending {
    fn of(outcome: &Outcome, settled: Settled) -> Self {
        let Settled::Now(state) = settled else { return Self::LeaseLost };
        match outcome {
            Outcome::Deleted(_) | Outcome::Failed { delete: true, .. } => Self::Deleted,
            // Whatever came of it, it had been asked to stop.
            _ if state == JobState::Deleted => Self::Cancelled,
            Outcome::Succeeded(_) | Outcome::SucceededWithout(_) => Self::Succeeded,
            Outcome::Retry { .. } => Self::Retried,
            Outcome::Failed { .. } | Outcome::Cancelled { .. } => Self::Failed,
            Outcome::Snoozed(_) => Self::Snoozed,
            Outcome::Released(_) => Self::Released,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_request_in_a_queue_are_made_once() {
        let meters = Meters::new();
        let spec = |request: &str, queue: &str| JobSpec {
            queue: queue.into(),
            ..JobSpec::new(Arc::<str>::from(request), *b"null")
        };
        let meter = meters.of(&spec("mail", "default"));
        assert!(Arc::ptr_eq(&meter, &meters.of(&spec("mail", "default"))));
        for other in [spec("mail", "slow"), spec("print", "default")] {
            assert!(!Arc::ptr_eq(&meter, &meters.of(&other)), "{other:?}");
        }
    }

    #[test]
    fn each_ending_has_its_label() {
        let now = |state| Settled::Now(state);
        let failed = |delete| Outcome::Failed {
            error: Box::new(boltjobs_core::job::ErrorInfo::new("E", "no luck")),
            reason: None,
            delete,
        };
        for (outcome, settled, expected) in [
            (Outcome::Succeeded(None), now(JobState::Succeeded), "succeeded"),
            (Outcome::Succeeded(None), Settled::LeaseLost, "lease_lost"),
            (Outcome::SucceededWithout("large".into()), now(JobState::Succeeded), "succeeded"),
            (failed(false), now(JobState::Failed), "failed"),
            (failed(false), now(JobState::Deleted), "cancelled"),
            (failed(true), now(JobState::Deleted), "deleted"),
            (Outcome::Cancelled { error: None }, now(JobState::Failed), "failed"),
            (Outcome::Cancelled { error: None }, now(JobState::Deleted), "cancelled"),
            (Outcome::Deleted("stopped".into()), now(JobState::Deleted), "deleted"),
            (Outcome::Snoozed(Duration::ZERO), now(JobState::Enqueued), "snoozed"),
            (Outcome::Released("shutdown".into()), now(JobState::Enqueued), "released"),
            (Outcome::Released("shutdown".into()), now(JobState::Deleted), "cancelled"),
        ] {
            assert_eq!(ENDINGS[Ending::of(&outcome, settled) as usize], expected, "{outcome:?}, {settled:?}");
        }
    }
}
