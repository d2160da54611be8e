//! The passing of time: what is due, what is orphaned, what has expired.

use std::time::Duration;

use pollster::block_on;

use super::Fixture;
use super::lab::{LEASE, Lab, at, done, failed, id, job, job_with, just_before, offer, retry, secs, woken};
use crate::JobState::{Awaiting, Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::Timestamp;
use crate::job::{NewJob, RowData};
use crate::store::{Action, Keep, Retention};
use crate::watch::Interest;

/// Law 8, to the microsecond; T1.
pub fn no_job_is_handed_out_before_its_time(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let time = at(60).plus(Duration::from_micros(1));
    lab.enqueue(vec![NewJob { start_at: Some(time), ..job(1) }], at(0));
    for now in [at(0), at(60)] {
        assert_eq!(lab.unchanged(|| lab.due(now)), Some(time));
        assert!(lab.claim(&offer(), 1, now).is_empty());
    }
    assert_eq!(lab.due(time), None);
    let row = lab.last_row(id(1));
    assert_eq!((row.at, row.state), (time, Enqueued));
    assert_eq!((lab.job(id(1)).due, lab.take(time).attempt), (None, 1));
}

/// Law 7: who is due first has waited longest; priority comes before that.
pub fn what_is_due_becomes_ready_in_the_order_of_its_time(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let due = |n: u64, time| NewJob { start_at: Some(at(time)), ..job(n) };
    lab.enqueue(vec![due(1, 30), due(2, 10), due(3, 20), job(4)], at(0));
    let urgent = job_with(5, |spec| spec.priority = 9);
    lab.enqueue(vec![NewJob { start_at: Some(at(40)), ..urgent }], at(0));
    assert_eq!(lab.due(at(99)), None);
    assert_eq!(lab.claim_ids(&offer(), 9, at(99)), [5, 4, 2, 3, 1].map(id));
}

/// So that a timer can be set to it; nothing polls.
pub fn a_step_tells_when_the_next_job_is_due(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    assert_eq!(lab.due(at(0)), None);
    lab.enqueue(
        [(1, 30), (2, 10)].map(|(n, time)| NewJob { start_at: Some(at(time)), ..job(n) }).into(),
        at(0),
    );
    assert_eq!(lab.due(at(0)), Some(at(10)));
    assert!(lab.ask(id(2), Action::Reschedule(at(50)), at(1)));
    assert_eq!(lab.due(at(1)), Some(at(30)));
    assert_eq!(lab.due(at(30)), Some(at(50)));
    assert!(lab.ask(id(2), Action::Delete, at(31)));
    assert_eq!(lab.due(at(31)), None);
}

/// Law 14: a step leaves time for others, and says at once that there is more.
pub fn much_that_is_due_becomes_ready_in_bounded_steps(fixture: &dyn Fixture) {
    const MANY: u64 = 10_000;
    let lab = Lab::new(fixture);
    let time = Some(at(10));
    lab.enqueue((0..MANY).map(|n| NewJob { start_at: time, ..job(n) }).collect(), at(0));
    assert_eq!(lab.due(at(20)), time, "one step moved everything");
    let moved = lab.counts().states.get(Enqueued);
    assert!(moved > 0 && moved < MANY, "{moved}");
    for _ in 0..MANY {
        if lab.due(at(20)).is_none() {
            break;
        }
    }
    assert_eq!(lab.counts().states.get(Enqueued), MANY);
}

/// T2.
pub fn a_clock_that_is_set_back_starts_nothing_early_and_loses_nothing(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![NewJob { start_at: Some(at(5_000)), ..job(1) }, job(2)], at(4_000));
    assert_eq!(lab.due(at(100)), Some(at(5_000)));
    assert_eq!(lab.claim_ids(&offer(), 9, at(100)), [id(2)]);
    assert_eq!(
        lab.settle(lab.job(id(2)).lease(), retry(secs(15)), at(90)),
        crate::store::Settled::Now(Scheduled)
    );
    assert_eq!(lab.due(at(90)), Some(at(105)));
    lab.due(at(105));
    assert_eq!(lab.claim_ids(&offer(), 9, at(105)), [id(2)]);
    lab.settle(lab.job(id(2)).lease(), done(), at(50));
    assert_eq!((lab.due(at(5_000)), lab.claim_ids(&offer(), 9, at(5_000))), (None, vec![id(1)]));
}

/// Law 13: to its place, with its attempt, and the history says why.
pub fn a_lease_that_is_over_gives_the_job_back_with_its_attempt(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([1, 2].map(job).into(), at(0));
    lab.take(at(1));
    assert_eq!(lab.unchanged(|| lab.reap(just_before(at(61)))), Some(at(61)));
    lab.reap(at(62));
    let found = lab.job(id(1));
    assert_eq!((found.state, found.attempt, found.crashes), (Enqueued, 0, 1));
    assert_eq!(lab.last_row(id(1)).reason.as_deref(), Some("its server stopped responding"));
    assert_eq!(lab.claim_ids(&offer(), 9, at(63)), [id(1), id(2)]);
    assert_eq!(lab.job(id(1)).attempt, 1);
}

