//! What users write, statement by statement: every kind of job and every option that there is so far.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};
use chrono::{Datelike, TimeZone, Utc};

/// A request with everything said on it. What the producer decides stands here.
#[request(
    name = "school.enroll",
    aliases = ["registrar.enroll"],
    display = "Enroll {student} in {course}",
    queue = "registrar",
    priority = 5,
    concurrency_key = "course:{course}",
    response = Seat,
    tags = ["school"],
)]
#[derive(Debug, Clone)]
pub struct Enroll {
    pub student: u64,
    pub course: String,
    #[request(sensitive)]
    pub token: String,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Seat(pub u32);

/// What the worker decides stands on the handler.
#[handler(
    retries = 5,
    backoff = "exponential(2s, max = 10m)",
    timeout = "30s",
    concurrency = 16,
    concurrency_per_key = 4,
    rate_limit = "100/1m",
    on_exhausted = "fail"
)]
async fn enroll(request: Enroll, ctx: JobContext) -> JobResult<Seat> {
    if request.course.is_empty() {
        return Err(JobError::discard("a course needs a name").into());
    }
    if ctx.attempt() == 1 && request.course == "busy" {
        return Err(JobError::retry_in(Duration::from_secs(5), "registrar is busy").into());
    }
    if request.course == "not yet open" {
        return Err(JobError::snooze(Duration::from_secs(60)).into());
    }
    Ok(Seat(7))
}

/// Changed since jobs were queued: the chain of upcasts reads the old ones.
#[request(version = 2)]
#[derive(Debug)]
pub struct Invite {
    pub student: u64,
    pub language: String,
}

#[derive(serde::Deserialize)]
pub struct InviteV1 {
    student: u64,
}

#[upcast(from = 1)]
fn invite_from_v1(old: InviteV1) -> Invite {
    Invite { student: old.student, language: "en".into() }
}

#[handler]
async fn invite(_: Invite) -> JobResult {
    Ok(())
}

#[request]
#[derive(Debug, Default)]
pub struct NightlyReport;

/// A handler that blocks is a plain `fn`: it runs on the blocking pool.
#[handler]
fn nightly_report(_: NightlyReport) -> JobResult {
    Ok(())
}

#[request]
#[derive(Debug)]
pub struct SendWelcome {
    pub student: u64,
}

#[handler]
async fn send_welcome(request: SendWelcome) -> JobResult {
    tracing::info!(student = request.student, "welcome");
    Ok(())
}

async fn scheduling() -> boltjobs::Result<()> {
    let enroll = |student| Enroll { student, course: "Rust".into(), token: "s3cret".into() };

    // Fire and forget.
    let job: JobHandle<Enroll> = enroll(1).enqueue().await?;

    // Delayed, by a span or until an instant.
    enroll(2).schedule_in(Duration::from_secs(90)).await?;
    enroll(3).schedule_at(Utc.with_ymd_and_hms(2031, 1, 1, 8, 0, 0).unwrap()).await?;

    // Options of one job win over what the request and the handler say.
    enroll(4)
        .enqueue()
        .queue("express")
        .priority(50)
        .retries(1)
        .timeout(Duration::from_secs(5))
        .tag("vip")
        .meta("tenant", "oslo")
        .await?;

    // Many at once: one atomic, durable write.
    Enroll::enqueue_all((10..20).map(enroll)).await?;

    // Recurring, with every choice spelled out.
    SendWelcome { student: 0 }
        .recurring("greet", cron!("0 9 * * MON-FRI"))
        .timezone("America/New_York")
        .misfire(Misfire::FireAll { at_most: 10 })
        .dst(Dst::OncePerDay)
        .queue("mail")
        .await?;
    SendWelcome { student: 0 }.recurring("quarterly", "0 0 1 */3 *").await?;

    // What a schedule means, before anything is stored: the instants strictly after the one given, in UTC.
    let mondays: Vec<_> =
        Cron::parse("0 9 * * 1")?.upcoming(Utc::now(), chrono_tz::Europe::Oslo).take(3).collect();
    assert!(
        mondays.iter().all(|at| at.with_timezone(&chrono_tz::Europe::Oslo).weekday() == chrono::Weekday::Mon)
    );

    // The typed result.
    let seat: Seat = job.wait().await?;
    assert_eq!(seat, Seat(7));
    Ok(())
}

pub struct Gradebook {
    pub passed: Vec<u64>,
}

/// Built once at `start()`, in the order that their parameters demand; any handler may ask for it.
#[provider]
async fn gradebook() -> JobResult<Gradebook> {
    Ok(Gradebook { passed: vec![1, 2, 3] })
}

#[request(response = bool)]
#[derive(Debug)]
pub struct HasPassed {
    pub student: u64,
}

#[handler]
async fn has_passed(request: HasPassed, grades: Data<Gradebook>) -> JobResult<bool> {
    Ok(grades.passed.contains(&request.student))
}

#[on_start]
async fn warm_up(grades: Data<Gradebook>) -> JobResult {
    tracing::info!(students = grades.passed.len(), "ready");
    Ok(())
}

#[on_stop]
async fn say_goodbye() -> JobResult {
    Ok(())
}

async fn requestor() -> boltjobs::Result<()> {
    let passed: bool = HasPassed { student: 2 }.process().await?;
    assert!(passed);
    Ok(())
}

#[request]
#[derive(Debug)]
pub struct Crunch {
    pub rows: u64,
}

#[handler(timeout = "1h")]
async fn crunch(request: Crunch, ctx: JobContext) -> JobResult {
    for _ in 0..request.rows {
        if ctx.is_cancelled() {
            return Err(JobError::cancelled().into());
        }
    }
    Ok(())
}

async fn control() -> boltjobs::Result<()> {
    let job = Crunch { rows: 10 }.schedule_in(Duration::from_secs(3600)).await?;

    let client = boltjobs::client();
    let details = client.job(job.id()).await?.expect("just created");
    assert_eq!(details.state(), JobState::Scheduled);
    assert_eq!(details.history().len(), 1);

    // Each says whether it happened; `false` when the job is not in a state that allows it.
    assert!(client.reschedule(job.id(), Duration::from_secs(60)).await?);
    assert!(client.requeue(job.id()).await?); // to Enqueued, now
    client.delete(job.id()).await?;

    let page = client.jobs().state(JobState::Failed).limit(50).list().await?;
    if let Some(failed) = page.jobs.first() {
        panic!("{} {} {:?}", failed.id(), failed.title(), failed.last_error());
    }

    let definitions = client.recurring_jobs().await?;
    assert_eq!(
        definitions.iter().map(|definition| definition.id()).collect::<Vec<_>>(),
        ["greet", "quarterly"]
    );
    assert!(definitions.iter().all(|definition| definition.next_run().is_some()));
    let nightly = client.recurring("nightly-report");
    nightly.pause().await?;
    nightly.resume().await?;
    let none: Option<JobId> = nightly.trigger().await?;
    assert_eq!(none, None);
    nightly.remove().await?;

    let stats = client.stats().await?;
    assert_eq!(stats.failed, 0);
    Ok(())
}

#[tokio::test]
async fn what_users_write_does_what_it_says() {
    let bench = Bench::with(|builder| builder.workers(64).shutdown_timeout(Duration::from_secs(20))).await;
    let client = bench.client();
    patiently(client.scope(scheduling())).await.unwrap().unwrap();
    patiently(client.scope(requestor())).await.unwrap().unwrap();
    patiently(client.scope(control())).await.unwrap().unwrap();
    bench.server.shutdown().await.unwrap();
}
