//! Jobs whose request has changed since they were stored.

use std::sync::atomic::{AtomicBool, Ordering};

use boltjobs::prelude::*;
use boltjobs::{JobDetails, JobId};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_tests::{Bench, seconds};
use serde::Deserialize;

/// Has changed twice.
#[request(name = "invite", version = 3, response = String)]
#[derive(Debug)]
pub struct Invite {
    student: u64,
    language: String,
    greeting: String,
}

#[derive(Deserialize)]
struct InviteV1 {
    student: u64,
}

#[derive(Deserialize)]
struct InviteV2 {
    student: u64,
    language: String,
}

/// Whether what was wrong with the second upcast has been mended.
static MENDED: AtomicBool = AtomicBool::new(false);

#[upcast(from = 1)]
fn invite_from_v1(old: InviteV1) -> InviteV2 {
    InviteV2 { student: old.student, language: "en".to_owned() }
}

#[upcast(from = 2)]
fn invite_from_v2(old: InviteV2) -> JobResult<Invite> {
    let greeting = match old.language.as_str() {
        "en" => "Hello",
        "tlh" if MENDED.load(Ordering::SeqCst) => "nuqneH",
        "tlh" => return Err("no greeting in `tlh`".into()),
        language => panic!("never heard of {language}"),
    };
    Ok(Invite { student: old.student, language: old.language, greeting: greeting.to_owned() })
}

#[handler]
async fn invite(request: Invite) -> JobResult<String> {
    Ok(format!("{} {} ({})", request.greeting, request.student, request.language))
}

/// Holds a secret, and has always done so.
#[request(name = "log.in", version = 3)]
#[derive(Debug)]
pub struct LogIn {
    #[request(sensitive)]
    token: String,
}

#[derive(Deserialize)]
struct LogInV2 {
    token: u64,
}

#[upcast(from = 2)]
fn log_in_from_v2(old: LogInV2) -> Result<LogIn, String> {
    if old.token == 31337 {
        return Err(format!("what is {}?", old.token));
    }
    assert!(old.token != 42, "not {}", old.token);
    Ok(LogIn { token: old.token.to_string() })
}

#[handler]
async fn log_in(_: LogIn) {}

/// Has changed in a way that serde can read.
#[request(name = "plain", version = 2, response = u64)]
#[derive(Debug)]
pub struct Plain {
    student: u64,
    #[serde(default)]
    added: u64,
}

#[handler]
async fn plain(request: Plain) -> JobResult<u64> {
    Ok(request.student + request.added)
}

/// Stores what an older program, or a newer one, has left.
async fn left_behind(bench: &Bench, request: &str, version: u32, payload: &str) -> JobId {
    let id = JobId::from_u128(u128::from(version) + 100);
    let spec = JobSpec { version, ..JobSpec::new(request, payload.as_bytes()) };
    bench.store.enqueue(vec![NewJob { id, spec: spec.into(), start_at: None }], seconds(0)).await.unwrap();
    id
}

async fn failed(bench: &Bench, request: &str, version: u32, payload: &str) -> (JobDetails, String) {
    let id = left_behind(bench, request, version, payload).await;
    let failed = bench.until(id, JobState::Failed).await;
    assert_eq!(failed.attempts(), 1, "another attempt would not help");
    let row = failed.history().last().unwrap();
    assert_eq!(row.reason.as_deref(), Some("the payload does not decode; it is kept as it is"));
    let message = failed.last_error().unwrap().to_string();
    (failed, message)
}