/// Or a timer that is set to that instant would go off for nothing, again and again.
pub fn a_lease_is_over_at_the_instant_that_reap_tells(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    assert_eq!(lab.reap(at(0)), None);
    lab.take(at(1));
    let over = lab.reap(at(2)).expect("a lease ends");
    assert_eq!(over, at(1).plus(LEASE));
    assert_eq!(lab.reap(over), None);
    assert_eq!(lab.state(id(1)), Enqueued);
}

/// Law 13.
pub fn a_heartbeat_keeps_a_lease_alive(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([1, 2].map(job).into(), at(0));
    let lease = lab.take(at(0)).lease;
    lab.take(at(0));
    let beat = lab.heartbeat(vec![lease], at(100));
    assert!(beat.lost.is_empty() && beat.cancelled.is_empty());
    assert_eq!(lab.reap(at(99)), Some(at(100)));
    assert_eq!((lab.state(id(1)), lab.state(id(2))), (Processing, Enqueued));
    lab.reap(at(101));
    assert_eq!(lab.state(id(1)), Enqueued);
}

/// D6: no lease has to run out first where one process owns the store.
pub fn whatever_ran_when_the_store_closed_is_given_back_at_once(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue([1, 2].map(job).into(), at(0));
    lab.take(at(1));
    lab.reopen();
    if !fixture.exclusive() {
        lab.reap(at(2));
        assert_eq!(lab.state(id(1)), Processing);
        return;
    }
    assert_eq!(lab.reap(at(2)), None);
    let found = lab.job(id(1));
    assert_eq!((found.state, found.attempt, found.crashes), (Enqueued, 0, 1));
    assert_eq!(lab.last_row(id(1)).reason.as_deref(), Some("the process ended while it ran"));
    assert_eq!(lab.claim_ids(&offer(), 9, at(2)), [id(1), id(2)]);
}

/// D6 and law 13: after the last crash it is Failed, and says why; requeued, it has all its crashes again.
pub fn a_job_that_crashes_too_often_is_quarantined(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.add(1, at(0));
    for life in 0..2 {
        for crash in 1..=5 {
            let now = at(10_000 * life + 1_000 * crash);
            assert_eq!(lab.take(now).attempt, 1);
            if fixture.durable() && crash % 2 == 0 {
                lab.reopen();
            }
            lab.reap(now.plus(LEASE * 2));
            let found = lab.job(id(1));
            assert_eq!(
                (found.state, found.crashes),
                (if crash < 5 { Enqueued } else { Failed }, u32::try_from(crash).unwrap_or(0))
            );
        }
        let row = lab.last_row(id(1));
        assert!(
            row.error
                .is_some_and(|error| error.kind == "boltjobs::Quarantined" && error.message.contains('5'))
        );
        assert!(
            matches!(&row.data, RowData::Ended { server, .. } if &**server == "server-1"),
            "{:?}",
            row.data
        );
        assert!(row.reason.is_some());
        assert!(lab.claim(&offer(), 1, at(90_000)).is_empty());
        assert!(lab.ask(id(1), Action::Requeue, at(9_000)));
    }
    // 0 switches it off.
    for crash in 1..20 {
        lab.take(at(100_000 + 1_000 * crash));
        block_on(lab.store.reap(0, at(100_500 + 1_000 * crash))).expect("it takes jobs back");
        assert_eq!(lab.state(id(1)), Enqueued);
    }
}

/// D6: crashes in a row are what counts.
pub fn a_success_ends_the_row_of_crashes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    for outcome in [retry(secs(0)), done(), failed()] {
        for _ in 0..4 {
            lab.take(at(0));
            lab.reap(at(1_000));
        }
        assert_eq!(lab.job(id(1)).crashes, 4);
        lab.settle(lab.take(at(0)).lease, outcome, at(0));
        assert_eq!(lab.job(id(1)).crashes, 0);
        lab.ask(id(1), Action::Requeue, at(0));
    }
}

fn expire(lab: &Lab<'_>, now: Timestamp) -> Option<Timestamp> {
    lab.expire(Retention::default().succeeded(secs(100)).failed(secs(300)).deleted(secs(200)), now)
}

