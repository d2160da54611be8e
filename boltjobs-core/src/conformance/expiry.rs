//! Jobs that are not started in time.

use super::Fixture;
use super::lab::{LEASE, Lab, at, done, id, job, job_with, just_before, offer, retry, secs, woken};
use crate::JobState::{Deleted, Enqueued, Scheduled};
use crate::job::NewJob;
use crate::store::{Action, Outcome};
use crate::watch::Interest;

/// Returns job `n`, which has so many seconds to start.
fn within(seconds: u64, n: u64) -> NewJob {
    job_with(n, |spec| spec.expires_in = Some(secs(seconds)))
}

/// U3, in each state in which it may wait.
pub fn a_job_that_has_not_started_in_time_is_deleted(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let later = NewJob { start_at: Some(at(500)), ..within(60, 2) };
    lab.enqueue(vec![within(60, 1), later, job(3)], at(0));
    assert_eq!(lab.job(id(1)).expires, Some(at(60)));
    assert_eq!(lab.unchanged(|| lab.due(just_before(at(60)))), Some(at(60)));
    assert_eq!(lab.due(at(60)), None);
    for n in [1, 2] {
        let (found, row) = (lab.job(id(n)), lab.last_row(id(n)));
        assert_eq!((found.state, found.expires, found.due, row.at), (Deleted, None, None, at(60)));
        assert_eq!(row.reason.as_deref(), Some("expired: it had not started within 1m"));
    }
    assert_eq!(lab.claim_ids(&offer(), 9, at(61)), [id(3)]);
}

/// U3: nobody may have looked at the clock since.
pub fn a_claim_takes_nothing_whose_time_is_over(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![within(60, 1), within(61, 2), job(3)], at(0));
    assert_eq!(lab.claim_ids(&offer(), 9, at(60)), [id(2), id(3)]);
    assert_eq!(lab.state(id(1)), Deleted);
}

/// U3: neither a retry nor a crash brings its time back.
pub fn a_job_that_has_started_expires_no_more(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=3).map(|n| within(60, n)).collect(), at(0));
    let claims = lab.claim(&offer(), 9, at(59));
    assert_eq!(lab.job(id(1)).expires, None);
    lab.settle(claims[0].lease, retry(secs(600)), at(59));
    lab.settle(claims[1].lease, Outcome::Released("shutdown".into()), at(59));
    assert_eq!(lab.due(at(100)), Some(at(659)));
    lab.reap(at(59).plus(LEASE));
    assert_eq!(lab.claim_ids(&offer(), 9, at(200)), [id(2), id(3)]);
    assert_eq!((lab.due(at(659)), lab.claim_ids(&offer(), 9, at(659))), (None, vec![id(1)]));
}

/// U3: after its end it has all of its time again; while it waits, only what is left.
pub fn a_requeue_after_the_end_counts_the_time_anew(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![within(60, 1), within(60, 2)], at(0));
    assert!(lab.ask(id(2), Action::Reschedule(at(30)), at(10)));
    assert_eq!(lab.job(id(2)).expires, Some(at(60)));
    lab.settle(lab.take(at(1)).lease, done(), at(1));
    for (action, state) in [(Action::Requeue, Enqueued), (Action::Reschedule(at(130)), Scheduled)] {
        assert!(lab.ask(id(1), action, at(100)));
        let found = lab.job(id(1));
        assert_eq!((found.state, found.expires), (state, Some(at(160))));
        assert!(lab.ask(id(1), Action::Delete, at(100)));
        assert_eq!(lab.job(id(1)).expires, None);
    }
    lab.due(at(100));
    assert_eq!(lab.due(at(9_000)), None);
}

/// Law 14: a step is bounded, and a claim that meets them hands out nothing of it, and comes again.
pub fn much_that_has_not_started_is_deleted_in_bounded_steps(fixture: &dyn Fixture) {
    const MANY: u64 = 10_000;
    let lab = Lab::new(fixture);
    lab.enqueue((0..MANY).map(|n| within(10, n)).chain([job(MANY)]).collect(), at(0));
    assert_eq!(lab.due(at(20)), Some(at(10)), "one step deleted everything");
    let left = lab.counts().states.get(Enqueued);
    assert!(left > 1 && left <= MANY, "{left}");
    for _ in 0..MANY {
        let watch = lab.store.watch(Interest::Ready);
        let claims = lab.claim_ids(&offer(), 1, at(20));
        if !claims.is_empty() {
            assert_eq!(claims, [id(MANY)]);
            break;
        }
        woken(watch);
    }
    assert_eq!((lab.counts().states.get(Deleted), lab.due(at(20))), (MANY, None));
}

/// Law 15, or a timer would be set too late.
pub fn an_earlier_expiry_wakes(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![NewJob { start_at: Some(at(50)), ..job(1) }], at(0));
    let watch = lab.store.watch(Interest::Due);
    lab.enqueue(vec![within(40, 2)], at(0));
    assert!(woken(watch).0.due);
    assert_eq!(lab.due(at(0)), Some(at(40)));
}

/// Law 1.
pub fn an_expiry_survives_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue(vec![within(60, 1)], at(0));
    lab.reopen();
    assert_eq!(lab.due(at(1)), Some(at(60)));
    lab.due(at(60));
    lab.reopen();
    assert_eq!((lab.state(id(1)), lab.due(at(60))), (Deleted, None));
}
