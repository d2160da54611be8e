use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::{Archive, Engine, Journal, Mark};
use super::replay::replayed;
use super::{Rig, at, id, new_job, offer, record};
use crate::JobState::{Enqueued, Processing, Succeeded};
use crate::continuation::{After, Parent};
use crate::job::{Job, JobSpec, NewJob};
use crate::memory::Tape;
use crate::store::{Action, Claimed, Command, Keep, Outcome, QueueOrder, Retention, Settlement, StoreError};
use crate::unique::Unique;

/// A job that is only looked at with a command does not stay in memory for it.
#[test]
fn what_a_command_left_as_it_was_leaves_the_memory_again() {
    let mut rig = Rig::new();
    rig.engine.at(at(0), &mut rig.journal).enqueue((0..9).map(|n| new_job(n, 0, None)).collect()).unwrap();
    rig.publish();
    assert_eq!(rig.engine.jobs.resident(), 0);
    let command = Command { action: Action::Requeue, expected: vec![Processing], reason: None };
    let ids: Vec<_> = (0..9).map(id).collect();
    assert_eq!(rig.engine.at(at(1), &mut rig.journal).command(&ids, &command), [false; 9]);
    assert_eq!(rig.engine.jobs.resident(), 9);
    rig.publish();
    assert_eq!(rig.engine.jobs.resident(), 0);
}

/// Nobody else would: to those who wait for jobs nothing is new.
#[test]
fn a_claim_that_could_not_read_all_it_found_has_the_others_asked_for_again() {
    let mut rig = Rig::new();
    rig.engine.at(at(0), &mut rig.journal).enqueue((0..3).map(|n| new_job(n, 0, None)).collect()).unwrap();
    rig.publish();
    rig.on_disk.tear();
    drop(rig.engine.take_told());
    let mut claim = || rig.engine.at(at(1), &mut rig.journal).claim(&offer(QueueOrder::All), &[1, 2, 3]);
    assert_eq!(claim().iter().map(|claimed| claimed.lease.job).collect::<Vec<_>>(), [id(0), id(1)]);
    assert!(claim().is_empty());
    assert!(rig.engine.take_told().ready && rig.engine.take_fault().is_some());
}

/// What has ended is kept for those who look at it, which is seldom.
#[test]
fn what_has_ended_leaves_the_memory_and_is_read_back_as_it_was() {
    let mut rig = Rig::new();
    let unique = |n| NewJob {
        spec: JobSpec {
            unique: Some(Unique { within: Some(Duration::from_mins(1)), ..Unique::key("key") }),
            ..(*new_job(n, 0, None).spec).clone()
        }
        .into(),
        ..new_job(n, 0, None)
    };
    let mut control = Engine::default();
    control.at(at(0), &mut ()).boot();
    for (engine, journal) in
        [(&mut rig.engine, &mut rig.journal as &mut dyn Journal), (&mut control, &mut ())]
    {
        engine.at(at(0), journal).enqueue(vec![unique(0), new_job(1, 0, None), new_job(2, 0, None)]).unwrap();
        let unpublished = engine.take_unpublished();
        engine.publish(unpublished);
        let claimed = engine.at(at(1), journal).claim(&offer(QueueOrder::All), &[1, 2, 3]);
        let done = |claimed: &Claimed| Settlement {
            lease: claimed.lease,
            ran: Duration::from_secs(1),
            outcome: Outcome::Succeeded(Some(b"7".to_vec().into())),
        };
        engine.at(at(2), journal).settle(claimed.iter().map(done).collect());
    }
    rig.publish();
    assert_eq!((rig.engine.jobs.resident(), rig.engine.listing.in_state(Succeeded).count()), (0, 3));
    for n in 0..3 {
        assert_eq!(record(&rig.engine, id(n)), record(&control, id(n)));
    }
    // It still holds its key, its child may ask for its result, and it can be run again.
    let again = rig.engine.at(at(3), &mut rig.journal).enqueue(vec![unique(3)]).unwrap();
    assert_eq!((again[0].id, again[0].duplicate), (id(0), true));
    let child = NewJob {
        spec: JobSpec {
            parents: vec![Parent { id: id(1).into(), when: After::Succeeded }],
            ..(*new_job(4, 0, None).spec).clone()
        }
        .into(),
        ..new_job(4, 0, None)
    };
    rig.engine.at(at(3), &mut rig.journal).enqueue(vec![child]).unwrap();
    rig.publish();
    assert_eq!(record(&rig.engine, id(4)).state, Enqueued);
    let expire = |rig: &mut Rig, seconds| {
        let retention =
            Retention { succeeded: Keep::for_age(Duration::from_secs(10)), ..Retention::default() };
        rig.engine.at(at(seconds), &mut rig.journal).expire(retention);
        rig.publish();
    };
    expire(&mut rig, 60);
    let left = |rig: &Rig| (0..5).filter(|n| rig.engine.job(id(*n)).is_some()).collect::<Vec<_>>();
    assert_eq!(left(&rig), [1, 4], "the result of a parent is kept while its child may ask for it");
    let requeue = Command { action: Action::Requeue, expected: vec![Succeeded], reason: None };
    assert_eq!(rig.engine.at(at(61), &mut rig.journal).command(&[id(1)], &requeue), [true]);
    assert_eq!(record(&rig.engine, id(1)).history.len(), 4);
    assert_eq!(replayed(&rig.journal).digest(), rig.engine.digest());
}