#[tokio::test]
async fn an_old_payload_goes_through_the_upcasts_from_its_version_on() {
    for (version, payload) in [
        (1, r#"{"student": 7}"#),
        (2, r#"{"student": 7, "language": "en"}"#),
        (3, r#"{"student": 7, "language": "en", "greeting": "Hello"}"#),
    ] {
        let bench = Bench::start().await;
        let id = left_behind(&bench, "invite", version, payload).await;
        let done = bench.until(id, JobState::Succeeded).await;
        assert_eq!(done.result(), Some("Hello 7 (en)".into()));
        assert_eq!(done.version(), version, "it stays as it was stored");
        assert_eq!(done.payload(), serde_json::from_str::<serde_json::Value>(payload).unwrap());
    }
}

#[tokio::test]
async fn without_upcasts_an_old_payload_is_read_as_it_is() {
    let bench = Bench::start().await;
    let id = left_behind(&bench, "plain", 1, r#"{"student": 7}"#).await;
    assert_eq!(bench.until(id, JobState::Succeeded).await.result(), Some(7.into()));
}

#[tokio::test]
async fn an_upcast_that_fails_ends_the_job_which_can_be_requeued_once_it_is_mended() {
    let bench = Bench::start().await;
    let (job, message) = failed(&bench, "invite", 2, r#"{"student": 7, "language": "tlh"}"#).await;
    assert_eq!(
        message,
        "upcast `invite_from_v2` from version 2 failed: no greeting in `tlh`; mend it, and requeue the job"
    );
    assert_eq!(job.payload()["language"], "tlh");
    MENDED.store(true, Ordering::SeqCst);
    assert!(bench.client().requeue(job.id()).await.unwrap());
    let done = bench.until(job.id(), JobState::Succeeded).await;
    assert_eq!(done.result(), Some("nuqneH 7 (tlh)".into()));
}

#[tokio::test]
async fn an_upcast_that_panics_ends_the_job() {
    let bench = Bench::start().await;
    let (job, message) = failed(&bench, "invite", 2, r#"{"student": 7, "language": "xx"}"#).await;
    assert_eq!(message, "upcast `invite_from_v2` from version 2 panicked: never heard of xx");
    let backtrace = job.last_error().unwrap().backtrace.as_deref().unwrap();
    assert!(backtrace.contains("evolution.rs"), "{backtrace}");
}

#[tokio::test]
async fn an_old_payload_that_does_not_decode_names_the_field_the_version_and_the_upcast() {
    let bench = Bench::start().await;
    let (_, message) = failed(&bench, "invite", 1, r#"{"student": "seven"}"#).await;
    assert_eq!(
        message,
        "the payload can't be read as `evolution::InviteV1`, which upcast `invite_from_v1` takes for version 1: \
         field `student`: invalid type: string \"seven\", expected u64 at line 1 column 19; \
         the type must fit what that version stored"
    );
}

#[tokio::test]
async fn a_version_before_the_first_upcast_fails_at_once_and_says_what_to_add() {
    let bench = Bench::start().await;
    let (job, message) = failed(&bench, "log.in", 1, "{}").await;
    assert!(
        message.starts_with(
            "the payload has version 1, and the upcasts of `log.in` begin with version 2; \
             add #[upcast(from = 1)] to what `log_in_from_v2` at "
        ),
        "{message}"
    );
    assert_eq!(job.payload(), serde_json::json!({}));
}

#[tokio::test]
async fn with_secrets_about_nothing_that_an_upcast_met_is_quoted() {
    for (payload, said) in [
        (r#"{"token": "s3cret"}"#, "field `token`: it does not fit (its value is not shown"),
        (r#"{"token": 31337}"#, "upcast `log_in_from_v2` from version 2 failed (what it said is not shown"),
        (r#"{"token": 42}"#, "upcast `log_in_from_v2` from version 2 failed (what it said is not shown"),
    ] {
        let bench = Bench::start().await;
        let (job, message) = failed(&bench, "log.in", 2, payload).await;
        assert!(message.contains(said), "{message}");
        for secret in ["s3cret", "31337", "42"] {
            assert!(
                !format!("{:?}", job.last_error().map(|error| (&error.message, &error.causes)))
                    .contains(secret)
            );
        }
    }
}
