use std::sync::Arc;
use std::task::{Context, Waker};

use boltjobs_core::job::{Job, JobSpec, NewJob};
use boltjobs_core::memory::MemoryStore;
use boltjobs_core::notes::{Note, Step as Done};
use boltjobs_core::store::{
    Action, Answer, Claimed, Command, Enqueued, Heartbeat, Offer, Outcome, PageQuery, QueueOrder, Record,
    Retention, Settled, Settlement, Store, Vitals,
};
use boltjobs_core::watch::{Interest, Watch};
use boltjobs_core::{JobId, JobState, Timestamp};
use pollster::block_on;
use tempfile::tempdir;

use super::*;
use crate::committer::{Rest, State};
use crate::faults::Step;
use crate::{SledOptions, SledStore};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const WRITING: [Step; 6] = [Step::Again, Step::Open, Step::Apply, Step::Flush, Step::Sync, Step::Head];

fn id(number: u64) -> JobId {
    JobId::from_parts(NOW, number.into())
}

fn job(number: u64) -> NewJob {
    NewJob { id: id(number), spec: JobSpec::new("mail.send", vec![b'1'; 300]).into(), start_at: None }
}

fn offer() -> Arc<Offer> {
    Arc::new(Offer {
        server: "one".into(),
        workers: 9,
        queues: QueueOrder::All,
        queue_limits: [].into(),
        held: Vec::new(),
        handles: [("mail.send".into(), 1.into())].into(),
        lease: Duration::from_mins(1),
        vitals: Vitals::default(),
    })
}

fn success(claimed: &Claimed) -> Settlement {
    Settlement { lease: claimed.lease, ran: Duration::ZERO, outcome: Outcome::Succeeded(None) }
}

fn text<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    let error = answer.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    error.to_string()
}

