//! Jobs that belong together.

use super::Fixture;
use super::lab::{Lab, at, batch, batch_id, done, failed, id, job, job_after, job_of, offer, retry, secs};
use crate::JobState::{Awaiting, Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::batch::{BatchStatus, NewBatch};
use crate::continuation::After;
use crate::job::NewJob;
use crate::store::{Action, Outcome, Refusal, Retention};
use crate::{BatchId, JobState};

fn inside(outer: BatchId, n: u64) -> NewBatch {
    NewBatch { parent: Some(outer), ..batch(n) }
}

fn status(lab: &Lab<'_>, n: u64) -> BatchStatus {
    lab.batch(batch_id(n)).expect("the batch is there")
}

fn end(lab: &Lab<'_>, n: u64) -> Option<JobState> {
    status(lab, n).batch.ended.map(|(state, _)| state)
}

/// Adds batch 1 with jobs 1 and 2, and jobs 11 to 13 that wait for its success, its failure and its end.
fn batch_and_three(lab: &Lab<'_>) {
    let after = [(11, After::Succeeded), (12, After::Failed), (13, After::Finished)];
    let after = after.map(|(n, when)| job_after(n, batch_id(1), when));
    let jobs = [vec![job_of(batch_id(1), 1), job_of(batch_id(1), 2)], after.to_vec()].concat();
    lab.submit(vec![batch(1)], jobs, at(0)).expect("they fit");
}

fn followers(lab: &Lab<'_>) -> [JobState; 3] {
    [11, 12, 13].map(|n| lab.state(id(n)))
}

/// Law 15; N4.
pub fn a_batch_ends_with_the_last_of_its_jobs(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    batch_and_three(&lab);
    lab.run(id(1), done(), at(1));
    assert_eq!((end(&lab, 1), followers(&lab)), (None, [Awaiting; 3]));
    lab.reopen_if_kept();
    lab.run(id(2), done(), at(2));
    assert_eq!(status(&lab, 1).batch.ended, Some((Succeeded, at(2))));
    assert_eq!(followers(&lab), [Enqueued, Deleted, Enqueued]);
    lab.reopen_if_kept();
    assert_eq!((end(&lab, 1), followers(&lab)), (Some(Succeeded), [Enqueued, Deleted, Enqueued]));
}

/// Law 15; N4.
pub fn a_batch_ends_as_the_worst_of_its_jobs(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    batch_and_three(&lab);
    lab.run(id(1), failed(), at(1));
    lab.run(id(2), done(), at(2));
    assert_eq!((end(&lab, 1), followers(&lab)), (Some(Failed), [Deleted, Enqueued, Enqueued]));
    lab.submit(vec![batch(2)], vec![job_of(batch_id(2), 3), job_of(batch_id(2), 4)], at(3))
        .expect("they fit");
    lab.ask(id(3), Action::Delete, at(3));
    lab.run(id(4), done(), at(4));
    assert_eq!(end(&lab, 2), Some(Deleted));
}

/// Laws 2 and 15; N4.
pub fn a_batch_is_created_whole_or_not_at_all(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let jobs = vec![job_of(batch_id(1), 1), job_of(batch_id(9), 2)];
    let refused = lab.unchanged(|| lab.submit(vec![batch(1)], jobs, at(0)));
    assert_eq!(refused, Err(Refusal::UnknownBatch(batch_id(9))));
    let refused = lab.unchanged(|| lab.submit(vec![batch(1), inside(batch_id(8), 2)], vec![], at(0)));
    assert_eq!(refused, Err(Refusal::UnknownBatch(batch_id(8))));
    assert!(lab.batch(batch_id(1)).is_none());
}

/// Law 15; N4.
pub fn an_empty_batch_ends_at_once(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let jobs = vec![job_after(1, batch_id(1), After::Succeeded), job_after(2, batch_id(1), After::Failed)];
    lab.submit(vec![batch(1), inside(batch_id(1), 2)], jobs, at(0)).expect("they fit");
    assert_eq!([end(&lab, 1), end(&lab, 2)], [Some(Succeeded); 2]);
    assert_eq!([lab.state(id(1)), lab.state(id(2))], [Enqueued, Deleted]);
}

/// Law 15; N4.
pub fn jobs_can_be_added_from_inside_of_a_batch_until_it_has_ended(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.submit(vec![batch(1)], vec![job_of(batch_id(1), 1)], at(0)).expect("they fit");
    let lease = lab.take(at(1)).lease;
    // The one that runs adds another, and ends before it.
    lab.enqueue(vec![job_of(batch_id(1), 2)], at(1));
    lab.settle(lease, done(), at(2));
    assert_eq!(end(&lab, 1), None);
    lab.run(id(2), done(), at(3));
    assert_eq!(end(&lab, 1), Some(Succeeded));
    let refused = lab.unchanged(|| lab.submit(vec![], vec![job(4), job_of(batch_id(1), 3)], at(4)));
    assert_eq!(refused, Err(Refusal::BatchEnded(batch_id(1))));
    let refused = lab.unchanged(|| lab.submit(vec![inside(batch_id(1), 2)], vec![], at(4)));
    assert_eq!(refused, Err(Refusal::BatchEnded(batch_id(1))));
}

/// Law 15; N4.
pub fn batches_nest(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    let batches = vec![batch(1), inside(batch_id(1), 2), inside(batch_id(2), 3)];
    let jobs =
        vec![job_of(batch_id(1), 1), job_of(batch_id(3), 3), job_after(9, batch_id(1), After::Succeeded)];
    lab.submit(batches, jobs, at(0)).expect("they fit");
    assert_eq!(status(&lab, 1).nested, [batch_id(2)]);
    lab.run(id(1), done(), at(1));
    assert_eq!([1, 2, 3].map(|n| end(&lab, n)), [None; 3]);
    lab.reopen_if_kept();
    lab.run(id(3), done(), at(2));
    assert_eq!([1, 2, 3].map(|n| end(&lab, n)), [Some(Succeeded); 3]);
    assert_eq!(lab.state(id(9)), Enqueued);
}

/// Law 15; N4.
pub fn cancelling_a_batch_deletes_what_waits_and_stops_what_runs(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let later = NewJob { start_at: Some(at(500)), ..job_of(batch_id(2), 3) };
    let mut waits = job_after(4, id(1), After::Succeeded);
    waits.spec_mut().batch = Some(batch_id(1));
    let jobs = vec![
        job_of(batch_id(1), 1),
        job_of(batch_id(1), 2),
        later,
        waits,
        job_after(9, batch_id(1), After::Finished),
    ];
    lab.submit(vec![batch(1), inside(batch_id(1), 2)], jobs, at(0)).expect("they fit");
    assert_eq!(lab.state(id(3)), Scheduled);
    let lease = lab.take(at(1)).lease;
    assert!(lab.cancel_batch(batch_id(1), at(2)));
    assert_eq!([1, 2, 3, 4].map(|n| lab.state(id(n))), [Processing, Deleted, Deleted, Deleted]);
    assert_eq!(lab.job(id(1)).cancel.as_deref(), Some("enough"));
    assert_eq!(lab.last_row(id(2)).reason.as_deref(), Some("enough"));
    assert_eq!((end(&lab, 1), end(&lab, 2)), (None, Some(Deleted)));
    let refused = lab.unchanged(|| lab.submit(vec![], vec![job_of(batch_id(1), 5)], at(3)));
    assert_eq!(refused, Err(Refusal::BatchCancelled(batch_id(1))));
    assert!(!lab.cancel_batch(batch_id(1), at(3)), "it was cancelled before");
    lab.settle(lease, Outcome::Cancelled { error: None }, at(4));
    assert_eq!((end(&lab, 1), lab.state(id(9))), (Some(Deleted), Enqueued));
    assert!(!lab.cancel_batch(batch_id(1), at(5)));
    assert!(!lab.cancel_batch(batch_id(7), at(5)));
}

/// Law 15; N4.
pub fn the_counts_of_a_batch_are_exact_though_its_jobs_are_removed(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.submit(vec![batch(1)], (1..=10).map(|n| job_of(batch_id(1), n)).collect(), at(0)).expect("they fit");
    for n in 1..=4 {
        lab.run(id(n), if n == 1 { failed() } else { done() }, at(n));
    }
    let count = |lab: &Lab<'_>| {
        let jobs = status(lab, 1).jobs;
        (jobs.get(Enqueued), jobs.get(Succeeded), jobs.get(Failed), jobs.total())
    };
    assert_eq!(count(&lab), (6, 3, 1, 10));
    // A failure that is retried is not counted.
    lab.run(id(5), retry(secs(0)), at(5));
    assert_eq!(count(&lab), (6, 3, 1, 10));
    let retention = Retention::default().succeeded(secs(10));
    lab.expire(retention, at(100));
    assert!(lab.find(id(2)).is_none());
    assert_eq!(count(&lab), (6, 3, 1, 10));
    lab.reopen_if_kept();
    assert_eq!(count(&lab), (6, 3, 1, 10));
    // A failed one that is requeued is counted where it is, and the batch does not end twice.
    for n in 5..=10 {
        lab.run(id(n), done(), at(100 + n));
    }
    let before = status(&lab, 1).batch.ended;
    assert_eq!(before, Some((Failed, at(110))));
    lab.ask(id(1), Action::Requeue, at(120));
    lab.run(id(1), done(), at(121));
    assert_eq!((count(&lab), status(&lab, 1).batch.ended), ((0, 10, 0, 10), before));
}

