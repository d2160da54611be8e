use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;

use crate::program::{Bank, Charge, Nightly, Remind, SendReceipt, sign_up};

#[boltjobs::test]
async fn a_reminder_goes_out_after_an_hour(jobs: TestJobs) {
    sign_up(7, "Rust").await.unwrap();
    assert_scheduled!(jobs, Remind { student: 7, .. }, in = Duration::from_secs(3600));

    let report = jobs.advance(Duration::from_secs(3600)).await;
    assert_eq!(report.succeeded::<Remind>(), 1);
}

#[boltjobs::test]
async fn one_reminder_for_each_course(jobs: TestJobs) -> boltjobs::Result<()> {
    for course in ["Rust", "Go", "Rust"] {
        Remind { student: 7, course: course.into() }.enqueue().queue("mail").tag("school").await?;
    }

    assert_enqueued!(jobs, Remind { .. }, queue = "mail", tag = "school");
    assert_enqueued!(jobs, Remind { student: 3 + 4, course: "Rust" }, count = 2);
    assert_enqueued!(jobs, Remind { student: _, course: "Go" }, in = Duration::ZERO);
    assert_not_enqueued!(jobs, Remind { student: 8, .. });
    assert_not_enqueued!(jobs, SendReceipt { .. });

    let ids = assert_enqueued!(jobs, Remind { course: "Go", .. });
    assert_eq!(jobs.job(ids[0]).await.title(), "Remind 7 of Go");
    Ok(())
}

#[boltjobs::test]
#[should_panic(expected = r#"no `Remind { student: 8, course: "Rust" }` is enqueued
  the nearest of 1 job of `guide::Remind`:
  - Scheduled `Remind 7 of Go`, due in 3600s
      student: 7, and not 8
      course: "Go", and not "Rust"
      queue: "default", and not "mail"
  besides, there is 1 job of `guide::Charge`"#)]
async fn what_a_failure_says(jobs: TestJobs) {
    sign_up(7, "Go").await.unwrap();
    Charge { order: 17 }.enqueue().await.unwrap();
    assert_enqueued!(jobs, Remind { student: 8, course: "Rust" }, queue = "mail");
}

#[boltjobs::test]
async fn an_unlucky_reminder_is_tried_again(jobs: TestJobs) {
    let job = Remind { student: 13, course: "Rust".into() }.enqueue().await.unwrap();

    let report = jobs.run_until_idle().await;
    assert_eq!((report.attempts(), report.failed_attempts(), report.succeeded::<Remind>()), (3, 2, 1));
    assert_eq!(report.passed(), Duration::from_secs(20), "{report}");
    assert_eq!(report.errors(), ["unlucky", "unlucky"]);

    assert_eq!(jobs.job(&job).await.attempts(), 3);
    jobs.assert_idle().await;
}

#[boltjobs::test]
#[should_panic(expected = "2026-01-01T00:00:10Z #1 `Remind 13 of Rust`: Scheduled to Enqueued")]
async fn what_a_report_says(jobs: TestJobs) {
    Remind { student: 13, course: "Rust".into() }.enqueue().await.unwrap();
    let report = jobs.run_until_idle().await;
    assert_eq!(report.failed_attempts(), 0, "\n{report}");
}

#[boltjobs::test]
async fn the_first_attempt_fails(jobs: TestJobs) {
    let request = || Remind { student: 13, course: "Rust".into() };

    let run = jobs.perform(request()).await;
    assert_eq!(run.error().unwrap(), "unlucky");
    assert_eq!(run.retry_in(), Some(Duration::from_secs(10)));

    assert!(jobs.perform(request()).attempt(3).await.is_success());

    let run = jobs.perform(request()).with(|job| job.retries(0)).await;
    assert!(run.is_failure() && run.retry_in().is_none());
}

/// Remembers what it was asked for, and takes the money once for each key.
#[derive(Default)]
pub struct FakeBank(Mutex<BTreeMap<String, u64>>);

impl FakeBank {
    pub fn charged(&self) -> Vec<u64> {
        self.0.lock().unwrap().values().copied().collect()
    }
}

impl Bank for FakeBank {
    fn charge(&self, key: &str, order: u64) -> Result<u64, String> {
        self.0.lock().unwrap().insert(key.to_owned(), order);
        Ok(1000 + order)
    }
}

pub fn fake_bank(jobs: &TestJobs) -> Arc<FakeBank> {
    let bank = Arc::new(FakeBank::default());
    jobs.provide::<Arc<dyn Bank>>(Arc::clone(&bank) as _);
    bank
}

#[boltjobs::test]
async fn an_order_is_charged(jobs: TestJobs) {
    let bank = fake_bank(&jobs);
    let run = jobs.perform(Charge { order: 17 }).await;

    assert_eq!(run.response(), Some(1017));
    assert_eq!(run.took(), Duration::from_secs(2));
    assert_eq!(bank.charged(), [17]);
    assert_scheduled!(jobs, SendReceipt { number: 1017 }, in = Duration::from_secs(60));
}

#[boltjobs::test]
async fn the_second_attempt_charges_nothing(jobs: TestJobs) {
    let bank = fake_bank(&jobs);
    let run = jobs.perform(Charge { order: 17 }).attempt(2).after_step("charge", &1017).await;

    assert!(run.is_success());
    assert!(bank.charged().is_empty());
}

#[boltjobs::test]
async fn a_provider_that_is_not_replaced(jobs: TestJobs) {
    let run = jobs.perform(Charge { order: 17 }).await;
    assert!(run.error().unwrap().ends_with("put another value in its place with `jobs.provide(value)`"));
}

#[boltjobs::test]
async fn a_receipt_follows(jobs: TestJobs) {
    fake_bank(&jobs);
    let charge = Charge { order: 17 }.enqueue().await.unwrap();

    let ended = jobs.wait_for(&charge).await;
    assert_eq!(ended.state(), JobState::Succeeded);
    assert_eq!(charge.wait().await.unwrap(), 1017);
    assert_eq!(jobs.pending::<SendReceipt>().await, [SendReceipt { number: 1017 }]);

    let report = jobs.run_until_idle().await;
    assert_eq!(report.succeeded::<SendReceipt>(), 1);
}

#[boltjobs::test(with = |builder| builder.workers(1))]
async fn one_after_the_other(jobs: TestJobs) {
    fake_bank(&jobs);
    Charge::enqueue_all([Charge { order: 1 }, Charge { order: 2 }]).await.unwrap();
    assert_eq!(jobs.drain().await.passed(), Duration::from_secs(4));
}

#[boltjobs::test]
async fn a_night_has_one_nightly(jobs: TestJobs) {
    Nightly.recurring("nightly", cron!("30 2 * * *")).await.unwrap();
    assert_eq!(jobs.skip_to_next().await.succeeded::<Nightly>(), 1);
}
