//! What came and ended, minute by minute, and what failed alike.

use std::time::Duration;

use super::Fixture;
use super::lab::{Lab, at, done, failed, id, job, job_in, offer, retry};
use crate::JobState::{Deleted, Failed, Scheduled, Succeeded};
use crate::job::ErrorInfo;
use crate::store::{Action, JobFilter, Outcome, PageQuery};
use crate::throughput::{Flow, Window};

fn window(until: u64, steps: usize) -> Window {
    Window { until: at(until), step: Duration::from_mins(1), steps }
}

/// Law 18.
pub fn each_end_is_counted_in_its_minute(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    lab.enqueue(vec![job(1), job(2), job_in("mails", 3), job(4)], at(10));
    lab.run(id(1), done(), at(20));
    lab.run(id(2), retry(Duration::from_secs(9)), at(61));
    lab.run(id(3), failed(), at(62));
    assert!(lab.ask(id(4), Action::Delete, at(130)));
    lab.enqueue(vec![job(4), job(5)], at(131));
    let check = |lab: &Lab<'_>| {
        let found = lab.throughput(window(150, 4));
        let (waited, ran) = (found.steps[1].waited_micros, found.steps[1].ran_micros);
        let none = Flow::default();
        let expected = [
            none,
            Flow { enqueued: 4, succeeded: 1, waited_micros: waited, ran_micros: ran, ..none },
            Flow { failed: 1, retried: 1, ..none },
            Flow { enqueued: 1, deleted: 1, ..none },
        ];
        assert_eq!(found.steps, expected);
        assert_eq!(found.queues["mails"], Flow { enqueued: 1, failed: 1, ..none });
        assert_eq!(lab.throughput(window(70, 1)).steps, expected[2..3]);
    };
    check(&lab);
    lab.reopen_if_kept();
    check(&lab);
}

/// Law 18: what is gone was there.
pub fn what_was_counted_outlives_its_jobs(fixture: &dyn Fixture) {
    let mut lab = Lab::new(fixture);
    for n in 0..40 {
        lab.enqueue(vec![job(n)], at(n * 7));
        lab.run(id(n), done(), at(n * 7));
    }
    let before = lab.throughput(window(290, 6));
    assert_eq!((before.total().enqueued, before.total().succeeded), (40, 40));
    lab.remove_all();
    assert_eq!(lab.throughput(window(290, 6)), before);
    lab.reopen_if_kept();
    assert_eq!(lab.throughput(window(290, 6)), before);
}

/// Law 18: for a week.
pub fn old_minutes_are_let_go(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let week = 7 * 24 * 3_600;
    lab.enqueue(vec![job(1)], at(0));
    lab.enqueue(vec![job(2)], at(3_600));
    let days = |until| Window { until: at(until), step: Duration::from_hours(1), steps: 8 * 24 };
    let counted = |until| lab.throughput(days(until)).total().enqueued;
    assert_eq!(counted(3_600), 2);
    lab.enqueue(vec![job(3)], at(week + 61));
    lab.enqueue(vec![job(4)], at(week + 122));
    assert_eq!(counted(week + 122), 3);
}

/// Law 18.
pub fn failures_that_are_alike_are_found_together(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let error = |text: &str| Box::new(ErrorInfo::new("Timeout", text));
    let for_good = |text: &str| Outcome::Failed { error: error(text), reason: None, delete: false };
    let again = |text: &str| {
        let delay = Duration::from_mins(10);
        Outcome::Retry { error: error(text), delay, retry: 1, retries: 10 }
    };
    lab.enqueue((0..6).map(job).collect(), at(0));
    lab.run(id(0), for_good("order 17 took 9 s"), at(1));
    lab.run(id(1), for_good("order 4 took 12 s"), at(2));
    lab.run(id(2), again("order 5 took 30 s"), at(3));
    lab.run(id(3), for_good("no route"), at(4));
    lab.run(id(4), done(), at(5));
    let groups = lab.failures(9);
    let told: Vec<_> = groups.iter().map(|it| (&*it.pattern.message, it.failed, it.retrying)).collect();
    assert_eq!(told, [("no route", 1, 0), ("order # took # s", 2, 1)]);
    assert_eq!((groups[1].first, groups[1].last), (at(1), at(3)));
    assert_eq!(lab.failures(1), groups[..1]);
    let found = |filter: JobFilter| {
        let jobs = lab.list(PageQuery { filter: filter.clone(), limit: 9, ..PageQuery::default() });
        assert_eq!(lab.count(&filter), jobs.len() as u64);
        jobs.iter().map(|job| job.id).collect::<Vec<_>>()
    };
    let of = |filter: JobFilter| JobFilter { failures: vec![groups[1].fingerprint], ..filter };
    assert_eq!(found(of(JobFilter::default())), [2, 1, 0].map(id));
    assert_eq!(found(of(JobFilter { states: vec![Failed], ..JobFilter::default() })), [1, 0].map(id));
    assert_eq!(found(of(JobFilter { states: vec![Scheduled, Deleted], ..JobFilter::default() })), [id(2)]);
    assert_eq!(found(JobFilter { retrying: true, ..JobFilter::default() }), [id(2)]);
    assert_eq!(found(JobFilter { retrying: true, states: vec![Succeeded], ..JobFilter::default() }), []);
    for n in 0..3 {
        assert!(lab.ask(id(n), Action::Requeue, at(6)));
    }
    assert_eq!(lab.failures(9), groups[..1], "what runs again has not failed");
    assert_eq!(lab.claim_ids(&offer(), 9, at(7)).len(), 4);
}
