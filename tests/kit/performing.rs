//! One handler alone.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
#[derive(Debug)]
struct Pong;

#[handler]
async fn pong(_: Pong) {}

#[request(response = u64)]
#[derive(Debug)]
struct Double {
    number: u64,
}

#[handler(retries = 2, backoff = "list(10s, 1m)")]
async fn double(request: Double, ctx: JobContext) -> JobResult<u64> {
    match request.number {
        0 => Err("nothing to double".into()),
        1 => Err(JobError::discard("one is refused").into()),
        2 => Err(JobError::snooze(Duration::from_secs(5)).into()),
        3 => panic!("three"),
        number => {
            tracing::info!("doubling {number}");
            ctx.progress(50, "half");
            tokio::time::sleep(Duration::from_secs(90)).await;
            Pong.enqueue().await?;
            Ok(2 * number)
        }
    }
}

#[request(response = String)]
#[derive(Debug)]
struct Steps;

#[handler]
async fn steps(_: Steps, ctx: JobContext) -> JobResult<String> {
    let first: String = ctx.step("first", || async { Ok("made".to_owned()) }).await?;
    let tenant = ctx.meta("tenant").unwrap_or("none").to_owned();
    ctx.step("second", || async { Ok(format!("{first} for {tenant}")) }).await
}

#[boltjobs::test]
async fn a_success_tells_everything(jobs: TestJobs) {
    let run = jobs.perform(Double { number: 21 }).await;
    assert!(run.is_success() && !run.is_failure());
    assert_eq!(run.response(), Some(42));
    assert_eq!(run.took(), Duration::from_secs(90));
    assert_eq!(run.progress().unwrap().percent, 50);
    assert_eq!(run.log().next().unwrap().message, "doubling 21");
    // What it enqueued is there, and has not run.
    assert_enqueued!(jobs, Pong, count = 1);
    assert_not_enqueued!(jobs, Double { .. });
}

#[boltjobs::test]
async fn a_failure_says_what_would_follow(jobs: TestJobs) {
    let attempt = |attempt| jobs.perform(Double { number: 0 }).attempt(attempt);
    let (first, second, last) = (attempt(1).await, attempt(2).await, attempt(3).await);
    assert_eq!(first.error().unwrap(), "nothing to double");
    let delays = [first.retry_in(), second.retry_in(), last.retry_in()];
    assert_eq!(delays, [Some(Duration::from_secs(10)), Some(Duration::from_secs(60)), None]);
    assert!(last.is_failure());

    let once = jobs.perform(Double { number: 0 }).with(|job| job.retries(0)).await;
    assert_eq!(once.retry_in(), None);
    let refused = jobs.perform(Double { number: 1 }).await;
    assert!(refused.is_failure() && refused.retry_in().is_none());
    assert_eq!(jobs.perform(Double { number: 2 }).await.snoozed_for(), Some(Duration::from_secs(5)));
    assert!(jobs.perform(Double { number: 3 }).await.error().unwrap().contains("three"));
}

#[boltjobs::test]
async fn it_goes_on_behind_a_step(jobs: TestJobs) {
    let run = jobs.perform(Steps).with(|job| job.meta("tenant", "7")).await;
    assert_eq!(run.response().unwrap(), "made for 7");
    let run = jobs.perform(Steps).attempt(2).after_step("first", &"kept").await;
    assert_eq!(run.response().unwrap(), "kept for none");
    let steps: Vec<_> = run.steps().iter().map(|step| (step.name.as_str(), step.attempt)).collect();
    assert_eq!(steps, [("first", 1), ("second", 2)]);
}

#[boltjobs::test]
async fn others_stay_where_they_are(jobs: TestJobs) {
    Pong.enqueue().await.unwrap();
    assert!(jobs.perform(Pong).await.is_success());
    assert_enqueued!(jobs, Pong, count = 1);
}
