//! What waits for the end of other jobs.

use super::Fixture;
use super::lab::{
    Lab, REQUEST, at, batch, batch_id, done, error, failed, id, job, job_after, job_of, job_with, offer,
    retry, secs,
};
use crate::JobState;
use crate::JobState::{Awaiting, Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::continuation::{After, Parent, ParentId};
use crate::job::NewJob;
use crate::store::{Action, Outcome, Refusal, Retention};

/// Returns job `n`, which waits for several others to succeed.
fn job_after_all(n: u64, parents: &[u64]) -> NewJob {
    job_with(n, |spec| {
        let parents = parents.iter().map(|parent| ParentId::Job(id(*parent)));
        spec.parents = parents.map(|id| Parent { id, when: After::Succeeded }).collect();
    })
}

/// Adds job 1, and jobs 2 to 4 that wait for it to succeed, to fail and to end.
fn parent_and_three(lab: &Lab<'_>) {
    let children = [(2, After::Succeeded), (3, After::Failed), (4, After::Finished)];
    let children = children.map(|(n, when)| job_after(n, id(1), when));
    lab.enqueue([vec![job(1)], children.to_vec()].concat(), at(0));
    assert_eq!([2, 3, 4].map(|n| lab.state(id(n))), [Awaiting; 3]);
}

fn ended(lab: &Lab<'_>, n: u64) -> (JobState, Option<String>) {
    let row = lab.last_row(id(n));
    (row.state, row.reason.map(|reason| reason.to_string()))
}

/// Laws 1, 2 and 15; N1, N2.
pub fn a_continuation_runs_when_its_parent_has_ended_as_it_shall(fixture: &dyn Fixture) {
    for (outcome, state, states) in [
        (done(), Succeeded, [Enqueued, Deleted, Enqueued]),
        (failed(), Failed, [Deleted, Enqueued, Enqueued]),
        (
            Outcome::Failed { error: error("no route"), reason: None, delete: true },
            Deleted,
            [Deleted, Deleted, Enqueued],
        ),
    ] {
        let mut lab = Lab::new(fixture);
        parent_and_three(&lab);
        assert!(lab.claim_ids(&offer(), 9, at(1)) == [id(1)], "a job that waits is not handed out");
        let lease = lab.job(id(1)).lease();
        lab.settle(lease, outcome, at(2));
        assert_eq!([2, 3, 4].map(|n| lab.state(id(n))), states, "{state}");
        for n in 2..=4 {
            let (now, reason) = ended(&lab, n);
            let told = format!("job {} ended in {state}", id(1));
            let told =
                if now == Deleted { format!("continuation condition was not met: {told}") } else { told };
            assert_eq!(reason, Some(told));
        }
        // It was one write with the end of the parent.
        lab.reopen_if_kept();
        assert_eq!([2, 3, 4].map(|n| lab.state(id(n))), states, "{state}");
        lab.remove_all();
    }
}

/// Law 15; N1.
pub fn a_failure_that_is_retried_is_no_end_of_a_parent(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    parent_and_three(&lab);
    lab.run(id(1), retry(secs(5)), at(1));
    assert_eq!([2, 3, 4].map(|n| lab.state(id(n))), [Awaiting; 3]);
    lab.due(at(6));
    lab.run(id(1), done(), at(6));
    assert_eq!(lab.state(id(2)), Enqueued);
}

/// Law 15; N1.
pub fn a_deleted_continuation_takes_those_behind_it_along(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let chain = [
        job(1),
        job_after(2, id(1), After::Succeeded),
        job_after(3, id(2), After::Succeeded),
        job_after(4, id(2), After::Finished),
        job_after(5, id(3), After::Finished),
    ];
    lab.enqueue(chain.to_vec(), at(0));
    assert!(lab.ask(id(1), Action::Delete, at(1)));
    assert_eq!([1, 2, 3, 4, 5].map(|n| lab.state(id(n))), [Deleted, Deleted, Deleted, Enqueued, Enqueued]);
}

/// Law 15; N1.
pub fn a_long_chain_of_continuations_is_deleted_in_one_write(fixture: &dyn Fixture) {
    const LENGTH: u64 = 20_000;
    let lab = Lab::new(fixture);
    let chain = (2..=LENGTH).map(|n| job_after(n, id(n - 1), After::Succeeded));
    lab.enqueue(std::iter::once(job(1)).chain(chain).collect(), at(0));
    assert!(lab.ask(id(1), Action::Delete, at(1)));
    assert_eq!(lab.counts().states.get(Deleted), LENGTH);
}

/// Law 15; N1.
pub fn a_continuation_of_a_job_that_has_ended_is_decided_at_once(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(0));
    lab.run(id(1), done(), at(1));
    let late = [(2, After::Succeeded), (3, After::Failed), (4, After::Finished)];
    lab.enqueue(late.map(|(n, when)| job_after(n, id(1), when)).to_vec(), at(2));
    assert_eq!([2, 3, 4].map(|n| lab.state(id(n))), [Enqueued, Deleted, Enqueued]);
    let (_, reason) = ended(&lab, 3);
    assert!(reason.is_some_and(|reason| reason.starts_with("continuation condition was not met")));
    assert_eq!(lab.job(id(3)).history[0].state, Awaiting);
}

