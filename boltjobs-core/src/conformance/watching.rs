//! Wake-ups: who watches learns of everything, once it is durable.

use super::Fixture;
use super::lab::{Lab, at, done, failed, id, job, offer, retry, secs, woken};
use crate::JobState::Enqueued;
use crate::job::NewJob;
use crate::store::{Action, Document, Outcome, Settled, Settlement};
use crate::watch::Interest;

/// Law 15.
pub fn a_ready_job_wakes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let watch = lab.store.watch(Interest::Ready);
    lab.add(1, at(0));
    assert!(woken(watch).0.ready);
}

/// Law 15: by whatever way.
pub fn a_job_that_becomes_ready_again_wakes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut watch = lab.store.watch(Interest::Ready);
    lab.enqueue(vec![NewJob { start_at: Some(at(5)), ..job(1) }], at(0));
    let ways: [&dyn Fn(); 5] = [
        &|| assert_eq!(lab.due(at(5)), None),
        &|| assert_eq!(lab.settle(lab.take(at(6)).lease, retry(secs(0)), at(6)), Settled::Now(Enqueued)),
        &|| {
            let released = Outcome::Released("shutdown".into());
            assert_eq!(lab.settle(lab.take(at(7)).lease, released, at(7)), Settled::Now(Enqueued));
        },
        &|| {
            lab.take(at(8));
            lab.reap(at(500));
        },
        &|| {
            lab.settle(lab.take(at(9)).lease, done(), at(9));
            assert!(lab.ask(id(1), Action::Requeue, at(10)));
        },
    ];
    for way in ways {
        way();
        let (changes, same) = woken(watch);
        assert!(changes.ready);
        watch = same;
    }
}

/// Law 15.
pub fn an_earlier_due_time_wakes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut watch = lab.store.watch(Interest::Due);
    for (n, time) in [(1, 500), (2, 400)] {
        lab.enqueue(vec![NewJob { start_at: Some(at(time)), ..job(n) }], at(0));
        let (changes, same) = woken(watch);
        assert!(changes.due);
        watch = same;
    }
    lab.add(3, at(0));
    lab.settle(lab.take(at(0)).lease, retry(secs(300)), at(0));
    let (changes, same) = woken(watch);
    assert!(changes.due);
    assert!(lab.ask(id(1), Action::Reschedule(at(200)), at(1)));
    assert!(woken(same).0.due);
}

/// Law 15: whether it is given, replaced or taken back.
pub fn an_order_to_a_server_wakes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut watch = lab.store.watch(Interest::Ordered);
    let order = |text: &str| Document { key: "order/server-1/work".into(), text: text.into() };
    lab.keep(vec![Document { key: "other".into(), text: "1".into() }], &[], at(0));
    for (kept, removed) in [(vec![order("1")], &[][..]), (Vec::new(), &["order/server-1/work"])] {
        lab.keep(kept, removed, at(1));
        let (changes, same) = woken(watch);
        assert!(changes.ordered && !changes.ready);
        watch = same;
    }
}

/// Law 15.
pub fn the_end_of_a_job_wakes_with_its_id(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut watch = lab.store.watch(Interest::Ended);
    lab.enqueue([1, 2, 3].map(job).into(), at(0));
    for (n, outcome) in [(1, Some(done())), (2, Some(failed())), (3, None)] {
        match outcome {
            Some(outcome) => drop(lab.settle(lab.take(at(1)).lease, outcome, at(2))),
            None => assert!(lab.ask(id(n), Action::Delete, at(2))),
        }
        let (changes, same) = woken(watch);
        assert_eq!(changes.ended, [id(n)]);
        watch = same;
    }
}

/// Law 15; W2.
pub fn a_cancellation_wakes_with_its_id(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let watch = lab.store.watch(Interest::Cancelled);
    lab.enqueue([1, 2].map(job).into(), at(0));
    lab.take(at(1));
    assert!(lab.ask(id(2), Action::Delete, at(2)));
    assert!(lab.ask(id(1), Action::Delete, at(2)));
    // The job that was not running is not among them.
    assert_eq!(woken(watch).0.cancelled, [id(1)]);
}