/// Law 15; N4.
pub fn a_batch_is_removed_after_its_retention_with_those_in_it(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.submit(vec![batch(1), inside(batch_id(1), 2), batch(3)], vec![job_of(batch_id(3), 1)], at(0))
        .expect("they fit");
    let retention = Retention::default().batches(secs(60));
    assert_eq!(lab.expire(retention, at(59)), Some(at(60)));
    assert!(lab.batch(batch_id(2)).is_some());
    lab.expire(retention, at(60));
    lab.reopen_if_kept();
    assert_eq!([1, 2, 3].map(|n| lab.batch(batch_id(n)).is_some()), [false, false, true]);
}

/// Law 15; N4.
pub fn batches_are_listed_newest_first(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.submit((1..=5).map(batch).collect(), vec![], at(0)).expect("they fit");
    let page = |after, limit| {
        let batches = pollster::block_on(lab.store.batches(after, limit)).expect("the store reads");
        batches.into_iter().map(|status| status.batch.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2), [batch_id(5), batch_id(4)]);
    assert_eq!(page(Some(batch_id(4)), 9), [batch_id(3), batch_id(2), batch_id(1)]);
}

/// Law 15; N4.
pub fn a_batch_and_its_jobs_submitted_again_are_the_same(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    batch_and_three(&lab);
    let jobs = vec![job_of(batch_id(1), 1), job_of(batch_id(1), 2)];
    let again = lab.unchanged(|| lab.submit(vec![batch(1)], jobs, at(5))).expect("they are there");
    assert!(again.iter().all(|enqueued| enqueued.duplicate));
    assert_eq!(lab.claim_ids(&offer(), 9, at(6)).len(), 2);
}
