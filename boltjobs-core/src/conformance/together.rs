//! Where one promise meets another: keys and parents, batches and expiry, steps and replacement.

use super::Fixture;
use super::lab::{
    Lab, at, batch, batch_id, done, failed, id, job, job_after, job_of, job_with, offer, retry, secs,
};
use super::noting::step;
use crate::JobState::{Awaiting, Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::continuation::{After, Parent};
use crate::job::NewJob;
use crate::store::{Action, Refusal};
use crate::unique::{OnConflict, Unique};

/// Returns job `n` with the unique key `k`.
fn unique(n: u64, on_conflict: OnConflict) -> NewJob {
    job_with(n, |spec| spec.unique = Some(Unique::key("k").on_conflict(on_conflict)))
}

/// Laws 2 and 15; N4.
pub fn a_batch_does_not_end_before_all_of_it_is_there(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    lab.run(id(1), failed(), at(1));
    // The first job is given up at once, for its parent has failed; the second one is still to come.
    let mut doomed = job_after(2, id(1), After::Succeeded);
    doomed.spec_mut().batch = Some(batch_id(1));
    let jobs = vec![doomed, job_of(batch_id(1), 3), job_after(4, batch_id(1), After::Finished)];
    lab.submit(vec![batch(1)], jobs, at(2)).expect("they fit");
    assert_eq!([2, 3, 4].map(|n| lab.state(id(n))), [Deleted, Enqueued, Awaiting]);
    assert_eq!(lab.batch(batch_id(1)).expect("it is there").batch.ended, None);
    lab.run(id(3), done(), at(3));
    assert_eq!(lab.batch(batch_id(1)).expect("it is there").batch.ended, Some((Deleted, at(3))));
    assert_eq!(lab.state(id(4)), Enqueued);
}

/// Laws 8 and 15; U1, N1.
pub fn a_job_that_waits_for_parents_replaces_none_that_does_not(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![job(1), NewJob { start_at: Some(at(500)), ..unique(2, OnConflict::Replace) }], at(0));
    for conflict in [OnConflict::Replace, OnConflict::Reschedule] {
        let mut late = unique(3, conflict);
        late.spec_mut().parents = vec![Parent { id: id(1).into(), when: After::Succeeded }];
        let answer = lab.unchanged(|| lab.submit(vec![], vec![late], at(1))).expect("it is refused kindly");
        assert_eq!((answer[0].id, answer[0].duplicate), (id(2), true));
    }
    assert_eq!(lab.state(id(2)), Scheduled);
}

/// Law 17; U1, W4.
pub fn a_job_that_was_replaced_begins_anew(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![unique(1, OnConflict::Replace)], at(0));
    let lease = lab.take(at(1)).lease;
    lab.note_all(lease, vec![step("charge", "1")], at(1));
    lab.settle(lease, retry(secs(100)), at(2));
    assert!(lab.notes(id(1)).is_some());
    lab.enqueue(vec![unique(2, OnConflict::Replace)], at(3));
    // What was done and tried was another payload.
    assert_eq!((lab.notes(id(1)), lab.job(id(1)).attempt), (None, 0));
    let claimed = lab.take(at(4));
    assert_eq!((&*claimed.spec.payload, claimed.attempt), (&b"2"[..], 1));
    // One that only moves its schedule keeps both.
    lab.note_all(claimed.lease, vec![step("charge", "2")], at(4));
    lab.settle(claimed.lease, retry(secs(100)), at(5));
    lab.enqueue(vec![unique(3, OnConflict::Reschedule)], at(6));
    assert_eq!((lab.notes(id(1)).is_some(), lab.job(id(1)).attempt), (true, 1));
}

