//! Jobs that wait for others, and batches, as a program uses them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Error, StoreError};
use boltjobs_core::store::Refusal;
use boltjobs_tests::{Bench, patiently};
use serde_json::json;

/// Returns its number, or fails for good.
#[request(response = u64)]
#[derive(Debug, Clone)]
pub struct Count {
    pub number: u64,
    pub fails: bool,
}

#[handler(retries = 0)]
async fn count(request: Count) -> JobResult<u64> {
    if request.fails { Err("no".into()) } else { Ok(request.number) }
}

/// Returns what its parents returned.
#[request(response = (Option<u64>, Vec<Option<u64>>))]
#[derive(Debug)]
pub struct Sum;

#[handler]
async fn sum(_: Sum, ctx: JobContext) -> JobResult<(Option<u64>, Vec<Option<u64>>)> {
    Ok((ctx.parent_result().await?, ctx.parent_results().await?))
}

/// Reads the result of its parent as something that it is not.
#[request(response = bool)]
#[derive(Debug)]
pub struct Misread;

#[handler(retries = 0)]
async fn misread(_: Misread, ctx: JobContext) -> JobResult<bool> {
    Ok(ctx.parent_result::<bool>().await?.unwrap_or_default())
}

/// Adds so many jobs to its own batch.
#[request]
#[derive(Debug)]
pub struct Split {
    pub parts: u64,
}

#[handler(retries = 0)]
async fn split(request: Split, ctx: JobContext) -> JobResult {
    let batch = ctx.batch().ok_or("it is in no batch")?;
    batch.extend((0..request.parts).map(|number| Count { number, fails: false })).await?;
    Ok(())
}

/// Runs until it is told to stop.
#[request]
#[derive(Debug)]
pub struct Stand;

#[handler]
async fn stand(_: Stand, ctx: JobContext) -> JobResult {
    ctx.cancelled().await;
    Err(JobError::cancelled().into())
}

/// Fails while the till is closed.
#[request(response = u64)]
#[derive(Debug)]
pub struct Book;

static TILL_IS_OPEN: AtomicBool = AtomicBool::new(false);

#[handler(retries = 0)]
async fn book(_: Book) -> JobResult<u64> {
    if TILL_IS_OPEN.load(Ordering::SeqCst) { Ok(5) } else { Err("the till is closed".into()) }
}

fn number(number: u64) -> Count {
    Count { number, fails: false }
}

fn failing() -> Count {
    Count { number: 0, fails: true }
}

