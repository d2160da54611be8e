//! What the history of a job tells of each state, and what it keeps of a result.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{JobId, RowData};
use boltjobs_tests::{Bench, patiently};
use tokio::sync::Semaphore;

const SECOND: Duration = Duration::from_secs(1);

/// Answers with twice its number.
#[request(response = u64)]
#[derive(Debug)]
pub struct Double {
    number: u64,
}

#[handler]
async fn double(request: Double) -> JobResult<u64> {
    Ok(request.number * 2)
}

/// Fails as it is told.
#[request]
#[derive(Debug)]
pub struct Fail {
    how: String,
}

#[handler(retries = 1, backoff = "fixed(10s)")]
async fn fail(request: Fail, ctx: JobContext, open: Data<Arc<Semaphore>>) -> JobResult {
    open.acquire().await?.forget();
    match request.how.as_str() {
        "twice" => Err(format!("attempt {}", ctx.attempt()).into()),
        "panic" => panic!("at once"),
        _ => Err(JobError::cancelled().into()),
    }
}

/// Waits until jobs run, lets a second pass, and lets them go on.
async fn go_on(bench: &Bench, open: &Semaphore, job: JobId) {
    bench.until(job, JobState::Processing).await;
    bench.clock.advance(SECOND);
    open.add_permits(1);
}

#[tokio::test]
async fn each_state_has_its_data_in_the_history() {
    let open = Arc::new(Semaphore::new(0));
    let given = Arc::clone(&open);
    let bench = Bench::with(|builder| builder.provide(given).workers(1)).await;
    let fail = |how: &str| bench.scope(Fail { how: how.to_owned() }.enqueue().into_future());
    let failing = fail("twice").await.unwrap();
    let waiting = bench.scope(async { Double { number: 1 }.enqueue().await.unwrap() }).await;
    go_on(&bench, &open, failing.id()).await;
    patiently(waiting.wait()).await.unwrap();
    bench.clock.advance(SECOND * 10);
    go_on(&bench, &open, failing.id()).await;
    let failed = bench.until(failing.id(), JobState::Failed).await;
    let server = || bench.server.name().into();
    let [enqueued, first, retried, due, second, ended] = failed.history() else { panic!("{failed:#?}") };
    assert_eq!((&enqueued.data, &due.data), (&RowData::None, &RowData::None));
    for (row, number) in [(first, 1), (second, 2)] {
        let RowData::Processing { server: by, worker, attempt, epoch } = &row.data else { panic!("{row:?}") };
        assert_eq!((&**by, *worker, *attempt), (bench.server.name(), 1, number));
        assert!(epoch.get() > 0);
    }
    assert_eq!(retried.data, RowData::Scheduled { due: retried.at.plus(SECOND * 10) });
    assert_eq!(retried.reason.as_deref(), Some("Retry attempt 1 of 1: attempt 1"));
    assert_eq!(ended.data, RowData::Ended { server: server(), ran: SECOND });
    assert_eq!(ended.error.as_ref().unwrap().message, "attempt 2");

    // It waited for the one worker, and took no time itself.
    let succeeded = bench.job(waiting.id()).await.history().last().unwrap().clone();
    let result = Some(b"2".as_slice().into());
    assert_eq!(succeeded.data, RowData::Succeeded { waited: SECOND, ran: Duration::ZERO, result });
    assert_eq!((succeeded.reason, succeeded.error), (None, None));

    let panicking = fail("panic").await.unwrap();
    go_on(&bench, &open, panicking.id()).await;
    let error = bench.until(panicking.id(), JobState::Scheduled).await.last_error().unwrap().clone();
    assert_eq!((&*error.kind, &*error.message), ("panic", "the handler panicked: at once"));
    assert!(error.backtrace.is_some_and(|trace| trace.contains("history.rs")));

    let stopped = fail("when it is told").await.unwrap();
    bench.until(stopped.id(), JobState::Processing).await;
    assert!(bench.client().delete(stopped.id()).because("enough").await.unwrap());
    go_on(&bench, &open, stopped.id()).await;
    let deleted = bench.until(stopped.id(), JobState::Deleted).await.history().last().unwrap().clone();
    assert_eq!(
        (deleted.reason.as_deref(), &deleted.data),
        (Some("enough"), &RowData::Ended { server: server(), ran: SECOND })
    );
}

/// May have nothing to say.
#[request(response = Option<u64>)]
#[derive(Debug)]
pub struct Find {
    number: Option<u64>,
}

#[handler]
fn find(request: Find) -> JobResult<Option<u64>> {
    Ok(request.number)
}

#[tokio::test]
async fn a_plain_handler_leaves_its_result_too_and_nothing_is_kept_of_nothing() {
    let bench = Bench::with(|builder| builder.provide(Arc::new(Semaphore::new(0)))).await;
    for number in [Some(7), None] {
        let job = bench.scope(async { Find { number }.enqueue().await.unwrap() }).await;
        assert_eq!(patiently(job.wait()).await.unwrap(), number);
        let details = bench.job(job.id()).await;
        assert_eq!(details.result(), number.map(Into::into));
        let last = details.history().last().unwrap();
        let RowData::Succeeded { result, .. } = &last.data else { panic!("{last:?}") };
        assert_eq!((result.is_some(), &last.reason), (number.is_some(), &None));
    }
}