fn is_pending<T>(answer: &mut Answer<'_, T>) -> bool {
    answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn is_quiet(watch: &mut Watch) -> bool {
    Box::pin(watch.changed()).as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// Lists everything, without the places, which count among the jobs that are there.
fn jobs(store: &dyn Store) -> Vec<Job> {
    let query = PageQuery { limit: usize::MAX, ..PageQuery::default() };
    let jobs = block_on(store.page(query)).unwrap().jobs;
    jobs.into_iter().map(|job| Job { order: 0, ..job }).collect()
}

/// A store on which a job runs and another is ready; the group that `settle` is in waits to be written.
struct Held {
    store: SledStore,
    claimed: Claimed,
    directory: tempfile::TempDir,
}

impl Held {
    fn new() -> Self {
        let directory = tempdir().unwrap();
        let store = SledStore::open(directory.path()).unwrap();
        block_on(store.enqueue(vec![job(1), job(2)], NOW)).unwrap();
        let claimed = block_on(store.claim(offer(), vec![1], NOW)).unwrap().remove(0);
        // The claim is in no group that is still to be written.
        until_idle(&store);
        store.shared.faults.hold();
        Self { store, claimed, directory }
    }

    /// Adds a job behind what was asked for before, which is on its way to the disk.
    fn behind(&self) -> Answer<'_, Vec<Enqueued>> {
        while self.store.shared.lock().flight.is_none() {
            std::thread::yield_now();
        }
        self.store.enqueue(vec![job(3)], NOW)
    }

    fn fail_at(&self, step: Step) {
        let faults = &self.store.shared.faults;
        // Two come only after another one.
        match step {
            Step::Again => faults.once([Step::Sync]),
            Step::Open => faults.once([Step::Apply]),
            Step::Read | Step::Apply | Step::Flush | Step::Sync | Step::Head => {}
        }
        faults.stick(Some(step));
    }
}

#[test]
fn while_the_disk_fails_outcomes_wait_and_everything_else_is_told() {
    for step in WRITING {
        let held = Held::new();
        let (store, claimed) = (&held.store, &held.claimed);
        let mut ready = store.watch(Interest::Ready);
        let mut due = store.watch(Interest::Due);
        let mut settled = store.settle(vec![success(claimed)], NOW);
        let behind = held.behind();
        held.fail_at(step);

        let waited = text(block_on(behind));
        assert!(waited.contains("make room; then it goes on by itself"), "{step:?}: {waited}");
        assert!(waited.contains("was not acknowledged, and may still happen"), "{step:?}: {waited}");
        let refused = text(block_on(store.enqueue(vec![job(4)], NOW)));
        assert!(refused.contains("make room; then it goes on by itself"), "{step:?}: {refused}");
        assert!(!refused.contains("may still happen"), "{step:?}: {refused}");
        assert_eq!(text(block_on(store.counts())), refused);
        assert_eq!(text(block_on(store.pause("default".into(), true, NOW))), refused);
        // Who would ask again finds nothing, and leases are kept.
        assert_eq!(block_on(store.claim(offer(), vec![1], NOW)), Ok(Vec::new()));
        assert_eq!(block_on(store.due(NOW)), Ok(None));
        assert_eq!(block_on(store.reap(0, NOW)), Ok(None));
        assert_eq!(block_on(store.heartbeat(Vec::new(), NOW)), Ok(Heartbeat::default()));
        block_on(store.announce(offer(), NOW, NOW)).unwrap();
        assert!(is_pending(&mut settled), "{step:?}");
        assert!(is_quiet(&mut ready) && is_quiet(&mut due), "{step:?}");
        assert!(matches!(SledStore::open(held.directory.path()), Err(StoreError::InUse { .. })), "{step:?}");

        store.shared.faults.stick(None);
        assert_eq!(block_on(settled), Ok(vec![Settled::Now(JobState::Succeeded)]), "{step:?}");
        assert!(!is_quiet(&mut ready) && !is_quiet(&mut due), "{step:?}: nobody was woken");
        block_on(store.enqueue(vec![job(4)], NOW)).unwrap();
        let claimed = block_on(store.claim(offer(), vec![1; 9], NOW)).unwrap();
        assert_eq!(claimed.iter().map(|claimed| claimed.lease.job).collect::<Vec<_>>(), [2, 3, 4].map(id));
        let before = jobs(store);
        block_on(store.close()).unwrap();
        let store = SledStore::open(held.directory.path()).unwrap();
        assert_eq!((jobs(&store), before.len()), (before, 4), "{step:?}");
    }
}

#[test]
fn a_step_waits_for_the_disk_however_long_it_fails() {
    let held = Held::new();
    let done =
        Done { name: "load".into(), result: (*b"1").into(), took: Duration::ZERO, at: NOW, attempt: 1 };
    let lease = held.claimed.lease;
    let mut kept = held.store.record(vec![Record { lease, note: Note::Step(done) }], NOW);
    let behind = held.behind();
    held.fail_at(Step::Sync);
    text(block_on(behind));
    assert!(is_pending(&mut kept));
    held.store.shared.faults.stick(None);
    assert_eq!(block_on(kept), Ok(vec![true]));
}

#[test]
fn closing_tries_once_more_and_says_what_was_not_written() {
    for step in WRITING {
        let held = Held::new();
        let settled = held.store.settle(vec![success(&held.claimed)], NOW);
        let behind = held.behind();
        held.fail_at(step);
        text(block_on(behind));
        let closed = text(block_on(held.store.close()));
        assert!(
            closed.contains("the disk is full; make room; it was closed before that was done"),
            "{closed}"
        );
        assert_eq!(text(block_on(settled)), closed);
        drop(held.store);
        let store = SledStore::open(held.directory.path()).unwrap();
        let state = block_on(store.job(id(1))).unwrap().unwrap().state;
        // A group that failed is there or not, as a whole; the one behind it is not.
        let written = step != Step::Apply && step != Step::Open;
        assert_eq!(state == JobState::Succeeded, written, "{step:?}: {state}");
        assert_eq!(block_on(store.counts()).unwrap().states.total(), 2, "{step:?}");
    }
}

#[test]
fn a_last_try_that_works_loses_nothing() {
    let held = Held::new();
    let settled = held.store.settle(vec![success(&held.claimed)], NOW);
    let behind = held.behind();
    held.fail_at(Step::Flush);
    text(block_on(behind));
    held.store.shared.faults.hold();
    let closed = held.store.close();
    held.store.shared.faults.stick(None);
    assert_eq!(block_on(closed), Ok(()));
    assert_eq!(block_on(settled), Ok(vec![Settled::Now(JobState::Succeeded)]));
    let store = SledStore::open(held.directory.path()).unwrap();
    assert_eq!(block_on(store.counts()).unwrap().states.total(), 3);
}

/// Waits until nothing is on its way; compaction goes on after an answer, and may fail, too.
fn until_idle(store: &SledStore) {
    let is_idle = |state: &State| state.rest != Rest::Busy && state.open.is_empty();
    while !is_idle(&store.shared.lock()) {
        std::thread::yield_now();
    }
}

/// Gives a command to both stores. The sled store fails now and then; what may still have happened has happened.
macro_rules! both {
    ($sled:expr, $memory:expr, $method:ident($($argument:expr),*)) => {{
        until_idle(&$sled);
        let sled = block_on($sled.$method($($argument.clone()),*));
        let memory = block_on($memory.$method($($argument.clone()),*)).unwrap();
        match sled {
            Ok(sled) => assert_eq!(sled, memory),
            Err(error) => assert!(error.to_string().contains("may still happen"), "{error}"),
        }
        memory
    }};
}

#[test]
fn a_disk_that_fails_at_random_leaves_the_same_behind_as_the_memory_store() {
    for seed in 0..3 {
        let (directory, mut random) = (tempdir().unwrap(), fastrand::Rng::with_seed(seed));
        let tape = boltjobs_core::memory::Tape::default();
        let (mut now, mut failures, mut dropped) = (NOW, 0, 0);
        for _ in 0..3 {
            let options = SledOptions::new().segment_size(64 << 10).compaction_floor(0);
            let (sled, memory) = (options.open(directory.path()).unwrap(), MemoryStore::on_tape(&tape));
            both!(sled, memory, reap(0, now));
            let mut claimed = Vec::new();
            for _ in 0..60 {
                if random.u8(..4) == 0 {
                    let mut steps = WRITING.into_iter().chain([Step::Read]).collect::<Vec<_>>();
                    random.shuffle(&mut steps);
                    sled.shared.faults.once(steps.into_iter().take(random.usize(1..4)));
                    failures += 1;
                }
                now = now.plus(Duration::from_secs(1));
                match random.u8(..6) {
                    0 | 1 => {
                        let jobs: Vec<_> = (0..random.u64(1..9)).map(|_| job(random.u64(..200))).collect();
                        both!(sled, memory, enqueue(jobs, now));
                    }
                    2 => {
                        let workers = vec![1; random.usize(1..9)];
                        claimed.extend(both!(sled, memory, claim(offer(), workers, now)));
                    }
                    3 | 4 => {
                        let count = random.usize(..=claimed.len());
                        let settled: Vec<_> = claimed.drain(..count).map(|job| success(&job)).collect();
                        both!(sled, memory, settle(settled, now));
                    }
                    _ => {
                        let command = Command { action: Action::Requeue, expected: Vec::new(), reason: None };
                        let asked = vec![id(random.u64(..200))];
                        both!(sled, memory, command(asked, command, now));
                        let retention = Retention::default().succeeded(Duration::from_secs(20));
                        both!(sled, memory, expire(retention, now));
                    }
                }
            }
            both!(sled, memory, counts());
            assert_eq!(jobs(&sled), jobs(&memory), "{seed}");
            sled.shared.faults.stick(None);
            dropped += sled.stats().dropped;
            block_on(sled.close()).unwrap();
        }
        assert!(failures > 20 && dropped > 0, "{seed}: {failures} failures, {dropped} chunks dropped");
    }
}