/// S4.
pub fn ended_jobs_are_removed_after_their_retention(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    assert_eq!(expire(&lab, at(9_999)), None);
    for (n, state) in [(1, Succeeded), (2, Failed), (3, Deleted)] {
        lab.add_in(state, n, at(0));
    }
    assert_eq!(lab.unchanged(|| expire(&lab, just_before(at(100)))), Some(at(100)));
    for (n, now, next) in [(1, 100, Some(200)), (3, 200, Some(300)), (2, 300, None)] {
        assert!(lab.find(id(n)).is_some());
        assert_eq!(expire(&lab, at(now)), next.map(at));
        assert_eq!(lab.find(id(n)), None);
    }
    assert_eq!(lab.counts(), crate::store::Counts::default());
    // Its id is free again.
    assert!(!lab.enqueue(vec![job(1)], at(400))[0].duplicate);
}

/// S4 and law 14.
pub fn much_that_has_expired_is_removed_in_bounded_steps(fixture: &dyn Fixture) {
    const MANY: u64 = 10_000;
    let lab = Lab::new(fixture);
    lab.enqueue((0..MANY).map(job).collect(), at(0));
    let ended = |lease| crate::store::Settlement { lease, ran: secs(0), outcome: done() };
    let claims = lab.claim(&offer(), 10_000, at(1));
    lab.settle_all(claims.iter().map(|claimed| ended(claimed.lease)).collect(), at(1));
    assert_eq!(expire(&lab, at(500)), Some(at(101)), "one step removed everything");
    let left = lab.counts().states.total();
    assert!(left > 0 && left < MANY, "{left}");
    for _ in 0..MANY {
        if expire(&lab, at(500)).is_none() {
            break;
        }
    }
    assert_eq!(lab.counts().states.total(), 0);
}

/// S4: also one that had ended, and was asked for again.
pub fn a_job_that_has_not_ended_never_expires(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    for (n, state) in (1..).zip([Awaiting, Scheduled, Enqueued, Processing]) {
        lab.add_in(state, n, at(0));
    }
    let again = [(5, Succeeded), (6, Failed), (7, Deleted)];
    for (n, state) in again {
        lab.add_in(state, n, at(0));
        assert!(lab.ask(id(n), Action::Requeue, at(1)));
    }
    assert_eq!(lab.unchanged(|| expire(&lab, Timestamp::MAX)), None);
    lab.reopen_if_kept();
    assert_eq!(lab.unchanged(|| expire(&lab, Timestamp::MAX)), None);
    // A job that ended a second time is kept from then on.
    for (n, _) in again {
        assert!(lab.ask(id(n), Action::Delete, at(50)));
    }
    assert_eq!(expire(&lab, at(210)), Some(at(250)));
    assert_eq!(lab.counts().states.get(Deleted), 3);
}

/// Laws 1 and 3.
pub fn an_expired_job_stays_removed_after_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.add_in(Succeeded, 1, at(0));
    lab.add_in(Failed, 2, at(0));
    assert_eq!(expire(&lab, at(150)), Some(at(300)));
    lab.reopen();
    assert_eq!((lab.find(id(1)), lab.state(id(2))), (None, Failed));
    assert_eq!(expire(&lab, at(150)), Some(at(300)));
}

/// S4: those that ended first, and in bounded steps.
pub fn ended_jobs_are_removed_when_there_are_too_many(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let few = Retention::default().succeeded(Keep::for_age(secs(500)).at_most(2)).failed(Keep::forever());
    for (n, state) in [(1, Succeeded), (2, Succeeded), (3, Failed), (4, Succeeded), (5, Succeeded)] {
        lab.add_in(state, n, at(n));
    }
    assert_eq!(lab.expire(few, at(10)), Some(at(504)), "the next one goes for its age");
    let left: Vec<_> = lab.jobs().iter().map(|job| job.id).collect();
    assert_eq!(left, [3, 4, 5].map(id));
    assert_eq!(lab.unchanged(|| lab.expire(few, just_before(at(504)))), Some(at(504)));
    lab.enqueue((100..10_100).map(job).collect(), at(10));
    let settlement = |lease| crate::store::Settlement { lease, ran: secs(0), outcome: done() };
    let claims = lab.claim(&offer(), 10_000, at(11));
    lab.settle_all(claims.iter().map(|claimed| settlement(claimed.lease)).collect(), at(11));
    assert_eq!(lab.expire(few, at(12)), Some(at(12)), "one step removed everything");
    for _ in 0..10_000 {
        if lab.expire(few, at(12)) > Some(at(12)) {
            break;
        }
    }
    assert_eq!(lab.page(Succeeded, None, 9), [10_099, 10_098].map(id));
}

/// Law 15: by its age it would stay for long.
pub fn the_first_job_too_many_wakes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let one = Retention::default().succeeded(Keep::forever().at_most(1));
    lab.add_in(Succeeded, 1, at(0));
    lab.expire(one, at(0));
    let watch = lab.store.watch(Interest::Due);
    lab.add_in(Succeeded, 2, at(1));
    assert!(woken(watch).0.due);
    lab.expire(one, at(1));
    assert_eq!(lab.jobs().len(), 1);
}
