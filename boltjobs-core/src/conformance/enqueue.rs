//! New jobs: atomic, idempotent, durable.

use pollster::block_on;

use super::Fixture;
use super::lab::{Lab, at, done, failed, id, job, job_with, offer, retry, secs};
use crate::JobState::{Enqueued, Scheduled};
use crate::job::{HistoryRow, JobSpec, NewJob, RowData};
use crate::store::{Action, StoreError};

/// Laws 1 and 10.
pub fn a_new_job_is_enqueued_with_its_first_row(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(1, at(5));
    let found = lab.job(id(1));
    assert_eq!((found.state, found.since, found.created_at, found.due), (Enqueued, at(5), at(5), None));
    assert_eq!((found.attempt, found.crashes, found.cancel), (0, 0, None));
    assert_eq!(found.history, [HistoryRow::new(at(5), Enqueued)]);
    assert_eq!(*found.spec, *job(1).spec);
}

/// Laws 8 and 10.
pub fn a_job_with_a_time_to_come_is_scheduled_for_it(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.enqueue(vec![NewJob { start_at: Some(at(60)), ..job(1) }], at(5));
    let found = lab.job(id(1));
    assert_eq!((found.state, found.since, found.due), (Scheduled, at(5), Some(at(60))));
    assert_eq!(found.history[0].data, RowData::Scheduled { due: at(60) });
}

/// The instant itself counts as come: a job is due at its time, not after it.
pub fn a_job_whose_time_has_come_is_enqueued_at_once(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    for (n, time) in [(1, 5), (2, 4)] {
        lab.enqueue(vec![NewJob { start_at: Some(at(time)), ..job(n) }], at(5));
        assert_eq!((lab.state(id(n)), lab.job(id(n)).due), (Enqueued, None));
    }
    assert_eq!(lab.claim_ids(&offer(), 9, at(5)), [id(1), id(2)]);
}

/// Law 3.
pub fn a_job_enqueued_again_under_its_id_is_the_same_job(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    assert!(!lab.enqueue(vec![job(1)], at(0))[0].duplicate);
    let again = || {
        let other = NewJob { start_at: Some(at(90)), ..job_with(1, |spec| spec.priority = 9) };
        let answer = lab.unchanged(|| lab.enqueue(vec![other], at(1)));
        assert_eq!((answer[0].id, answer[0].duplicate), (id(1), true));
    };
    again();
    let lease = lab.take(at(2)).lease;
    again();
    lab.settle(lease, done(), at(3));
    again();
}

/// Laws 2 and 3.
pub fn a_job_twice_in_one_batch_is_one_job(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let answers = lab.enqueue(vec![job(1), job(2), job(1)], at(0));
    assert_eq!(answers.iter().map(|answer| answer.duplicate).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(lab.counts().states.total(), 2);
    assert_eq!(lab.claim_ids(&offer(), 9, at(0)), [id(1), id(2)]);
}

/// Whatever the order of the ids.
pub fn a_batch_answers_in_its_order(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.add(4, at(0));
    let answers = lab.enqueue([5, 4, 3].map(job).into(), at(0));
    let answers: Vec<_> = answers.into_iter().map(|answer| (answer.id, answer.duplicate)).collect();
    assert_eq!(answers, [(id(5), false), (id(4), true), (id(3), false)]);
    assert!(lab.enqueue(Vec::new(), at(0)).is_empty());
}

fn every_field() -> JobSpec {
    JobSpec {
        version: 1,
        title: Some("Mail to Ann".to_owned()),
        sensitive: vec!["/card".to_owned()],
        queue: "mails".into(),
        priority: -7,
        concurrency_key: Some("ann".into()),
        tags: vec!["a".to_owned(), "b".to_owned()],
        meta: [("tenant".to_owned(), "7".to_owned())].into(),
        trace: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        retries: Some(3),
        timeout: Some(secs(30)),
        ..JobSpec::new("mail.send", &b"{\"to\":\"ann\"}"[..])
    }
}

/// R6, and law 1: nothing of it is lost on disk either.
pub fn a_job_keeps_its_spec_through_retries_and_requeues(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.enqueue(vec![NewJob { id: id(1), spec: every_field().into(), start_at: None }], at(0));
    let first = lab.take(at(1));
    assert_eq!(*first.spec, every_field());
    lab.settle(first.lease, retry(secs(0)), at(2));
    let second = lab.take(at(3));
    assert_eq!(*second.spec, every_field());
    lab.settle(second.lease, failed(), at(4));
    assert!(lab.ask(id(1), Action::Requeue, at(5)));
    assert!(lab.ask(id(1), Action::Reschedule(at(9)), at(6)));
    lab.due(at(9));
    if fixture.durable() {
        lab.reopen();
    }
    assert_eq!(*lab.job(id(1)).spec, every_field());
    let third = lab.take(at(10));
    assert_eq!((&*third.spec, third.created_at), (&every_field(), at(0)));
}

/// Law 1: jobs and their records are exactly as they were.
pub fn an_acknowledged_job_is_there_after_a_reopen(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    if !fixture.durable() {
        return;
    }
    lab.enqueue((1..=30).map(job).collect(), at(0));
    lab.enqueue(vec![NewJob { start_at: Some(at(60)), ..job(31) }], at(0));
    let before = (lab.jobs(), lab.counts());
    for _ in 0..3 {
        lab.reopen();
        assert_eq!((lab.jobs(), lab.counts()), before);
    }
    assert_eq!(lab.due(at(0)), Some(at(60)));
    assert_eq!(lab.claim_ids(&offer(), 99, at(1)).len(), 30);
}

/// Law 2.
pub fn a_closed_store_refuses_everything_and_stores_nothing(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.add(1, at(0));
    block_on(lab.store.close()).expect("the store closes");
    assert_eq!(block_on(lab.store.enqueue(vec![job(2)], at(0))), Err(StoreError::Closed));
    assert_eq!(block_on(lab.store.claim(offer().into(), vec![1], at(0))), Err(StoreError::Closed));
    assert_eq!(block_on(lab.store.counts()), Err(StoreError::Closed));
    assert_eq!(block_on(lab.store.job(id(1))), Err(StoreError::Closed));
    lab.reopen();
    assert_eq!(lab.find(id(2)), None);
    assert_eq!(lab.find(id(1)).is_some(), fixture.durable());
}