#[tokio::test]
async fn a_continuation_reads_what_its_parents_returned() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let later = number(1).schedule_in(Duration::from_secs(60)).await.unwrap();
            let now = number(2).enqueue().await.unwrap();
            let sum = Sum.continue_after(&later).after(&now).await.unwrap();
            assert_eq!(sum.state().await.unwrap(), JobState::Awaiting);
            bench.clock.advance(Duration::from_secs(60));
            assert_eq!(patiently(sum.wait()).await.unwrap(), (Some(1), vec![Some(1), Some(2)]));

            // One that failed has returned nothing, and any end is awaited here.
            let failed = failing().enqueue().await.unwrap();
            let sum = Sum.continue_after(&failed).when(After::Finished).after(&now).await.unwrap();
            assert_eq!(patiently(sum.wait()).await.unwrap(), (None, vec![None, Some(2)]));

            let wrong = Misread.continue_after(&now).await.unwrap();
            let error = patiently(wrong.wait()).await.unwrap_err().to_string();
            assert!(error.contains(&format!("the result of job {} is no `bool`", now.id())), "{error}");
        })
        .await;
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_continuation_whose_condition_is_not_met_is_deleted_and_says_why() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let failed = failing().enqueue().await.unwrap();
            let never = Sum.continue_after(&failed).await.unwrap();
            let behind = Sum.continue_after(&never).await.unwrap();
            for job in [never, behind] {
                let error = patiently(job.wait()).await.unwrap_err().to_string();
                assert!(error.contains("continuation condition was not met"), "{error}");
                assert_eq!(job.state().await.unwrap(), JobState::Deleted);
            }
        })
        .await;
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn waiting_for_what_is_not_there_is_an_error_and_no_job() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let nobody = JobId::from_u128(7);
            let error = Sum.continue_after(nobody).await.unwrap_err();
            assert!(matches!(error, Error::Store(StoreError::Refused(Refusal::UnknownParent(_)))), "{error}");
            assert!(error.to_string().starts_with(&format!("job {nobody} does not exist")), "{error}");
            let error = Sum.enqueue().when(After::Failed).await.unwrap_err().to_string();
            assert!(error.starts_with("`when` says how a parent ends, and no parent was named"), "{error}");
            assert_eq!(boltjobs::client().stats().await.unwrap(), boltjobs::Stats::default());
        })
        .await;
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_batch_grows_from_inside_and_ends_with_its_last_job() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let batch = Batch::new("grows")
                .push(Split { parts: 5 })
                .nest(Batch::new("within").extend((0..3).map(number)))
                .on_success(Sum)
                .on_failure(Sum)
                .submit()
                .await
                .unwrap();
            let ended = patiently(batch.wait()).await.unwrap();
            assert_eq!((ended.state(), ended.total(), ended.succeeded()), (Some(JobState::Succeeded), 6, 6));
            let within = boltjobs::client().batch(ended.nested()[0]).await.unwrap().unwrap();
            assert_eq!((within.name(), within.parent(), within.total()), ("within", Some(batch.id()), 3));

            let error = batch.push(number(9)).await.unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("batch {} has ended, so no job can be added", batch.id())),
                "{error}"
            );
        })
        .await;
    let stats = bench.client().stats().await.unwrap();
    assert_eq!(stats.deleted, 1, "what waited for a failure");
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_batch_stops_what_runs_and_deletes_what_waits() {
    let bench = Bench::with(|builder| builder.workers(1)).await;
    bench
        .scope(async {
            let batch = Batch::new("stands").push(Stand).extend((0..3).map(number)).on_finish(Sum);
            let batch = batch.submit().await.unwrap();
            while boltjobs::client().stats().await.unwrap().processing == 0 {
                tokio::task::yield_now().await;
            }
            assert!(batch.cancel().await.unwrap());
            let ended = patiently(batch.wait()).await.unwrap();
            assert_eq!((ended.state(), ended.deleted()), (Some(JobState::Deleted), 4));
            assert_eq!(ended.cancelled(), Some("its batch was cancelled"));
            assert!(!batch.cancel().await.unwrap());
        })
        .await;
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_batch_with_a_fault_is_not_created() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let bad = Batch::new("bad").push(number(1)).push_job(number(2).enqueue().queue("No"));
            assert!(matches!(bad.submit().await.unwrap_err(), Error::Name(_)));
            for name in ["", "  ", &"x".repeat(201)] {
                let error = Batch::new(name).push(number(1)).submit().await.unwrap_err().to_string();
                assert!(error.ends_with("characters; give it 1 to 200"), "{error}");
            }
            let empty = Batch::new("empty").on_success(Sum).submit().await.unwrap();
            assert_eq!(patiently(empty.wait()).await.unwrap().state(), Some(JobState::Succeeded));
        })
        .await;
    assert_eq!(bench.client().batches(None, 9).await.unwrap().len(), 1);
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_failed_in_a_batch_runs_again_with_the_rest_of_it_as_a_new_batch() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let client = boltjobs::client();
            let batch = Batch::new("month").push(Stand).submit().await.unwrap();
            let well = batch.push(number(1)).await.unwrap();
            let booked = batch.push(Book).await.unwrap();
            let sum = batch.push(Sum.continue_after(&well).after(&booked)).await.unwrap();
            let last = batch.push(number(9).continue_after(&sum)).await.unwrap();
            let error = client.rerun(batch.id()).await.unwrap_err().to_string();
            assert_eq!(error, "the batch has not ended; wait until it has, or cancel it");
            patiently(last.wait()).await.unwrap_err();
            let stands =
                client.jobs().matching("state:processing").unwrap().list().await.unwrap().jobs[0].id();
            client.delete(stands).await.unwrap();
            let ended = patiently(batch.wait()).await.unwrap();

            let ids = |jobs: Vec<boltjobs::JobDetails>| jobs.iter().map(|job| job.id()).collect::<Vec<_>>();
            let failed = ids(client.rerun(batch.id()).dry_run().await.unwrap());
            assert_eq!(failed, [booked.id(), sum.id(), last.id()]);
            let from_well = client.rerun(batch.id()).from_job(well.id());
            assert_eq!(ids(from_well.dry_run().await.unwrap()), [well.id(), sum.id(), last.id()]);
            let elsewhere = number(3).enqueue().await.unwrap().id();
            let error = client.rerun(batch.id()).from_job(elsewhere).await.unwrap_err().to_string();
            assert_eq!(error, format!("job {elsewhere} is not in the batch, or its retention is over"));

            TILL_IS_OPEN.store(true, Ordering::SeqCst);
            let again = client.rerun(batch.id()).await.unwrap();
            let done = patiently(again.wait()).await.unwrap();
            assert_eq!(
                (done.state(), done.total(), done.name()),
                (Some(JobState::Succeeded), 3, "month, again")
            );
            let query = format!("batch:{}", again.id());
            let new = client.jobs().matching(&query).unwrap().list().await.unwrap().jobs;
            let old = sum.id().to_string();
            let new = new.iter().find(|job| job.meta()["boltjobs.rerun_of"] == old).unwrap().id();
            let new = client.job(new).await.unwrap().unwrap();
            assert_eq!(new.result().unwrap()[1], json!([1, 5]), "one from before, one from now");
            let error = client.rerun(again.id()).await.unwrap_err().to_string();
            assert!(error.starts_with("no job of the batch that is still kept has failed"), "{error}");
            assert_eq!(batch.details().await.unwrap(), ended, "what has ended stays as it is");
        })
        .await;
    bench.server.shutdown().await.unwrap();
}
