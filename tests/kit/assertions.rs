//! What assertions say when they fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request(display = "Remind {student}")]
#[derive(Debug, PartialEq)]
struct Remind {
    student: u64,
    text: String,
}

#[handler]
async fn remind(_: Remind) {}

#[request]
#[derive(Debug)]
enum Course {
    Open(String, u32),
    Close { name: Option<String> },
    Audit,
}

#[handler]
async fn course(_: Course) {}

fn remind_of(student: u64, text: &str) -> Remind {
    Remind { student, text: text.into() }
}

/// Returns what an assertion says that fails.
fn said(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[boltjobs::test]
async fn fields_are_compared_with_any_expression(jobs: TestJobs) {
    remind_of(7, "homework").enqueue().queue("mail").priority(3).tag("school").await.unwrap();
    let (student, text) = (7, String::from("homework"));
    assert_enqueued!(jobs, Remind { student, text: text });
    assert_enqueued!(jobs, Remind { student: 3 + 4, text: "homework" });
    assert_enqueued!(
        jobs,
        Remind { student: _, .. },
        queue = "mail",
        priority = 3,
        tag = "school",
        count = 1,
    );
    let found = assert_enqueued!(jobs, Remind { .. });
    assert_eq!(jobs.job(found[0]).await.title(), "Remind 7");
    assert_not_enqueued!(jobs, Remind { student: 7, .. }, queue = "default");
}

#[boltjobs::test]
async fn each_form_of_a_request_can_be_expected(jobs: TestJobs) {
    Course::Open("Rust".into(), 20).enqueue().await.unwrap();
    Course::Close { name: Some("Go".into()) }.enqueue().await.unwrap();
    assert_enqueued!(jobs, Course::Open("Rust", 20));
    assert_enqueued!(jobs, Course::Open(_, 20));
    assert_enqueued!(jobs, Course::Open(..));
    assert_enqueued!(jobs, Course::Close { name: Some("Go".to_owned()) });
    assert_not_enqueued!(jobs, Course::Audit);
    assert_not_enqueued!(jobs, Course::Open("Rust", 21));
}

#[boltjobs::test]
async fn what_is_ready_was_due_at_once(jobs: TestJobs) {
    remind_of(7, "").enqueue().await.unwrap();
    assert_enqueued!(jobs, Remind { student: 7, .. }, in = Duration::ZERO);
    remind_of(8, "").schedule_in(Duration::from_secs(60)).await.unwrap();
    let at = jobs.now() + Duration::from_secs(61);
    assert_enqueued!(jobs, Remind { student: 8, .. }, at = at, within = Duration::from_secs(1));
    assert_scheduled!(jobs, Remind { student: 8, .. }, in = Duration::from_secs(60));
}

#[boltjobs::test]
async fn a_failure_shows_the_nearest_jobs(jobs: TestJobs) {
    remind_of(7, "homework").schedule_in(Duration::from_secs(3600)).await.unwrap();
    remind_of(9, "homework").enqueue().tag("school").await.unwrap();
    for student in 10..15 {
        remind_of(student, "exam").enqueue().await.unwrap();
    }
    Course::Audit.enqueue().await.unwrap();
    let said = said(|| {
        assert_enqueued!(jobs, Remind { student: 8, text: "homework" }, queue = "mail", tag = "school");
    });
    insta::assert_snapshot!(said, @r#"
    no `Remind { student: 8, text: "homework" }` is enqueued
      the nearest of 7 jobs of `kit::Remind`:
      - Enqueued `Remind 9`
          student: 9, and not 8
          queue: "default", and not "mail"
      - Scheduled `Remind 7`, due in 3600s
          student: 7, and not 8
          queue: "default", and not "mail"
          tags: [], and not one that is "school"
      - Enqueued `Remind 10`
          student: 10, and not 8
          text: "exam", and not "homework"
          queue: "default", and not "mail"
          tags: [], and not one that is "school"
      besides, there is 1 job of `kit::Course`
    "#);
}

#[boltjobs::test]
async fn a_job_at_another_time_is_shown(jobs: TestJobs) {
    remind_of(7, "exam").schedule_in(Duration::from_secs(3600)).await.unwrap();
    remind_of(7, "exam").enqueue().await.unwrap();
    let said = said(|| {
        assert_scheduled!(jobs, Remind { student: 7, .. }, in = Duration::from_secs(60));
    });
    insta::assert_snapshot!(said, @r#"
    no `Remind { student: 7, .. }` is scheduled
      the nearest of 2 jobs of `kit::Remind`:
      - Scheduled `Remind 7`, due in 3600s
          due: 2026-01-01T01:00:00Z, and not 2026-01-01T00:01:00Z
      - Enqueued `Remind 7`
          state: Enqueued, and not Scheduled
          due: 2026-01-01T00:00:00Z, and not 2026-01-01T00:01:00Z
    "#);
}

#[boltjobs::test]
async fn an_empty_store_is_said_to_be(jobs: TestJobs) {
    let said = said(|| {
        assert_enqueued!(jobs, Remind { student: 7, .. });
    });
    insta::assert_snapshot!(said, @r#"
    no `Remind { student: 7, .. }` is enqueued
      there is no job of `kit::Remind`
    "#);
}

#[boltjobs::test]
async fn a_job_that_should_not_be_there_is_shown(jobs: TestJobs) {
    remind_of(7, "homework").schedule_in(Duration::from_secs(60)).await.unwrap();
    remind_of(8, "homework").enqueue().await.unwrap();
    let said = said(|| {
        assert_not_enqueued!(jobs, Remind { student: 7, .. });
    });
    insta::assert_snapshot!(said, @r#"
    `Remind { student: 7, .. }` is enqueued, and should not be
      - Scheduled `Remind 7`, due in 60s
    "#);
}

#[boltjobs::test]
async fn a_wrong_number_is_shown(jobs: TestJobs) {
    Course::enqueue_all([Course::Audit, Course::Audit, Course::Open("Rust".into(), 1)]).await.unwrap();
    let said = said(|| {
        assert_enqueued!(jobs, Course::Audit, count = 3);
    });
    insta::assert_snapshot!(said, @r#"
    `Course::Audit` is enqueued 2 times, and not 3 times
      the nearest of 3 jobs of `kit::Course`:
      - Enqueued `kit::Course`
      - Enqueued `kit::Course`
      - Enqueued `kit::Course`
          another variant, and not Course::Audit
    "#);
}

#[boltjobs::test]
#[should_panic(
    expected = "1 job left, where none should be:\n  Scheduled `Remind 7`: it is scheduled for 2026-01-01T00:01:00Z"
)]
async fn jobs_that_are_left_are_listed(jobs: TestJobs) {
    remind_of(7, "exam").schedule_in(Duration::from_secs(60)).await.unwrap();
    jobs.assert_idle().await;
}
