//! What the client tells of many jobs at once.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{AuditEntry, Error, JobDetails, SilenceOf, SilenceUntil, Window};
use boltjobs_core::audit;
use boltjobs_tests::{Bench, patiently};

const HOUR: Duration = Duration::from_secs(3_600);

/// Fails by its number, or does nothing.
#[request]
#[derive(Debug)]
pub struct Charge {
    customer: u64,
    card_is_good: bool,
}

#[handler(retries = 0)]
async fn charge(request: Charge) -> JobResult {
    if request.card_is_good {
        Ok(())
    } else {
        Err(format!("customer {} has no money", request.customer).into())
    }
}

/// Fails, and is tried again in an hour.
#[request]
#[derive(Debug)]
pub struct Flaky;

#[handler(retries = 1, backoff = "fixed(1h)")]
async fn flaky(_: Flaky) -> JobResult {
    Err("no route".into())
}

#[tokio::test]
async fn jobs_that_failed_alike_are_one_group_whose_jobs_are_found() {
    let bench = Bench::start().await;
    let client = bench.server.client();
    let flaky = bench
        .scope(async {
            for customer in 1..=3 {
                let job = Charge { customer, card_is_good: false }.enqueue().await.unwrap();
                patiently(job.wait()).await.unwrap_err();
            }
            Charge { customer: 4, card_is_good: true }.enqueue().await.unwrap();
            Flaky.enqueue().await.unwrap()
        })
        .await;
    bench.until(flaky.id(), JobState::Scheduled).await;
    let mut groups = client.failures(10).await.unwrap();
    // All of them failed at the same instant of the clock that stands still.
    groups.sort_by_key(|group| group.failed);
    let told: Vec<_> = groups.iter().map(|it| (&*it.pattern.message, it.failed, it.retrying)).collect();
    assert_eq!(told, [("no route", 0, 1), ("customer # has no money", 3, 0)]);
    assert_eq!(client.failures(1).await.unwrap().len(), 1);
    let of = |at: usize| client.jobs().failure(groups[at].fingerprint);
    assert_eq!((of(0).count().await.unwrap(), of(1).count().await.unwrap()), (1, 3));
    assert_eq!(of(0).failure(groups[1].fingerprint).count().await.unwrap(), 4, "any of them");
    let retrying = client.jobs().retrying().list().await.unwrap();
    assert_eq!(retrying.jobs.iter().map(JobDetails::id).collect::<Vec<_>>(), [flaky.id()]);
    assert_eq!(of(1).requeue_all().await.unwrap().done().len(), 3);
}

#[tokio::test]
async fn jobs_are_found_by_their_batch_and_by_what_they_wait_for() {
    let bench = Bench::start().await;
    let client = bench.server.client();
    let (first, next, batch) = bench
        .scope(async {
            let later = || Charge { customer: 1, card_is_good: true }.schedule_in(HOUR);
            let first = later().await.unwrap();
            let next = Charge { customer: 2, card_is_good: true }.continue_after(&first).await.unwrap();
            let batch = Batch::new("two").push_job(later()).push_job(later()).submit().await.unwrap();
            (first, next, batch)
        })
        .await;
    let waiting = client.jobs().parent(first.id()).list().await.unwrap();
    assert_eq!(waiting.jobs.iter().map(JobDetails::id).collect::<Vec<_>>(), [next.id()]);
    assert_eq!(client.jobs().batch(batch.id()).count().await.unwrap(), 2);
}

#[tokio::test]
async fn what_came_and_ended_is_told_by_the_minute() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            for card_is_good in [true, false, true] {
                let job = Charge { customer: 1, card_is_good }.enqueue().await.unwrap();
                let _ = patiently(job.wait()).await;
            }
        })
        .await;
    let hour = bench.server.client().throughput(Window::hour(bench.clock_now())).await.unwrap();
    let (total, last) = (hour.total(), hour.steps.last().unwrap());
    assert_eq!((total.enqueued, total.succeeded, total.failed, hour.steps.len()), (3, 2, 1, 60));
    assert_eq!((last.ended(), &hour.queues["default"]), (3, &total));
}

#[tokio::test]
async fn the_audit_is_read_from_the_latest_on() {
    let bench = Bench::start().await;
    let now = bench.clock_now();
    let entry = |action: &str| AuditEntry {
        at: now,
        actor: "ada".to_owned(),
        action: action.to_owned(),
        target: "queue mail".to_owned(),
        done: true,
        detail: String::new(),
        changes: Vec::new(),
        trace: None,
    };
    audit::write(&*bench.store, &[entry("pause"), entry("resume")], now).await.unwrap();
    let client = bench.server.client();
    let page = client.audit(None, 1).await.unwrap();
    assert_eq!(page.entries, [entry("resume")]);
    assert_eq!(client.audit(page.next, 9).await.unwrap().entries, [entry("pause")]);
    let found = |query: &'static str| client.audit_matching(query, None, 9);
    assert_eq!(found("after:1m mail").await.unwrap().entries.len(), 2);
    assert_eq!(found("before:1m").await.unwrap().entries, []);
    assert!(found("colour:red").await.unwrap_err().to_string().contains("no key `colour`"));
}

#[tokio::test]
async fn the_program_silences_what_it_knows_of_for_a_while() {
    let bench = Bench::start().await;
    let client = bench.server.client();
    let check = || SilenceOf::Check("no queue is paused".to_owned());
    client.silence(check(), "1h", "the bank is closed").await.unwrap();
    let silence = client.silences().await.unwrap().remove(0);
    assert_eq!(
        (silence.subject, &*silence.reason, &*silence.actor),
        (check(), "the bank is closed", "the program")
    );
    assert_eq!(silence.until, SilenceUntil::Time(bench.clock_now().plus(HOUR)));
    for (until, reason, why) in [("soon", "x", "`soon` is no end"), ("1h", "", "a reason of 1 to 200")] {
        let error = client.silence(check(), until, reason).await.unwrap_err();
        assert!(matches!(&error, Error::Config(text) if text.contains(why)), "{error}");
    }
    assert!(client.unsilence(check()).await.unwrap());
    assert!(!client.unsilence(check()).await.unwrap());
    assert_eq!(client.silences().await.unwrap(), []);
}