/// Laws 2 and 15; N1.
pub fn an_unknown_parent_refuses_the_whole_write(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let refused =
        lab.unchanged(|| lab.submit(vec![], vec![job(1), job_after(2, id(99), After::Finished)], at(0)));
    assert_eq!(refused, Err(Refusal::UnknownParent(id(99).into())));
    let refused =
        lab.unchanged(|| lab.submit(vec![batch(1)], vec![job_after(2, batch_id(9), After::Finished)], at(0)));
    assert_eq!(refused, Err(Refusal::UnknownParent(batch_id(9).into())));
    assert!(lab.batch(batch_id(1)).is_none());
}

/// Law 15; N1.
pub fn nothing_can_wait_for_itself(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let itself = vec![job_after(1, id(1), After::Finished)];
    let circle = vec![job_after(1, id(2), After::Finished), job_after(2, id(1), After::Finished)];
    for jobs in [itself, circle] {
        let refused = lab.unchanged(|| lab.submit(vec![], jobs, at(0)));
        assert_eq!(refused, Err(Refusal::Cycle(id(1))));
    }
    // A batch waits for its jobs, those of the batches in it too.
    let inner = crate::batch::NewBatch { parent: Some(batch_id(1)), ..batch(2) };
    let own = NewJob {
        spec: crate::job::JobSpec {
            batch: Some(batch_id(2)),
            ..(*job_after(1, batch_id(1), After::Finished).spec).clone()
        }
        .into(),
        ..job(1)
    };
    let refused = lab.unchanged(|| lab.submit(vec![batch(1), inner.clone()], vec![own], at(0)));
    assert_eq!(refused, Err(Refusal::Cycle(id(1))));
    // Over several writes and steps: 5 waits for 4, which waits for the batch that 5 is to be in.
    lab.submit(vec![batch(1), inner], vec![job_of(batch_id(2), 3)], at(0)).expect("they fit");
    lab.enqueue(vec![job_after(4, batch_id(1), After::Finished)], at(0));
    let mut last = job_after(5, id(4), After::Finished);
    last.spec_mut().batch = Some(batch_id(2));
    assert_eq!(lab.unchanged(|| lab.submit(vec![], vec![last], at(0))), Err(Refusal::Cycle(id(5))));
}

/// Law 15; N3.
pub fn a_job_with_several_parents_waits_for_all(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.enqueue(
        vec![job(1), job(2), job(3), job_after_all(4, &[1, 2, 3]), job_after_all(5, &[1, 3, 1])],
        at(0),
    );
    lab.run(id(1), done(), at(1));
    lab.run(id(2), done(), at(2));
    assert_eq!([lab.state(id(4)), lab.state(id(5))], [Awaiting; 2]);
    lab.reopen_if_kept();
    lab.run(id(3), done(), at(3));
    assert_eq!([lab.state(id(4)), lab.state(id(5))], [Enqueued; 2]);
    // One that fails is enough to end the wait.
    lab.enqueue(vec![job(6), job(7), job_after_all(8, &[1, 6, 7])], at(4));
    lab.run(id(6), failed(), at(5));
    assert_eq!(lab.state(id(8)), Deleted);
    lab.run(id(7), done(), at(6));
    assert_eq!(lab.state(id(8)), Deleted);
}

