//! Keys that only one job may have at a time.

use std::thread;

use super::Fixture;
use super::lab::{Lab, at, done, failed, id, job, job_with, offer, retry, secs};
use crate::JobState::{Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::job::NewJob;
use crate::store::{Action, Enqueued as Answer};
use crate::unique::{OnConflict, Unique};

/// Returns job `n` with a key; its payload is its number.
fn keyed(n: u64, unique: Unique) -> NewJob {
    job_with(n, |spec| spec.unique = Some(unique))
}

fn replacing(n: u64) -> NewJob {
    keyed(n, Unique::key("k").on_conflict(OnConflict::Replace))
}

fn in_time(start: u64, job: NewJob) -> NewJob {
    NewJob { start_at: Some(at(start)), ..job }
}

fn is_new(n: u64) -> Answer {
    Answer { id: id(n), duplicate: false }
}

fn stands_for(n: u64) -> Answer {
    Answer { id: id(n), duplicate: true }
}

/// U1, in each state, over a whole life.
pub fn a_key_is_held_until_its_job_has_ended(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let add = |n, now| lab.enqueue(vec![keyed(n, "k".into())], at(now))[0];
    assert_eq!(lab.enqueue(vec![in_time(5, keyed(1, "k".into()))], at(0)), [is_new(1)]);
    for (state, act) in [(Scheduled, 0), (Enqueued, 1), (Processing, 2), (Scheduled, 3)] {
        match act {
            1 => drop(lab.due(at(5))),
            2 => drop(lab.take(at(6))),
            3 => drop(lab.settle(lab.job(id(1)).lease(), retry(secs(9)), at(7))),
            _ => {}
        }
        assert_eq!(lab.state(id(1)), state);
        assert_eq!(lab.unchanged(|| add(2, 7)), stands_for(1), "{state}");
    }
    lab.due(at(20));
    lab.settle(lab.take(at(20)).lease, done(), at(21));
    assert_eq!(add(2, 22), is_new(2));
    assert_eq!(add(3, 22), stands_for(2));
}

/// U1: of another request, or with another key.
pub fn keys_are_compared_among_the_jobs_of_one_request(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut other = keyed(3, "k".into());
    other.spec_mut().request = "mail.print".into();
    let jobs = vec![keyed(1, "k".into()), keyed(2, "K".into()), other, job(4), keyed(5, "k".into())];
    assert_eq!(lab.enqueue(jobs, at(0)), [is_new(1), is_new(2), is_new(3), is_new(4), stands_for(1)]);
}

/// U1: whatever became of the job, and besides the states.
pub fn a_key_can_be_held_for_a_time(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let minute = || Unique::key("k").within(secs(60));
    let add = |n, unique, now| lab.enqueue(vec![keyed(n, unique)], at(now))[0];
    assert_eq!(add(1, minute(), 0), is_new(1));
    assert_eq!(lab.unchanged(|| add(2, minute(), 600)), stands_for(1), "it has not ended");
    lab.settle(lab.take(at(10)).lease, failed(), at(10));
    assert_eq!(lab.unchanged(|| add(2, minute(), 59)), stands_for(1));
    // Without a word of a time, the end is what counts; and it may be the time alone.
    assert_eq!(add(2, "k".into(), 59), is_new(2));
    assert_eq!(add(3, minute().states([]), 118), stands_for(2));
    assert_eq!(add(3, minute().states([]), 119), is_new(3));
    assert_eq!(lab.state(id(2)), Enqueued);
}

/// U1: one that has failed may be in the way, too, and one that runs need not be.
pub fn a_key_can_be_held_in_states_that_are_named(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let add = |n, states: &[_]| {
        lab.enqueue(vec![keyed(n, Unique::key("k").states(states.iter().copied()))], at(1))[0]
    };
    assert_eq!(add(1, &[Scheduled, Enqueued]), is_new(1));
    let lease = lab.take(at(1)).lease;
    assert_eq!(add(2, &[Scheduled, Enqueued]), is_new(2), "the first one runs");
    assert_eq!(add(3, &[Processing]), stands_for(1));
    lab.settle(lease, failed(), at(2));
    assert!(lab.ask(id(2), Action::Delete, at(2)));
    assert_eq!(add(3, &[Failed]), stands_for(1));
    assert_eq!(add(3, &[Deleted]), stands_for(2));
    assert_eq!(add(3, &[Succeeded]), is_new(3));
}

/// U1: what belongs to the job stays; the change of its schedule is in its history.
pub fn a_replacement_takes_the_payload_and_the_schedule(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut first = in_time(100, replacing(1));
    (first.spec_mut().queue, first.spec_mut().tags, first.spec_mut().priority) =
        ("slow".into(), vec!["red".into()], 7);
    lab.enqueue(vec![first], at(0));
    let mut second = in_time(200, replacing(2));
    (second.spec_mut().version, second.spec_mut().title) = (3, Some("Second".into()));
    (second.spec_mut().sensitive, second.spec_mut().concurrency_key) =
        (vec!["token".into()], Some("c".into()));
    assert_eq!(lab.enqueue(vec![second.clone()], at(1)), [stands_for(1)]);
    let found = lab.job(id(1));
    assert_eq!((found.state, found.due, found.created_at), (Scheduled, Some(at(200)), at(0)));
    assert_eq!((&*found.spec.payload, found.spec.version), (b"2".as_slice(), 3));
    assert_eq!(found.spec.title.as_deref(), Some("Second"));
    assert_eq!(
        (&found.spec.sensitive, &found.spec.concurrency_key),
        (&second.spec.sensitive, &second.spec.concurrency_key)
    );
    assert_eq!(
        (&*found.spec.queue, found.spec.priority, &found.spec.tags[..]),
        ("slow", 7, &["red".to_owned()][..])
    );
    let row = lab.last_row(id(1));
    assert_eq!(
        (found.history.len(), row.reason.as_deref()),
        (2, Some("replaced by a job with its unique key"))
    );
    // Now, and then once more while it is ready.
    assert_eq!(lab.enqueue(vec![replacing(3)], at(2)), [stands_for(1)]);
    assert_eq!((lab.state(id(1)), lab.job(id(1)).due, lab.job(id(1)).history.len()), (Enqueued, None, 3));
    assert_eq!(lab.counts().states.total(), 1);
}

/// U1 and law 7: what is ready stays where it is in its queue, and has no transition.
pub fn a_replacement_of_a_ready_job_keeps_its_place(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![replacing(1), job(2)], at(0));
    assert_eq!(lab.enqueue(vec![replacing(3)], at(1)), [stands_for(1)]);
    assert_eq!(lab.job(id(1)).history.len(), 1);
    let claimed = lab.claim(&offer(), 9, at(2));
    assert_eq!(claimed.iter().map(|claimed| claimed.lease.job).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(&*claimed[0].spec.payload, b"3");
}

/// U1.
pub fn what_runs_or_has_ended_is_not_replaced(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let always = || Unique::key("k").within(secs(1_000));
    for on_conflict in [OnConflict::Replace, OnConflict::Reschedule] {
        let lease = if let [answer] = lab.enqueue(vec![keyed(1, always())], at(0))[..] {
            if answer.duplicate { None } else { Some(lab.take(at(0)).lease) }
        } else {
            None
        };
        let add = || lab.enqueue(vec![in_time(50, keyed(2, always().on_conflict(on_conflict)))], at(1))[0];
        assert_eq!(lab.unchanged(add), stands_for(1));
        if let Some(lease) = lease {
            lab.settle(lease, done(), at(2));
        }
        assert_eq!(lab.unchanged(add), stands_for(1));
    }
}

/// U1.
pub fn a_conflict_can_move_the_schedule_alone(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let moving = |n| keyed(n, Unique::key("k").on_conflict(OnConflict::Reschedule));
    lab.enqueue(vec![in_time(100, moving(1))], at(0));
    assert_eq!(lab.enqueue(vec![in_time(300, moving(2))], at(1)), [stands_for(1)]);
    let found = lab.job(id(1));
    assert_eq!((found.due, &*found.spec.payload), (Some(at(300)), b"1".as_slice()));
    assert_eq!(lab.last_row(id(1)).reason.as_deref(), Some("rescheduled by a job with its unique key"));
    assert_eq!(lab.due(at(100)), Some(at(300)));
    assert_eq!(lab.enqueue(vec![moving(3)], at(101)), [stands_for(1)]);
    assert_eq!(lab.state(id(1)), Enqueued);
    assert_eq!(lab.unchanged(|| lab.enqueue(vec![moving(3)], at(102))), [stands_for(1)]);
    assert_eq!(&*lab.take(at(103)).spec.payload, b"1");
}

/// S3: the other one would have to go first.
pub fn a_job_whose_key_is_held_is_not_requeued(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let add = |n| lab.enqueue(vec![keyed(n, "k".into())], at(0))[0];
    add(1);
    lab.settle(lab.take(at(1)).lease, failed(), at(1));
    assert_eq!(add(2), is_new(2));
    for action in [Action::Requeue, Action::Reschedule(at(500))] {
        assert!(!lab.unchanged(|| lab.ask(id(1), action, at(2))), "{action:?}");
    }
    // The holder itself can be moved, and deleted; then the key is free.
    assert!(lab.ask(id(2), Action::Reschedule(at(9)), at(2)));
    assert!(lab.ask(id(2), Action::Requeue, at(2)));
    assert!(lab.ask(id(2), Action::Delete, at(2)));
    assert!(lab.ask(id(1), Action::Requeue, at(3)));
    assert!(!lab.ask(id(2), Action::Requeue, at(3)));
}

/// U1: decided inside the write.
pub fn of_racing_enqueues_with_one_key_one_wins(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let store = &lab.store;
    let answers: Vec<Answer> = thread::scope(|scope| {
        let racer = |racer: u64| {
            let jobs = move |n: u64| vec![keyed(racer * 100 + n, "k".into())];
            scope.spawn(move || {
                let add =
                    |n| pollster::block_on(store.enqueue(jobs(n), at(0))).expect("the store enqueues")[0];
                (0..25).map(add).collect::<Vec<_>>()
            })
        };
        let racers: Vec<_> = (0..8).map(racer).collect();
        racers.into_iter().flat_map(|racer| racer.join().expect("it raced")).collect()
    });
    let new: Vec<_> = answers.iter().filter(|answer| !answer.duplicate).collect();
    assert_eq!(new.len(), 1);
    assert!(answers.iter().all(|answer| answer.id == new[0].id));
    assert_eq!(lab.counts().states.total(), 1);
}

/// Law 1: the key, and what a replacement changed.
pub fn keys_and_replacements_survive_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue(vec![in_time(100, replacing(1))], at(0));
    lab.enqueue(vec![in_time(200, replacing(2))], at(1));
    let before = lab.jobs();
    lab.reopen();
    assert_eq!(lab.jobs(), before);
    assert_eq!(lab.enqueue(vec![keyed(3, "k".into())], at(2)), [stands_for(1)]);
    assert!(lab.ask(id(1), Action::Delete, at(3)));
    lab.reopen();
    assert_eq!(lab.enqueue(vec![keyed(3, "k".into())], at(4)), [is_new(3)]);
}