/// Laws 3 and 8; U1, U3.
pub fn a_job_that_is_too_late_holds_no_key(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let late = |n| {
        let mut job = unique(n, OnConflict::Reject);
        job.spec_mut().expires_in = Some(secs(10));
        job
    };
    lab.enqueue(vec![late(1)], at(0));
    assert!(lab.enqueue(vec![late(2)], at(9))[0].duplicate);
    // Nobody has looked for what has expired since.
    let answer = lab.enqueue(vec![late(3)], at(10));
    assert_eq!((answer[0].id, answer[0].duplicate), (id(3), false));
    lab.due(at(10));
    assert_eq!((lab.state(id(1)), lab.state(id(3))), (Deleted, Enqueued));
    // A requeue asks in the same way.
    assert!(!lab.ask(id(1), Action::Requeue, at(19)));
    assert!(lab.ask(id(1), Action::Requeue, at(20)));
    lab.due(at(20));
    assert_eq!((lab.state(id(1)), lab.state(id(3))), (Enqueued, Deleted));
}

/// Law 15; N1, U1.
pub fn whoever_waits_for_a_merged_job_waits_for_the_one_that_stands_for_it(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![unique(1, OnConflict::Reject)], at(0));
    let jobs = vec![unique(2, OnConflict::Reject), job_after(3, id(2), After::Succeeded)];
    let answer = lab.submit(vec![], jobs, at(1)).expect("they fit");
    assert_eq!((answer[0].id, lab.state(id(3))), (id(1), Awaiting));
    lab.run(id(1), done(), at(2));
    assert_eq!(lab.state(id(3)), Enqueued);
}

/// Laws 2 and 15; N4, U1.
pub fn a_batch_leaves_out_no_job_for_one_outside_with_its_key(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![unique(1, OnConflict::Reject)], at(0));
    let member = |n| {
        let mut job = unique(n, OnConflict::Reject);
        job.spec_mut().batch = Some(batch_id(1));
        job
    };
    let refused =
        lab.unchanged(|| lab.submit(vec![batch(1)], vec![job_of(batch_id(1), 2), member(3)], at(1)));
    assert_eq!(refused, Err(Refusal::KeyHeld(id(1))));
    assert!(lab.batch(batch_id(1)).is_none());
    // One of the batch itself stands for it: whoever adds jobs to a batch twice adds them once.
    lab.ask(id(1), Action::Delete, at(2));
    let again = lab.submit(vec![batch(1)], vec![member(3), member(4)], at(3)).expect("they fit");
    assert_eq!((again[1].id, again[1].duplicate), (id(3), true));
    assert_eq!(lab.batch(batch_id(1)).expect("it is there").jobs.total(), 1);
}

/// Law 15; N4, S3.
pub fn a_job_that_was_requeued_in_a_cancelled_batch_can_be_cancelled_with_it(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.submit(vec![batch(1)], vec![job_of(batch_id(1), 1), job_of(batch_id(1), 2)], at(0))
        .expect("they fit");
    lab.claim(&offer(), 1, at(1));
    assert!(lab.cancel_batch(batch_id(1), at(2)));
    assert!(!lab.cancel_batch(batch_id(1), at(3)));
    assert!(lab.ask(id(2), Action::Requeue, at(4)));
    assert!(lab.cancel_batch(batch_id(1), at(5)));
    assert_eq!((lab.state(id(1)), lab.state(id(2))), (Processing, Deleted));
}

/// Laws 10 and 15; N4, U3.
pub fn a_job_that_expires_is_followed_like_any_other_end(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let mut late = job_of(batch_id(1), 1);
    late.spec_mut().expires_in = Some(secs(10));
    let after = [(2, After::Succeeded), (3, After::Finished)].map(|(n, when)| job_after(n, id(1), when));
    let jobs = [vec![late], after.to_vec()].concat();
    lab.submit(vec![batch(1)], jobs, at(0)).expect("they fit");
    lab.due(at(10));
    assert_eq!([1, 2, 3].map(|n| lab.state(id(n))), [Deleted, Deleted, Enqueued]);
    assert_eq!(lab.batch(batch_id(1)).expect("it is there").batch.ended, Some((Deleted, at(10))));
    assert!([Succeeded, Failed].iter().all(|state| lab.counts().states.get(*state) == 0));
}