/// A journal that notes where it was read.
#[derive(Debug, Clone, Default)]
struct Noting {
    tape: Tape,
    read: Arc<Mutex<Vec<Mark>>>,
}

impl Archive for Noting {
    fn record(&self, trail: &[Mark]) -> Result<Job, StoreError> {
        self.read.lock().unwrap().push(trail[0]);
        self.tape.record(trail)
    }
}

/// A piece that is left and come back to is read again.
#[test]
fn what_time_moves_is_read_as_it_lies_in_the_journal() {
    let mut rig = Rig::new();
    let noting = Noting { tape: rig.on_disk.clone(), ..Noting::default() };
    rig.engine.keep_records(0, Arc::new(noting.clone()));
    let read = |rig: &mut Rig| {
        rig.publish();
        assert_eq!(rig.engine.jobs.resident(), 0);
        std::mem::take(&mut *noting.read.lock().unwrap())
    };
    // The last is due first, and what was due last is the first to end.
    let jobs = (0..9).map(|n| new_job(n, 0, Some(at(20 - i64::from(n)))));
    rig.engine.at(at(0), &mut rig.journal).enqueue(jobs.collect()).unwrap();
    assert!(read(&mut rig).is_empty());
    rig.engine.at(at(20), &mut rig.journal).due();
    let due = read(&mut rig);
    assert!(due.len() == 9 && due.is_sorted(), "{due:?}");
    let claimed = rig.engine.at(at(20), &mut rig.journal).claim(&offer(QueueOrder::All), &[1; 9]);
    let done = |claimed: &Claimed| Settlement {
        lease: claimed.lease,
        ran: Duration::from_secs(1),
        outcome: Outcome::Succeeded(None),
    };
    for (second, claimed) in (21..).zip(claimed.iter().rev()) {
        rig.engine.at(at(second), &mut rig.journal).settle(vec![done(claimed)]);
    }
    read(&mut rig);
    let retention = Retention {
        succeeded: Keep { count: Some(2), ..Keep::for_age(Duration::from_mins(5)) },
        ..Retention::default()
    };
    rig.engine.at(at(40), &mut rig.journal).expire(retention);
    rig.publish();
    assert_eq!(rig.engine.listing.in_state(Succeeded).count(), 2, "of nine two are kept");
    rig.engine.at(at(40 + 300), &mut rig.journal).expire(retention);
    let over = read(&mut rig);
    assert!(over.len() == 9 && over[..7].is_sorted() && over[7..].is_sorted(), "{over:?}");
}