/// Law 15: each one, once and in order, by whatever way it came about.
pub fn each_transition_is_told_in_order(fixture: &dyn Fixture) {
    use crate::JobState::{Deleted, Enqueued, Processing, Scheduled, Succeeded};
    let lab = Lab::new(fixture);
    lab.add(9, at(0));
    let mut watch = lab.store.watch(Interest::Moved);
    lab.enqueue(vec![NewJob { start_at: Some(at(5)), ..job(1) }, job(2)], at(1));
    assert!(lab.ask(id(9), Action::Delete, at(2)));
    lab.settle(lab.take(at(3)).lease, retry(secs(2)), at(4));
    lab.due(at(6));
    lab.settle(lab.take(at(7)).lease, done(), at(8));
    let mut told = Vec::new();
    while told.len() < 9 {
        let (changes, same) = woken(watch);
        told.extend(changes.moved);
        watch = same;
    }
    let steps: Vec<_> =
        told.iter().map(|it| (it.job, it.from, it.row.state, it.row.at, it.attempt)).collect();
    let expected = [
        (id(1), None, Scheduled, at(1), 0),
        (id(2), None, Enqueued, at(1), 0),
        (id(9), Some(Enqueued), Deleted, at(2), 0),
        (id(2), Some(Enqueued), Processing, at(3), 1),
        (id(2), Some(Processing), Scheduled, at(4), 1),
        (id(1), Some(Scheduled), Enqueued, at(6), 0),
        (id(2), Some(Scheduled), Enqueued, at(6), 1),
        (id(1), Some(Enqueued), Processing, at(7), 1),
        (id(1), Some(Processing), Succeeded, at(8), 1),
    ];
    assert_eq!(steps, expected);
    assert_eq!(told[4].row.error, lab.job(id(2)).last_error().cloned().map(Box::new));
    assert_eq!(&*told[0].spec, &*lab.job(id(1)).spec);
}

/// Law 15: between a look at the store and the wait.
pub fn what_came_before_the_wait_is_not_lost(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let (first, second) = (lab.store.watch(Interest::Ready), lab.store.watch(Interest::Ready));
    assert!(lab.claim(&offer(), 1, at(0)).is_empty());
    lab.add(1, at(0));
    lab.take(at(1));
    // Each of several learns of it, even when one of them was quicker.
    assert!(woken(first).0.ready);
    assert!(woken(second).0.ready);
}

/// Law 15.
pub fn many_ends_are_all_told(fixture: &dyn Fixture) {
    const MANY: usize = 3_000;
    let lab = Lab::new(fixture);
    let mut watch = lab.store.watch(Interest::Ended);
    lab.enqueue((0..MANY as u64).map(job).collect(), at(0));
    let claims = lab.claim(&offer(), MANY, at(1));
    for claims in claims.chunks(100) {
        let ended = |lease| Settlement { lease, ran: secs(0), outcome: done() };
        lab.settle_all(claims.iter().map(|claimed| ended(claimed.lease)).collect(), at(2));
    }
    let mut ended = Vec::new();
    while ended.len() < MANY {
        let (changes, same) = woken(watch);
        ended.extend(changes.ended);
        watch = same;
    }
    ended.sort();
    assert_eq!(ended, (0..MANY as u64).map(id).collect::<Vec<_>>());
}

/// Law 15: a wake-up comes after what it tells, or a worker would go back to sleep beside a ready job.
pub fn a_job_that_wakes_can_be_claimed(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut watch = lab.store.watch(Interest::Ready);
    for n in 0..50 {
        let enqueued = lab.store.enqueue(vec![job(n)], at(n));
        let (changes, same) = std::thread::scope(|scope| {
            scope.spawn(|| pollster::block_on(enqueued));
            woken(watch)
        });
        assert!(changes.ready);
        assert_eq!(lab.claim_ids(&offer(), 1, at(n)), [id(n)]);
        watch = same;
    }
}
