//! What becomes of a job whose handler fails.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{RowData, Store};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_tests::{Bench, patiently};

/// Does as it is told.
#[request(name = "act", tags = ["of the request"])]
#[derive(Debug)]
pub struct Act {
    what: String,
    #[request(sensitive)]
    token: String,
}

fn told(what: &str) -> Act {
    Act { what: what.to_owned(), token: "s3cret".to_owned() }
}

#[derive(Debug)]
struct Outage;

impl std::fmt::Display for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no connection")
    }
}

impl std::error::Error for Outage {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&std::fmt::Error)
    }
}

#[handler(retries = 2, backoff = "fixed(10s)", timeout = "30s")]
async fn act(request: Act, ctx: JobContext) -> JobResult {
    match request.what.as_str() {
        "fail" => Err(Outage.into()),
        "fail once" if ctx.attempt() == 1 => Err(Outage.into()),
        "discard" => Err(JobError::discard("a course needs a name").into()),
        "retry in 5s" => Err(JobError::retry_in(Duration::from_secs(5), "busy").into()),
        "retry at once" => Err(JobError::retry_in(Duration::ZERO, "busy").into()),
        "snooze" if ctx.attempt() == 1 && ctx.meta("again").is_none() => {
            Err(JobError::snooze(Duration::from_secs(60)).into())
        }
        "cancelled" => Err(JobError::cancelled().into()),
        "panic" => panic!("at the {}", "disco"),
        "hang" => std::future::pending().await,
        _ => Ok(()),
    }
}

/// Its one failure is final, and nobody needs to see it.
#[request]
#[derive(Debug)]
pub struct Optional;

#[handler(retries = 0, on_exhausted = "delete")]
async fn optional(_: Optional) -> Result<(), Outage> {
    Err(Outage)
}

/// Says itself how long to wait.
#[request]
#[derive(Debug)]
pub struct Patient;

fn a_minute_each(attempt: u32) -> Duration {
    Duration::from_secs(60) * attempt
}

#[handler(backoff = a_minute_each)]
async fn patient(_: Patient) -> JobResult {
    Err("not yet".into())
}

/// Has no word on retries.
#[request]
#[derive(Debug)]
pub struct Plain;

#[handler]
async fn plain(_: Plain) -> JobResult {
    Err("never works".into())
}

async fn enqueue(bench: &Bench, what: &str) -> JobHandle<Act> {
    bench.scope(async { told(what).enqueue().await.unwrap() }).await
}

#[tokio::test]
async fn a_failed_attempt_is_retried_after_its_backoff_and_may_succeed() {
    let bench = Bench::start().await;
    let job = enqueue(&bench, "fail once").await;
    let waiting = bench.until(job.id(), JobState::Scheduled).await;
    let row = waiting.history().last().unwrap();
    assert_eq!(row.reason.as_deref(), Some("Retry attempt 1 of 2: no connection"));
    assert_eq!(row.data, RowData::Scheduled { due: row.at.plus(Duration::from_secs(10)) });
    assert!(row.error.as_ref().unwrap().kind.ends_with("Outage"));
    assert_eq!(row.error.as_ref().unwrap().causes, [std::fmt::Error.to_string()]);

    let done = bench.advance_until(Duration::from_secs(10), job.id(), JobState::Succeeded).await;
    assert_eq!(done.attempts(), 2);
    assert_eq!(bench.client().stats().await.unwrap().failed, 0);
}

#[tokio::test]
async fn a_job_whose_retries_are_used_up_fails_and_says_so() {
    let bench = Bench::start().await;
    let job = enqueue(&bench, "fail").await;
    bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!(bench.client().stats().await.unwrap().failed, 0, "a failure that is retried does not count");
    bench.clock.advance(Duration::from_secs(10));
    patiently(async {
        while bench.job(job.id()).await.attempts() < 2
            || bench.job(job.id()).await.state() != JobState::Scheduled
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let failed = bench.advance_until(Duration::from_secs(10), job.id(), JobState::Failed).await;
    assert_eq!(failed.attempts(), 3);
    let row = failed.history().last().unwrap();
    assert_eq!(row.reason.as_deref(), Some("all 2 retries are used up"));
    assert_eq!(bench.client().stats().await.unwrap().failed, 1);
    let error = job.wait().await.unwrap_err().to_string();
    assert!(error.contains("ended in Failed: no connection"), "{error}");
}

#[tokio::test]
async fn without_a_word_a_job_has_ten_retries_after_fifteen_seconds_and_more() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Plain.enqueue().await.unwrap() }).await;
    let waiting = bench.until(job.id(), JobState::Scheduled).await;
    let row = waiting.history().last().unwrap();
    assert_eq!(row.reason.as_deref(), Some("Retry attempt 1 of 10: never works"));
    let RowData::Scheduled { due } = row.data else { panic!("{row:?}") };
    let delay = due.since(row.at);
    assert!((15..45).contains(&delay.as_secs()), "{delay:?}");
}

