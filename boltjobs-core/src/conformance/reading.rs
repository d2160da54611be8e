//! Looking: pages and exact counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Fixture;
use super::lab::{LEASE, Lab, at, done, failed, id, job, job_with, offer, retry, secs};
use crate::JobState;
use crate::JobState::{Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};
use crate::job::NewJob;
use crate::store::{Action, Counts, Outcome};

/// Law 14.
pub fn an_unknown_job_is_not_found(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    assert_eq!(lab.find(id(1)), None);
    lab.add(1, at(0));
    assert_eq!(lab.find(id(2)), None);
}

/// By their ids, which carry the time when they were made.
pub fn a_page_lists_one_state_newest_first(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue([2, 4, 1, 3].map(job).into(), at(0));
    lab.add_in(Failed, 5, at(0));
    assert_eq!(lab.page(Enqueued, None, 9), [4, 3, 2, 1].map(id));
    assert_eq!(lab.page(Failed, None, 9), [id(5)]);
    assert!(lab.page(Succeeded, None, 9).is_empty());
    assert!(lab.page(Enqueued, None, 0).is_empty());
    assert!(lab.ask(id(3), Action::Delete, at(1)));
    assert_eq!(lab.page(Enqueued, None, 2), [id(4), id(2)]);
    assert_eq!(lab.page(Deleted, None, 2), [id(3)]);
}

/// Law 14: jobs that arrive or leave meanwhile neither repeat nor hide others.
pub fn pages_go_on_after_the_last_job_and_stay_stable(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue((1..=20).map(job).collect(), at(0));
    let mut seen = lab.page(Enqueued, None, 6);
    lab.enqueue((21..=30).map(job).collect(), at(1));
    while let Some(last) = seen.last().copied() {
        // The job at which a page ended may be gone by the time of the next one, or still be there.
        if seen.len() < 8 {
            lab.ask(last, Action::Delete, at(2));
        }
        let page = lab.page(Enqueued, Some(last), 6);
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen, (1..=20).rev().map(id).collect::<Vec<_>>());
}

/// S2.
pub fn counts_tell_states_queues_and_requests_apart(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    assert_eq!(lab.counts(), Counts::default());
    let place = |queue: &str, request: &str| (Arc::from(queue), Arc::from(request));
    let jobs = [place("a", "mail.send"), place("a", "mail.print"), place("b", "mail.send")];
    lab.enqueue(
        (1..).zip(jobs).map(|(n, at)| job_with(n, |spec| (spec.queue, spec.request) = at)).collect(),
        at(0),
    );
    assert_eq!(lab.claim(&offer(), 9, at(1)).len(), 2);
    let counts = lab.counts();
    assert_eq!(
        (counts.states.get(Enqueued), counts.states.get(Processing), counts.states.total()),
        (1, 2, 3)
    );
    assert_eq!((counts.queues["a"].get(Enqueued), counts.queues["a"].get(Processing)), (1, 1));
    assert_eq!((counts.queues["b"].get(Processing), counts.queues["b"].total()), (1, 1));
    assert_eq!(counts.requests["mail.send"].get(Processing), 2);
    assert_eq!(counts.requests["mail.print"].get(Enqueued), 1);
}

/// S2.
pub fn counts_equal_a_recount_after_a_long_random_run(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    let mut rng = fastrand::Rng::with_seed(11);
    let mut leases = Vec::new();
    for step in 0..400 {
        let (now, any) = (at(10 * step), id(rng.u64(0..400)));
        match rng.u8(0..9) {
            0 => drop(
                lab.enqueue(
                    (0..rng.u64(1..4))
                        .map(|n| NewJob {
                            start_at: Some(now.plus(secs(50))).filter(|_| n == 2),
                            ..job_with(rng.u64(0..400), |spec| {
                                (spec.queue, spec.priority) =
                                    (format!("q{}", rng.u8(0..3)).into(), rng.i8(-3..3));
                            })
                        })
                        .collect(),
                    now,
                ),
            ),
            1 | 2 => leases.extend(lab.claim(&offer(), 2, now).iter().map(|claimed| claimed.lease)),
            3 | 4 if !leases.is_empty() => {
                let outcomes = [done(), failed(), retry(secs(30)), retry(secs(0)), Outcome::Snoozed(secs(9))];
                let lease = leases.swap_remove(rng.usize(0..leases.len()));
                lab.settle(lease, outcomes[rng.usize(0..5)].clone(), now);
            }
            5 => drop(lab.due(now)),
            6 => drop(lab.reap(now.minus(LEASE / 2))),
            7 => {
                let actions = [Action::Delete, Action::Requeue, Action::Reschedule(now.plus(secs(40)))];
                lab.ask(any, actions[rng.usize(0..3)], now);
            }
            _ if fixture.durable() && rng.u8(0..10) == 0 => lab.reopen(),
            _ => {}
        }
        if step % 20 == 0 {
            assert_eq!(lab.counts(), Counts::recount(&lab.jobs()));
        }
    }
    assert_eq!(lab.counts(), Counts::recount(&lab.jobs()));
    assert!(lab.counts().states.total() > 50);
}

/// Law 10, along the whole life of a job.
pub fn each_transition_moves_the_counters_and_adds_one_row(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![NewJob { start_at: Some(at(5)), ..job(1) }], at(0));
    let mut rows = 0;
    let mut check = |state: JobState| {
        rows += 1;
        let found = lab.job(id(1));
        assert_eq!((found.state, found.history.len()), (state, rows));
        assert_eq!(lab.last_row(id(1)).state, state);
        let counts = lab.counts();
        let expected: BTreeMap<_, _> = JobState::ALL.map(|other| (other, u64::from(other == state))).into();
        assert_eq!(
            JobState::ALL.map(|other| (other, counts.states.get(other))),
            expected.clone().into_iter().collect::<Vec<_>>()[..]
        );
        assert_eq!(counts.queues["default"], counts.states);
        assert_eq!(counts.requests["mail.send"], counts.states);
    };
    check(Scheduled);
    lab.due(at(5));
    check(Enqueued);
    let lease = lab.take(at(6)).lease;
    check(Processing);
    lab.settle(lease, retry(secs(4)), at(7));
    check(Scheduled);
    lab.ask(id(1), Action::Requeue, at(8));
    check(Enqueued);
    lab.take(at(9));
    check(Processing);
    lab.reap(at(500));
    check(Enqueued);
    let lease = lab.take(at(501)).lease;
    check(Processing);
    lab.settle(lease, failed(), at(502));
    check(Failed);
    lab.ask(id(1), Action::Delete, at(503));
    check(Deleted);
    lab.ask(id(1), Action::Requeue, at(504));
    check(Enqueued);
    let lease = lab.take(at(505)).lease;
    check(Processing);
    lab.settle(lease, done(), at(506));
    check(Succeeded);
    lab.ask(id(1), Action::Requeue, at(507));
    check(Enqueued);
    lab.ask(id(1), Action::Reschedule(at(600)), at(508));
    check(Scheduled);
    lab.ask(id(1), Action::Delete, at(509));
    check(Deleted);
}
