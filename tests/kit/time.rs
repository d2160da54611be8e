//! The clock of a test.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
#[derive(Debug, PartialEq)]
struct Tick {
    number: u32,
}

#[handler]
async fn tick(_: Tick, ctx: JobContext) -> JobResult {
    ctx.id();
    Ok(())
}

#[request(recurring(id = "hourly", cron = "0 * * * *"))]
#[derive(Debug, Default)]
struct Hourly;

#[handler]
async fn hourly(_: Hourly) {}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(3600 * hours)
}

#[boltjobs::test]
async fn a_test_begins_on_a_thursday(jobs: TestJobs) {
    assert_eq!(jobs.now().to_rfc3339(), "2026-01-01T00:00:00+00:00");
    assert_eq!(jobs.next_due().await.unwrap().to_rfc3339(), "2026-01-01T01:00:00+00:00", "the hourly one");
}

#[boltjobs::test]
async fn due_jobs_run_each_at_its_time(jobs: TestJobs) {
    for number in [3, 1, 2] {
        Tick { number }.schedule_in(Duration::from_secs(number.into())).await.unwrap();
    }
    let report = jobs.advance(Duration::from_secs(2)).await;
    let ended: Vec<_> = report
        .transitions()
        .iter()
        .filter(|moved| moved.to().is_final())
        .map(|moved| (moved.at() - jobs.now()).num_seconds())
        .collect();
    assert_eq!(ended, [-1, 0]);
    assert_eq!(jobs.pending::<Tick>().await, [Tick { number: 3 }]);
}

#[boltjobs::test]
async fn recurring_definitions_fire_on_the_way_and_end_nothing(jobs: TestJobs) {
    assert_eq!(jobs.run_until_idle().await.passed(), Duration::ZERO);
    Tick { number: 1 }.schedule_in(hours(3)).await.unwrap();
    let report = jobs.run_until_idle().await;
    assert_eq!((report.succeeded::<Hourly>(), report.succeeded::<Tick>()), (3, 1));
    assert_eq!(jobs.advance(hours(24)).await.succeeded::<Hourly>(), 24);
    assert_eq!(jobs.skip_to_next().await.succeeded::<Hourly>(), 1);
    jobs.assert_idle().await;
}

#[boltjobs::test]
async fn time_passes_to_an_instant(jobs: TestJobs) {
    let noon = "2026-01-01T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(jobs.advance_to(noon).await.succeeded::<Hourly>(), 12);
    assert_eq!(jobs.now(), noon);
}

#[boltjobs::test]
#[should_panic(expected = "has passed: it is 2026-01-01T00:00:00Z in the test")]
async fn time_does_not_run_back(jobs: TestJobs) {
    jobs.advance_to(jobs.now() - hours(1)).await;
}

#[boltjobs::test]
async fn a_clock_that_is_set_forward_makes_jobs_due_at_once(jobs: TestJobs) {
    Tick { number: 1 }.schedule_in(hours(2)).await.unwrap();
    jobs.set_clock(jobs.now() + hours(2));
    let report = jobs.drain().await;
    assert_eq!((report.succeeded::<Tick>(), report.succeeded::<Hourly>()), (1, 1), "missed hours fire once");
}

/// It takes seconds, and no more.
#[boltjobs::test]
async fn a_month_of_minutes_passes(jobs: TestJobs) {
    Hourly.recurring("minutely", Cron::minutely()).await.unwrap();
    let report = jobs.advance(hours(24 * 30)).await;
    assert_eq!(report.succeeded::<Hourly>(), 30 * 24 * 60 + 30 * 24);
}
