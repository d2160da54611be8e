//! What goes wrong on purpose.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use boltjobs::JobState;
use boltjobs::prelude::*;
use boltjobs::testing::*;

/// Counts how often its handlers ran.
#[derive(Default)]
struct Ledger(AtomicU32);

#[request]
#[derive(Debug)]
struct Charge {
    order: u32,
}

#[handler]
async fn charge(_: Charge, ledger: Data<Ledger>, ctx: JobContext) -> JobResult {
    let () = ctx
        .step("charge", || async {
            ledger.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    Ok(())
}

#[boltjobs::test]
async fn a_crash_before_the_outcome_is_stored_runs_the_job_again(jobs: TestJobs) {
    jobs.provide(Ledger::default());
    let job = Charge { order: 7 }.enqueue().await.unwrap();
    jobs.crash_at(CrashPoint::Before(StoreCall::Settle));
    let report = jobs.run_until_idle().await;
    assert_eq!((report.crashes(), report.attempts(), report.succeeded::<Charge>()), (1, 2, 1));
    assert_eq!(jobs.job(&job).await.attempts(), 1, "a crash is no attempt");
    // The step was stored, so that it is not done again.
    assert_eq!(jobs.perform(Charge { order: 7 }).await.steps().len(), 1);
}

#[boltjobs::test]
async fn a_crash_after_the_outcome_is_stored_changes_nothing(jobs: TestJobs) {
    jobs.provide(Ledger::default());
    Charge { order: 7 }.enqueue().await.unwrap();
    jobs.crash_at(CrashPoint::After(StoreCall::Settle));
    let report = jobs.run_until_idle().await;
    assert_eq!((report.crashes(), report.attempts(), report.succeeded::<Charge>()), (1, 1, 1));
}

#[boltjobs::test]
async fn a_crash_within_a_handler_runs_it_again(jobs: TestJobs) {
    jobs.provide(Ledger::default());
    let job = Charge { order: 7 }.enqueue().await.unwrap();
    jobs.begin().await;
    jobs.crash().await;
    assert_eq!(job.state().await.unwrap(), JobState::Enqueued);
    assert_eq!(jobs.run_until_idle().await.succeeded::<Charge>(), 1);
}

#[boltjobs::test]
async fn the_nth_call_fails_and_is_made_again(jobs: TestJobs) {
    jobs.provide(Ledger::default());
    Charge::enqueue_all([Charge { order: 1 }, Charge { order: 2 }]).await.unwrap();
    for call in [StoreCall::Claim, StoreCall::Note, StoreCall::Settle, StoreCall::Pause] {
        jobs.fail_nth(call, 1);
    }
    assert_eq!(jobs.drain().await.succeeded::<Charge>(), 2);
    assert_eq!(jobs.pending_faults(), ["a failure of pause, at the next call"]);
}

/// Notes something, and ends before it can have been written.
#[request]
#[derive(Debug)]
struct Brief;

#[handler]
async fn brief(_: Brief, ctx: JobContext) {
    ctx.progress(90, "nearly");
    tracing::info!("as good as done");
}

#[boltjobs::test]
async fn what_a_job_has_noted_outlasts_a_store_that_fails_as_it_ends(jobs: TestJobs) {
    let job = Brief.enqueue().await.unwrap();
    jobs.fail_nth(StoreCall::Note, 1);
    assert_eq!(jobs.drain().await.succeeded::<Brief>(), 1);
    let ended = jobs.job(&job).await;
    assert_eq!((ended.progress().unwrap().percent, ended.log().count()), (90, 1));
    assert!(jobs.pending_faults().is_empty());
}

#[boltjobs::test]
async fn the_test_itself_learns_of_a_failure(jobs: TestJobs) {
    jobs.fail_nth(StoreCall::Enqueue, 2);
    Charge { order: 1 }.enqueue().await.unwrap();
    let error = Charge { order: 2 }.enqueue().await.unwrap_err().to_string();
    assert!(error.contains("this call fails, as the test asked for"), "{error}");
    assert_not_enqueued!(jobs, Charge { order: 2 });
}

#[boltjobs::test]
async fn the_test_itself_learns_of_a_crash(jobs: TestJobs) {
    jobs.crash_at(CrashPoint::After(StoreCall::Enqueue));
    let error = Charge { order: 1 }.enqueue().await.unwrap_err().to_string();
    assert!(error.contains("the process crashed at this call"), "{error}");
    // It was stored all the same: whoever got no answer does not know.
    assert_enqueued!(jobs, Charge { order: 1 }, count = 1);
}

#[boltjobs::test]
async fn a_lease_can_expire(jobs: TestJobs) {
    jobs.provide(Ledger::default());
    let job = Charge { order: 7 }.enqueue().await.unwrap();
    jobs.begin().await;
    jobs.expire_lease(&job).await;
    let report = jobs.drain().await;
    assert_eq!(
        (report.attempts(), report.succeeded::<Charge>()),
        (1, 1),
        "the outcome of the first does not count"
    );
}

#[boltjobs::test]
async fn a_process_that_stood_still_has_lost_its_jobs(jobs: TestJobs) {
    jobs.provide(Ledger::default());
    let job = Charge { order: 7 }.enqueue().await.unwrap();
    jobs.begin().await;
    jobs.pause(Duration::from_secs(120)).await;
    jobs.run_until_idle().await;
    assert_eq!(job.state().await.unwrap(), JobState::Succeeded);
}

#[boltjobs::test]
#[should_panic(expected = "calls are counted from 1")]
async fn there_is_no_call_before_the_next(jobs: TestJobs) {
    jobs.fail_nth(StoreCall::Claim, 0);
}

#[test]
fn each_point_has_a_name() {
    let names: std::collections::BTreeSet<_> = CrashPoint::all().map(|point| point.to_string()).collect();
    assert_eq!(names.len(), 2 * StoreCall::ALL.len());
    assert!(names.contains("after settle"));
}
