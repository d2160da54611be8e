//! What only the inside can bring about: a write that fails, a disk that is slow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::job::{Epoch, JobSpec, Lease, NewJob};
use boltjobs_core::notes::{Note, Step};
use boltjobs_core::store::{
    Action, Answer, Claimed, Command, Enqueued, Offer, Outcome, PageQuery, QueueOrder, Record, Retention,
    Settlement, Store, StoreError, Vitals,
};
use boltjobs_core::{JobId, JobState, Timestamp};
use pollster::block_on;
use tempfile::tempdir;

use crate::committer::{GATHER, PATIENCE, now};
use crate::faults::Step as Fault;
use crate::gate::{Gate, Wait};
use crate::group::Group;

use crate::{Durability, SledOptions, SledStore};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn enqueue(store: &SledStore, number: u128) -> Answer<'_, Vec<Enqueued>> {
    let spec = JobSpec::new("mail.send", *b"{}");
    store.enqueue(vec![NewJob { id: JobId::from_parts(NOW, number), spec: spec.into(), start_at: None }], NOW)
}

pub(crate) fn offer() -> Arc<Offer> {
    Arc::new(Offer {
        server: "one".into(),
        workers: 1,
        queues: QueueOrder::All,
        queue_limits: BTreeMap::new(),
        held: Vec::new(),
        handles: [("mail.send".into(), 1.into())].into(),
        lease: Duration::from_mins(1),
        vitals: Vitals::default(),
    })
}

#[test]
fn a_long_line_is_read_ahead_and_each_job_comes_in_its_turn() {
    const JOBS: u64 = 2_000;
    let directory = tempdir().unwrap();
    let store = SledOptions::new().memory(0).open(directory.path()).unwrap();
    let job = |number: u64| {
        let spec = JobSpec::new("mail.send", number.to_string().into_bytes());
        NewJob { id: JobId::from_parts(NOW, number.into()), spec: spec.into(), start_at: None }
    };
    block_on(store.enqueue((0..JOBS).map(job).collect(), NOW)).unwrap();
    let (mut claimed, mut ahead) = (0, 0);
    while claimed < JOBS {
        let jobs = block_on(store.claim(offer(), (1..=7).collect(), NOW)).unwrap();
        for it in &jobs {
            assert_eq!((it.lease.job, &it.spec), (job(claimed).id, &job(claimed).spec));
            claimed += 1;
        }
        let records = store.shared.records.as_ref().unwrap();
        ahead = ahead.max(records.count_ahead());
    }
    assert!(ahead > 7, "at most {ahead} records were there before they were asked for");
}

#[test]
fn what_was_written_of_a_job_piece_by_piece_is_read_once_for_its_neighbours_too() {
    let directory = tempdir().unwrap();
    let store = SledOptions::new().memory(0).open(directory.path()).unwrap();
    let jobs: Vec<_> = (1..=3).map(|number| block_on(enqueue(&store, number)).unwrap()[0].id).collect();
    let claimed = block_on(store.claim(offer(), vec![1, 2, 3], NOW)).unwrap();
    // Claims and ends are in other chunks than what was enqueued.
    block_on(store.record(Vec::new(), NOW)).unwrap();
    let end = |claimed: &Claimed| Settlement {
        lease: claimed.lease,
        ran: Duration::ZERO,
        outcome: Outcome::Succeeded(None),
    };
    block_on(store.settle(claimed.iter().map(end).collect(), NOW)).unwrap();
    let state = |id| block_on(store.job(id)).map(|job| job.unwrap().state);
    for id in &jobs {
        assert_eq!(state(*id), Ok(JobState::Succeeded));
    }
    store.shared.faults.stick(Some(Fault::Read));
    for id in &jobs {
        assert_eq!(state(*id), Ok(JobState::Succeeded));
    }
}

#[test]
fn after_a_write_that_failed_nothing_is_acknowledged_and_nothing_acknowledged_is_lost() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    block_on(enqueue(&store, 1)).unwrap();
    store.shared.lock().open.fault = Some("the disk is full; make room".to_owned());
    let refused = block_on(enqueue(&store, 2)).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    assert!(refused.to_string().contains("make room"), "{refused}");
    assert!(refused.to_string().contains("restart the program"), "{refused}");
    assert!(refused.to_string().contains("what was acknowledged is on disk"), "{refused}");
    assert_eq!(block_on(enqueue(&store, 3)), Err(refused.clone()));
    assert_eq!(block_on(store.counts()), Err(refused.clone()));
    assert_eq!(block_on(store.close()), Err(refused));
    drop(store);

    let store = SledStore::open(directory.path()).unwrap();
    assert_eq!(block_on(store.counts()).unwrap().states.total(), 1);
}

#[test]
fn a_command_that_panics_stops_the_store_before_half_of_it_is_written() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    block_on(enqueue(&store, 1)).unwrap();
    let half = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(store.turn(NOW, Wait::Durable, |turn| {
            let spec = JobSpec::new("mail.send", *b"{}");
            turn.enqueue(vec![NewJob { id: JobId::from_parts(NOW, 2), spec: spec.into(), start_at: None }])
                .unwrap();
            panic!("the rest is missing");
        }));
    }));
    assert!(half.is_err());
    let refused = block_on(store.counts()).unwrap_err();
    assert!(refused.to_string().contains("a command panicked"), "{refused}");
    drop(store);
    let store = SledStore::open(directory.path()).unwrap();
    assert_eq!(block_on(store.counts()).unwrap().states.total(), 1);
}