/// Law 15; N2.
pub fn a_parent_that_runs_again_does_not_run_its_children_again(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    parent_and_three(&lab);
    lab.run(id(1), done(), at(1));
    lab.run(id(2), done(), at(2));
    assert!(lab.ask(id(1), Action::Requeue, at(3)));
    lab.run(id(1), failed(), at(4));
    assert_eq!([2, 3, 4].map(|n| lab.state(id(n))), [Succeeded, Deleted, Enqueued]);
    assert_eq!(lab.job(id(2)).history.len(), 4);
}

/// Law 15; N1.
pub fn a_continuation_with_a_time_waits_for_both(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let timed = |n| NewJob { start_at: Some(at(10)), ..job_after(n, id(1), After::Succeeded) };
    lab.enqueue(vec![job(1), timed(2)], at(0));
    lab.run(id(1), done(), at(1));
    assert_eq!((lab.state(id(2)), lab.job(id(2)).due), (Scheduled, Some(at(10))));
    lab.enqueue(vec![timed(3)], at(20));
    assert_eq!(lab.state(id(3)), Enqueued);
}

/// Law 15; N2.
pub fn every_end_of_a_parent_is_followed(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    // A job that is deleted while it runs, and one that is quarantined.
    for (n, crashes) in [(1, false), (3, true)] {
        lab.enqueue(vec![job(n), job_after(n + 1, id(n), After::Finished)], at(0));
        let lease = lab.take(at(1)).lease;
        if crashes {
            for round in 1..=5 {
                lab.reap(at(1 + round * 100));
                lab.claim(&offer(), 1, at(2 + round * 100));
            }
            assert_eq!(lab.state(id(n)), Failed);
        } else {
            assert!(lab.ask(id(n), Action::Delete, at(2)));
            assert_eq!((lab.state(id(n)), lab.state(id(n + 1))), (Processing, Awaiting));
            lab.settle(lease, Outcome::Cancelled { error: None }, at(3));
        }
        assert_ne!(lab.state(id(n + 1)), Awaiting);
        lab.ask(id(n + 1), Action::Delete, at(1_000));
    }
}

/// Law 15; N1.
pub fn a_job_that_waits_can_be_started_or_deleted_by_hand(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    parent_and_three(&lab);
    assert!(lab.ask(id(2), Action::Requeue, at(1)));
    assert!(lab.ask(id(3), Action::Reschedule(at(50)), at(1)));
    assert!(lab.ask(id(4), Action::Delete, at(1)));
    lab.run(id(1), done(), at(2));
    assert_eq!([2, 3, 4].map(|n| lab.state(id(n))), [Enqueued, Scheduled, Deleted]);
}

/// Law 15; N3.
pub fn a_parent_is_kept_until_its_children_have_ended(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let child = job_with(2, |spec| {
        spec.parents.push(Parent { id: id(1).into(), when: After::Succeeded });
        spec.queue = "later".into();
    });
    lab.enqueue(vec![job(1), job(3), child], at(0));
    lab.run(id(1), Outcome::Succeeded(Some((*b"7").into())), at(1));
    lab.run(id(3), done(), at(1));
    let retention = Retention::default().succeeded(secs(10)).deleted(secs(10));
    lab.expire(retention, at(100));
    assert!(lab.find(id(3)).is_none());
    assert_eq!(lab.job(id(1)).result(), Some(&b"7"[..]), "its child may ask for it");
    lab.ask(id(2), Action::Delete, at(101));
    lab.expire(retention, at(111));
    assert_eq!((lab.find(id(1)), lab.find(id(2))), (None, None));
    assert!(lab.counts().requests.get(REQUEST).is_none_or(|states| states.total() == 0));
}