#[tokio::test]
async fn retries_of_zero_fail_at_once_and_on_exhausted_may_delete() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Optional.enqueue().await.unwrap() }).await;
    let deleted = bench.until(job.id(), JobState::Deleted).await;
    assert_eq!(deleted.attempts(), 1);
    assert_eq!(deleted.last_error().unwrap().message, "no connection");

    let failed = bench.scope(async { told("fail").enqueue().retries(0).await.unwrap() }).await;
    assert_eq!(bench.until(failed.id(), JobState::Failed).await.attempts(), 1);
}

#[tokio::test]
async fn a_discarded_job_is_never_retried() {
    let bench = Bench::start().await;
    let job = enqueue(&bench, "discard").await;
    let failed = bench.until(job.id(), JobState::Failed).await;
    assert_eq!(failed.attempts(), 1);
    assert_eq!(failed.last_error().unwrap().to_string(), "a course needs a name");
}

#[tokio::test]
async fn a_handler_sets_the_delay_of_its_retry() {
    let bench = Bench::start().await;
    let job = enqueue(&bench, "retry in 5s").await;
    let waiting = bench.until(job.id(), JobState::Scheduled).await;
    let row = waiting.history().last().unwrap();
    assert_eq!(row.data, RowData::Scheduled { due: row.at.plus(Duration::from_secs(5)) });
}

#[tokio::test]
async fn a_backoff_may_be_a_function() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Patient.enqueue().await.unwrap() }).await;
    let waiting = bench.until(job.id(), JobState::Scheduled).await;
    let row = waiting.history().last().unwrap();
    assert_eq!(row.data, RowData::Scheduled { due: row.at.plus(Duration::from_secs(60)) });
}

#[tokio::test]
async fn a_retry_without_delay_is_enqueued_not_scheduled() {
    let bench = Bench::start().await;
    let job = enqueue(&bench, "retry at once").await;
    let failed = bench.until(job.id(), JobState::Failed).await;
    let states: Vec<_> = failed.history().iter().map(|row| row.state).collect();
    use JobState::{Enqueued, Failed, Processing};
    assert_eq!(states, [Enqueued, Processing, Enqueued, Processing, Enqueued, Processing, Failed]);
}

#[tokio::test]
async fn a_snoozed_job_uses_up_no_attempt() {
    let bench = Bench::start().await;
    let job = enqueue(&bench, "snooze").await;
    let waiting = bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!(waiting.attempts(), 0);
    assert!(waiting.last_error().is_none());
}

#[tokio::test]
async fn cancelled_without_having_been_asked_is_a_failure() {
    let bench = Bench::start().await;
    let job = enqueue(&bench, "cancelled").await;
    let waiting = bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!(waiting.attempts(), 1);
}

#[tokio::test]
async fn a_panic_is_a_failure_with_its_message_and_backtrace_and_the_worker_lives() {
    let bench = Bench::with(|builder| builder.workers(1)).await;
    let job = enqueue(&bench, "panic").await;
    let waiting = bench.until(job.id(), JobState::Scheduled).await;
    let error = waiting.last_error().unwrap();
    assert_eq!(error.message, "the handler panicked: at the disco");
    let backtrace = error.backtrace.as_deref().unwrap();
    assert!(backtrace.contains("retries.rs"), "{backtrace}");

    let next = enqueue(&bench, "nothing").await;
    bench.until(next.id(), JobState::Succeeded).await;
}

