//! A job that brings down its process is given up after some crashes, and can be asked for again.

use boltjobs::prelude::*;
use boltjobs_tests::{Child, patiently, role, say};

const STORE: &str = "BOLTJOBS_QUARANTINE_STORE";

/// Is at work whenever the process is killed.
#[request]
#[derive(Debug)]
pub struct Poison;

#[handler]
async fn poison(_: Poison, ctx: JobContext) {
    // A look is answered once everything before it is on disk, and so is the claim of this job.
    boltjobs::client().stats().await.unwrap();
    say(format!("attempt {}", ctx.attempt()));
    ctx.cancelled().await;
}

#[test]
fn a_job_that_was_running_in_five_crashes_is_failed_with_its_reason_until_it_is_asked_for_again() {
    let test = "quarantine::a_job_that_was_running_in_five_crashes_is_failed_with_its_reason_until_it_is_asked_for_again";
    if let Some(role) = role() {
        return child(&role);
    }
    let folder = tempfile::tempdir().unwrap();
    let begin = |role| Child::of(test, role, |command| command.env(STORE, folder.path().join("jobs")));
    for crash in 1..=5 {
        let mut child = begin(if crash == 1 { "enqueues" } else { "works" });
        // The attempt is given back, for the crash may have been the fault of another.
        child.expect("attempt 1");
        child.kill();
    }
    let mut child = begin("looks");
    child.expect("quarantined");
    child.expect("attempt 1");
    child.kill();
    let mut child = begin("works");
    child.expect("attempt 1");
    child.kill();
}

#[tokio::main]
async fn child(role: &str) {
    let store = format!("sled:{}", std::env::var(STORE).unwrap());
    let server = boltjobs::builder().store(store).start().await.unwrap();
    match role {
        "enqueues" => drop(Poison.enqueue().await.unwrap()),
        "looks" => look(&server.client()).await,
        _ => {}
    }
    patiently(std::future::pending()).await
}

async fn look(client: &boltjobs::Client) {
    let [job] = &client.jobs().list().await.unwrap().jobs[..] else { panic!("there is one job") };
    assert_eq!((job.state(), job.attempts()), (JobState::Failed, 1));
    let reason = job.history().last().unwrap().reason.as_deref();
    assert_eq!(reason, Some("the process ended while it ran"));
    let error = job.last_error().unwrap();
    assert_eq!(error.kind, "boltjobs::Quarantined");
    assert!(error.message.contains("in 5 crashes in a row") && error.message.contains("requeue"), "{error}");
    say("quarantined");
    assert!(client.requeue(job.id()).await.unwrap());
}

/// Brings its process down before anything else can happen.
#[request]
#[derive(Debug)]
pub struct Bomb;

#[handler]
async fn bomb(_: Bomb) {
    std::process::abort();
}

#[test]
fn a_job_that_brings_down_its_process_at_once_is_set_aside_all_the_same() {
    let test = "quarantine::a_job_that_brings_down_its_process_at_once_is_set_aside_all_the_same";
    if let Some(role) = role() {
        return bombed(&role);
    }
    let folder = tempfile::tempdir().unwrap();
    let begin = |role| Child::of(test, role, |command| command.env(STORE, folder.path().join("jobs")));
    // The first crash may come before its claim is written. From then on claims are written first.
    let crashes = (0..10).take_while(|crash| {
        let mut child = begin(if *crash == 0 { "enqueues" } else { "works" });
        let set_aside = std::iter::from_fn(|| child.next_line()).any(|line| line == "set aside");
        child.end();
        !set_aside
    });
    let crashes = crashes.count();
    assert!(crashes == 5 || crashes == 6, "{crashes} crashes");
}

#[tokio::main]
async fn bombed(role: &str) {
    let store = format!("sled:{}", std::env::var(STORE).unwrap());
    let server = boltjobs::builder().store(store).start().await.unwrap();
    if role == "enqueues" {
        let _ = Bomb.enqueue().await.unwrap().wait().await;
    }
    let [job] = &server.client().jobs().list().await.unwrap().jobs[..] else { panic!("there is one job") };
    if job.state() == JobState::Failed {
        say("set aside");
        return;
    }
    patiently(std::future::pending()).await
}