#[test]
fn an_answer_waits_for_what_it_saw_even_if_it_changed_nothing() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    // As if a write were on its way that does not end.
    let gate = std::sync::Arc::<Gate>::default();
    store.shared.lock().flight = Some(std::sync::Arc::clone(&gate));
    let mut counts = Box::pin(store.counts());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(counts.as_mut().poll(&mut context).is_pending());
    gate.open(Ok(()));
    assert!(counts.as_mut().poll(&mut context).is_ready());
}

/// Whoever waited for others here would make the next jobs late that are due.
#[test]
fn time_waits_for_the_disk_only_with_what_it_changed() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    let spec: Arc<_> = JobSpec::new("mail.send", *b"{}").into();
    let job = NewJob { id: JobId::from_parts(NOW, 1), spec, start_at: Some(NOW.plus(GATHER)) };
    block_on(store.enqueue(vec![job], NOW)).unwrap();
    store.shared.faults.hold();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut waits = |mut asked: Answer<'_, Option<Timestamp>>| asked.as_mut().poll(&mut context).is_pending();
    // Somebody else's, on its way to a disk that does not answer.
    drop(store.pause("mail".into(), true, NOW));
    let others =
        [store.fire(NOW), store.reap(3, NOW), store.expire(Retention::default(), NOW)].map(&mut waits);
    // Not yet, then it is, and then it has been moved.
    let due = [NOW, NOW.plus(GATHER), NOW.plus(GATHER)].map(|now| waits(store.due(now)));
    store.shared.faults.stick(None);
    assert_eq!((others, due), ([false; 3], [false, true, false]));
    assert_eq!(block_on(store.counts()).unwrap().states.get(JobState::Enqueued), 1);
}

#[test]
fn a_step_waits_for_the_disk_and_lines_do_not() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    let gate = std::sync::Arc::<Gate>::default();
    store.shared.lock().flight = Some(std::sync::Arc::clone(&gate));
    let lease = Lease { job: JobId::from_parts(NOW, 1), epoch: Epoch::default() };
    let step =
        Step { name: "load".to_owned(), result: (*b"1").into(), took: Duration::ZERO, at: NOW, attempt: 1 };
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut record =
        |note| store.record(vec![Record { lease, note }], NOW).as_mut().poll(&mut context).is_ready();
    assert!(record(Note::Lines(Vec::new())));
    assert!(!record(Note::Step(step.clone())));
    gate.open(Ok(()));
    assert!(record(Note::Step(step)));
}

#[test]
fn an_eventual_answer_comes_before_the_disk_but_waits_for_one_that_is_slow() {
    let directory = tempdir().unwrap();
    let options = SledOptions::new().durability(Durability::Eventual);
    let store = options.clone().open(directory.path()).unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let gate = std::sync::Arc::<Gate>::default();

    // The committer can't come in between while the lock is held.
    let mut state = store.shared.lock();
    for (ago, waits) in [(Duration::ZERO, false), (PATIENCE + Duration::from_millis(1), true)] {
        state.busy = Some(now().checked_sub(ago).unwrap());
        state.flight = Some(std::sync::Arc::clone(&gate));
        assert_eq!(store.gate(&state, Wait::Durable).is_some(), waits);
        // Before the write compaction reads. What is in no group yet need not wait for it.
        state.flight = None;
        assert!(store.gate(&state, Wait::Durable).is_none());
        let collects = std::sync::Arc::clone(&state.open.gate);
        boltjobs_core::engine::Journal::record(&mut state.open, &boltjobs_core::engine::Entry::Boot(1));
        let gate = store.gate(&state, Wait::Durable);
        assert_eq!(gate.is_some_and(|gate| std::sync::Arc::ptr_eq(&gate, &collects)), waits);
        state.open = Group::new(1 << 14, state.open.first);
    }
    state.busy = None;
    drop(state);
    assert!(enqueue(&store, 1).as_mut().poll(&mut context).is_ready());

    // What was answered is written without anyone's asking, and at the latest when the store is closed.
    drop(store);
    let store = options.open(directory.path()).unwrap();
    assert_eq!(block_on(store.counts()).unwrap().states.total(), 1);
}

#[test]
fn a_record_that_can_not_be_read_back_is_told_and_loses_nothing() {
    let directory = tempdir().unwrap();
    let store = SledOptions::new().memory(0).open(directory.path()).unwrap();
    for number in 0..3 {
        block_on(enqueue(&store, number)).unwrap();
    }
    let id = JobId::from_parts(NOW, 0);
    let delete = || Command { action: Action::Delete, expected: Vec::new(), reason: None };
    store.shared.faults.stick(Some(Fault::Read));
    // Before the chunk that was read last was asked for again, it is still known.
    let mut told = vec![block_on(store.job(id)).unwrap_err()];
    told.push(block_on(store.command(vec![id], delete(), NOW)).unwrap_err());
    told.push(block_on(store.page(PageQuery::default())).unwrap_err());
    told.push(block_on(store.claim(offer(), vec![1], NOW)).unwrap_err());
    for error in told {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("make room"), "{error}");
    }
    assert_eq!(block_on(store.counts()).unwrap().states.unfinished(), 3);

    store.shared.faults.stick(None);
    assert_eq!(block_on(store.job(id)).unwrap().unwrap().id, id);
    assert_eq!(block_on(store.command(vec![id], delete(), NOW)).unwrap(), [true]);
    // Of what could be read before the disk failed again nothing is lost.
    let claimed = block_on(store.claim(offer(), vec![1, 2], NOW)).unwrap();
    assert_eq!(claimed.len(), 2);
}