#[tokio::test]
async fn a_timeout_is_a_failure_that_names_the_limit() {
    let bench = Bench::start().await;
    let job = enqueue(&bench, "hang").await;
    bench.until(job.id(), JobState::Processing).await;
    let short =
        bench.scope(async { told("hang").enqueue().timeout(Duration::from_secs(5)).await.unwrap() }).await;
    bench.until(short.id(), JobState::Processing).await;
    // The handlers may not have been polled yet: time passes until they have.
    let timed_out = patiently(async {
        loop {
            bench.clock.advance(Duration::from_secs(5));
            let details = bench.job(short.id()).await;
            if details.state() == JobState::Scheduled {
                return details;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let message = &timed_out.last_error().unwrap().message;
    assert!(message.starts_with("timed out after 5s"), "{message}");
}

#[tokio::test]
async fn a_payload_that_does_not_decode_fails_at_once_naming_the_field_and_is_kept() {
    let bench = Bench::start().await;
    let id = boltjobs::JobId::from_u128(7);
    let mut spec = JobSpec::new("act", *br#"{"what": 31337, "token": "s3cret"}"#);
    spec.sensitive = vec!["token".to_owned()];
    let job = NewJob { id, spec: spec.into(), start_at: None };
    bench.store.enqueue(vec![job], boltjobs_tests::seconds(0)).await.unwrap();
    let failed = bench.until(id, JobState::Failed).await;
    assert_eq!(failed.attempts(), 1);
    let message = &failed.last_error().unwrap().message;
    assert!(message.contains("field `what`"), "{message}");
    assert!(!message.contains("31337"), "with secrets about, no value is quoted: {message}");
    assert_eq!(failed.payload(), serde_json::json!({"what": 31337, "token": "***"}));
}

#[tokio::test]
async fn sensitive_fields_are_masked_in_debug_and_in_details() {
    let bench = Bench::start().await;
    assert!(!format!("{:?}", told("nothing")).contains("s3cret"));
    let job = enqueue(&bench, "nothing").await;
    assert_eq!(bench.job(job.id()).await.payload()["token"], "***");
    assert!(!format!("{:?}", bench.job(job.id()).await).contains("s3cret"));
}

#[tokio::test]
async fn a_job_keeps_its_options_through_retry_and_requeue() {
    let bench = Bench::start().await;
    let enqueue = async {
        let job =
            told("fail").enqueue().queue("express").priority(7).tag("vip").meta("tenant", "oslo").retries(1);
        job.await.unwrap()
    };
    let job = bench.scope(enqueue).await;
    bench.until(job.id(), JobState::Scheduled).await;
    bench.advance_until(Duration::from_secs(10), job.id(), JobState::Failed).await;
    assert!(job.requeue().await.unwrap());
    let again = bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!((again.queue(), again.priority(), again.attempts()), ("express", 7, 1));
    assert_eq!(again.tags(), ["of the request", "vip"]);
    assert_eq!(again.meta()["tenant"], "oslo");
}

#[tokio::test]
async fn an_outcome_that_could_not_be_written_is_written_again() {
    let store = std::sync::Arc::new(boltjobs_tests::Flaky::default());
    let bench = Bench::on(store.clone() as std::sync::Arc<dyn Store>, |builder| builder).await;
    store.fail(3);
    let job = enqueue(&bench, "nothing").await;
    let done = patiently(async {
        loop {
            bench.clock.advance(Duration::from_secs(1));
            let details = bench.job(job.id()).await;
            if details.state() == JobState::Succeeded {
                return details;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((done.attempts(), store.left()), (1, 0));
}

#[tokio::test]
async fn an_outcome_that_could_not_be_written_keeps_its_retries_and_its_continuations() {
    let store = std::sync::Arc::new(boltjobs_tests::Flaky::default());
    let bench = Bench::on(store.clone() as std::sync::Arc<dyn Store>, |builder| builder).await;
    store.fail(2);
    let (job, next, otherwise) = bench
        .scope(async {
            let job = told("fail").schedule_in(Duration::from_secs(1)).retries(1).await.unwrap();
            let next = told("nothing").continue_after(&job).when(After::Failed).await.unwrap();
            (job.id(), next, told("nothing").continue_after(&job).await.unwrap())
        })
        .await;
    patiently(async {
        let mut retried = false;
        while bench.job(job).await.state() != JobState::Failed {
            let waits = bench.job(job).await;
            if waits.attempts() == 1 && waits.state() == JobState::Scheduled && !retried {
                // The end of the last attempt can't be written either, at first.
                store.fail(2);
                retried = true;
            }
            bench.clock.advance(Duration::from_millis(50));
            tokio::task::yield_now().await;
        }
    })
    .await;
    let failed = bench.job(job).await;
    let reasons: Vec<_> = failed.history().iter().filter_map(|row| row.reason.as_deref()).collect();
    assert_eq!(reasons, ["Retry attempt 1 of 1: no connection", "its one retry is used up"]);
    assert_eq!((failed.attempts(), store.left()), (2, 0));
    patiently(next.wait()).await.unwrap();
    assert_eq!(otherwise.state().await.unwrap(), JobState::Deleted);
}
