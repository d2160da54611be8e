//! Letting jobs run.

use std::time::Duration;

use boltjobs::JobState;
use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
#[derive(Debug)]
struct Ping;

#[handler]
async fn ping(_: Ping) {}

/// Sleeps, then enqueues the next, one shorter.
#[request]
#[derive(Debug)]
struct Chain {
    left: u64,
    delay: u64,
}

#[handler]
async fn chain(request: Chain) -> JobResult {
    tokio::time::sleep(Duration::from_secs(60)).await;
    let Some(left) = request.left.checked_sub(1) else { return Ok(()) };
    let next = Chain { left, ..request };
    if next.delay > 0 {
        next.schedule_in(Duration::from_secs(request.delay)).await?;
    } else {
        next.enqueue().await?;
    }
    Ok(())
}

#[request(queue = "slow")]
#[derive(Debug)]
struct Block;

#[handler]
fn block(_: Block) {
    std::thread::sleep(Duration::from_millis(5));
}

#[request]
#[derive(Debug)]
struct Stuck;

#[handler]
async fn stuck(_: Stuck) {
    std::future::pending::<()>().await;
}

#[boltjobs::test]
async fn nothing_runs_by_itself(jobs: TestJobs) {
    Ping.enqueue().await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_enqueued!(jobs, Ping);
    let report = jobs.drain().await;
    assert_eq!((report.succeeded::<Ping>(), report.attempts(), report.failed_attempts()), (1, 1, 0));
    assert_eq!(jobs.drain().await.attempts(), 0);
    jobs.assert_idle().await;
}

#[boltjobs::test]
async fn a_drain_runs_what_handlers_enqueue_and_leaves_what_is_due_later(jobs: TestJobs) {
    Chain { left: 2, delay: 0 }.enqueue().await.unwrap();
    Ping.schedule_in(Duration::from_secs(1_000)).await.unwrap();
    let report = jobs.drain().await;
    assert_eq!((report.succeeded::<Chain>(), report.enqueued::<Chain>()), (3, 2));
    assert_eq!(report.passed(), Duration::from_secs(180), "handlers take their time");
    assert_scheduled!(jobs, Ping, in = Duration::from_secs(820));
}

#[boltjobs::test]
async fn a_cascade_is_followed_until_nothing_is_left(jobs: TestJobs) {
    Chain { left: 2, delay: 7 * 24 * 3600 }.enqueue().await.unwrap();
    let report = jobs.run_until_idle().await;
    assert_eq!(report.succeeded::<Chain>(), 3);
    assert_eq!(report.passed(), Duration::from_secs(2 * 7 * 24 * 3600 + 180));
    jobs.assert_idle().await;
}

#[boltjobs::test]
async fn a_job_is_waited_for_without_a_race(jobs: TestJobs) {
    let late = Ping.schedule_in(Duration::from_secs(5)).await.unwrap();
    let later = Ping.schedule_in(Duration::from_secs(50)).await.unwrap();
    assert_eq!(jobs.wait_for(&late).await.state(), JobState::Succeeded);
    assert_eq!(jobs.wait_for(late.id()).await.state(), JobState::Succeeded, "it has ended before");
    assert_eq!(later.state().await.unwrap(), JobState::Scheduled);
}

#[boltjobs::test]
async fn code_that_waits_for_a_job_lets_it_run(jobs: TestJobs) {
    let chain = Chain { left: 1, delay: 10 }.enqueue().await.unwrap();
    chain.wait().await.unwrap();
    assert_eq!(chain.state().await.unwrap(), JobState::Succeeded);
    assert_scheduled!(jobs, Chain { left: 0, .. });
}

#[boltjobs::test]
#[should_panic(expected = "does not end: it is Enqueued")]
async fn waiting_for_what_never_ends_says_why(jobs: TestJobs) {
    jobs.client().queue("slow").pause().await.unwrap();
    let job = Block.enqueue().await.unwrap();
    jobs.wait_for(&job).await;
}

#[boltjobs::test]
async fn blocking_handlers_are_waited_for(jobs: TestJobs) {
    Block::enqueue_all([Block, Block]).await.unwrap();
    assert_eq!(jobs.advance(Duration::ZERO).await.succeeded::<Block>(), 2);
}

#[boltjobs::test]
async fn jobs_that_run_can_be_looked_at(jobs: TestJobs) {
    let job = Chain { left: 0, delay: 0 }.enqueue().await.unwrap();
    let begun = jobs.begin().await;
    assert_eq!((begun.attempts(), begun.succeeded::<Chain>()), (1, 0));
    assert_eq!(job.state().await.unwrap(), JobState::Processing);
    assert_eq!(jobs.advance(Duration::from_secs(59)).await.succeeded::<Chain>(), 0);
    assert_eq!(jobs.advance(Duration::from_secs(1)).await.succeeded::<Chain>(), 1);
}

#[boltjobs::test]
async fn a_job_that_runs_can_be_cancelled(jobs: TestJobs) {
    let job = Stuck.enqueue().await.unwrap();
    jobs.begin().await;
    job.delete().await.unwrap();
    let report = jobs.drain().await;
    assert_eq!(report.deleted::<Stuck>(), 1);
    assert_eq!(report.passed(), Duration::from_secs(30), "its grace");
}

#[boltjobs::test]
#[should_panic(
    expected = "handlers have run for a day of the test's time, and nothing happens: `kit::Stuck`"
)]
async fn a_handler_that_never_ends_is_named(jobs: TestJobs) {
    Stuck.enqueue().await.unwrap();
    jobs.drain().await;
}

#[boltjobs::test(with = |builder| builder.workers(1))]
async fn the_server_can_be_set_up(jobs: TestJobs) {
    Chain::enqueue_all([Chain { left: 0, delay: 0 }, Chain { left: 0, delay: 0 }]).await.unwrap();
    assert_eq!(jobs.drain().await.passed(), Duration::from_secs(120), "one after the other");
}

#[boltjobs::test]
async fn a_report_lists_what_happened(jobs: TestJobs) {
    Ping.enqueue().await.unwrap();
    let report = jobs.drain().await;
    insta::assert_snapshot!(report.to_string(), @r"
    2026-01-01T00:00:00Z #1 `kit::Ping`: Enqueued to Processing
    2026-01-01T00:00:00Z #1 `kit::Ping`: Processing to Succeeded
    ");
    assert_eq!(report.transitions().len(), 2);
}
