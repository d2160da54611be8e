//! A request that has changed twice, and the jobs that older releases left. The program checks itself, and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{MemoryStore, Store, Timestamp};
// What stores speak. A program needs it only to write what it would not write itself.
use boltjobs_core::job::{JobSpec, NewJob};

/// As it is today. Version 1 knew the student alone, version 2 the language too.
#[request(name = "mail.invite", version = 3, response = String)]
#[derive(Debug)]
pub struct Invite {
    pub student: u64,
    pub greeting: String,
    // Old jobs can do without it, so it needed no version of its own.
    #[serde(default)]
    pub urgent: bool,
}

// The old shapes, under other names. They are only read.

#[derive(serde::Deserialize)]
struct InviteV1 {
    student: u64,
}

#[derive(serde::Deserialize)]
struct InviteV2 {
    student: u64,
    language: String,
}

#[upcast(from = 1)]
fn invite_from_v1(old: InviteV1) -> InviteV2 {
    InviteV2 { student: old.student, language: "en".into() }
}

// One that can fail returns a `Result`. The job then ends in Failed, and can be requeued once this is mended.
#[upcast(from = 2)]
fn invite_from_v2(old: InviteV2) -> JobResult<Invite> {
    let greeting = match old.language.as_str() {
        "en" => "Hello",
        "no" => "Hei",
        other => return Err(format!("no greeting in `{other}`").into()),
    };
    Ok(Invite { student: old.student, greeting: greeting.into(), urgent: false })
}

#[handler]
async fn invite(request: Invite) -> JobResult<String> {
    Ok(format!("{}, student {}!", request.greeting, request.student))
}

/// Stores a job as the release wrote it whose request had this version.
async fn left_by(version: u32, payload: &str, store: &dyn Store) -> boltjobs::Result<JobId> {
    static STORED: AtomicU64 = AtomicU64::new(1);
    let id = JobId::from_u128(STORED.fetch_add(1, Ordering::Relaxed).into());
    let spec = JobSpec { version, ..JobSpec::new("mail.invite", payload.as_bytes()) };
    store
        .enqueue(
            vec![NewJob { id, spec: spec.into(), start_at: None }],
            Timestamp::EPOCH,
        )
        .await?;
    Ok(id)
}

async fn until_it_ends(id: JobId) -> boltjobs::Result<boltjobs::JobDetails> {
    loop {
        let job = boltjobs::client().job(id).await?.expect("it was stored");
        if job.state().is_final() {
            return Ok(job);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    tracing_subscriber::fmt::init();

    let store = Arc::new(MemoryStore::new());
    let first = left_by(1, r#"{"student":7}"#, &*store).await?;
    let second = left_by(2, r#"{"student":8,"language":"no"}"#, &*store).await?;
    let third = left_by(3, r#"{"student":9,"greeting":"Welcome"}"#, &*store).await?;
    // From a release to come: no server here may touch it.
    let fourth = left_by(4, r#"{"student":10,"salutation":"Dear"}"#, &*store).await?;

    let server = boltjobs::builder()
        .store(Arc::clone(&store) as Arc<dyn Store>)
        .start()
        .await?;
    for (id, said) in [
        (first, "Hello, student 7!"),
        (second, "Hei, student 8!"),
        (third, "Welcome, student 9!"),
    ] {
        let job = until_it_ends(id).await?;
        println!(
            "version {}: {} became {:?}",
            job.version(),
            job.payload(),
            job.result()
        );
        assert_eq!(job.result(), Some(said.into()));
    }

    let waiting = boltjobs::client().job(fourth).await?.expect("it was stored");
    println!(
        "version {}: {}, after {} attempts",
        waiting.version(),
        waiting.state(),
        waiting.attempts()
    );
    assert_eq!((waiting.state(), waiting.attempts()), (JobState::Enqueued, 0));

    // What an upcast can't read is kept for people.
    let unreadable = left_by(2, r#"{"student":11,"language":"tlh"}"#, &*store).await;
    let failed = until_it_ends(unreadable?).await?;
    println!(
        "version {}: {}, {:?}",
        failed.version(),
        failed.state(),
        failed.last_error().map(ToString::to_string)
    );
    assert_eq!(failed.state(), JobState::Failed);

    server.shutdown().await
}
