//! Looking at jobs and steering them, as users write it, and what became of it.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Error, Server};
use boltjobs_tests::{Bench, patiently};

#[path = "contract/control.rs"]
#[rustfmt::skip]
mod control;

#[tokio::test]
async fn jobs_are_looked_at_and_steered_as_it_is_written() {
    let bench = Bench::start().await;
    patiently(bench.scope(control::tour())).await.unwrap();
    let jobs = bench.client().jobs().list().await.unwrap().jobs;
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert!(matches!(job.state(), JobState::Deleted | JobState::Succeeded), "{job:?}");
    assert!(!bench.client().queue("mail").is_paused().await.unwrap());
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_long_handler_keeps_its_steps_its_bar_and_its_log() {
    let bench = Bench::start().await;
    let job = bench.scope(async { control::Crunch { rows: 10 }.enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    let job = bench.job(job.id()).await;
    let [step] = job.steps() else { panic!("{job:?}") };
    assert_eq!((step.name.as_str(), &*step.result), ("load", &b"10"[..]));
    let [bar] = job.bars() else { panic!("{job:?}") };
    assert_eq!((bar.name.as_str(), bar.done, bar.total), ("rows", 10, 10));
    let log: Vec<_> = job.log().map(|line| line.message.as_str()).collect();
    assert_eq!(log, ["this line shows up in the job's own log"]);
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_failed_is_requeued_and_what_is_paused_is_explained() {
    let bench = Bench::start().await;
    let client = bench.client();
    let mail = client.queue("mail");
    assert!(mail.pause().await.unwrap());
    assert!(!mail.pause().await.unwrap(), "it is paused already");
    let job = bench.scope(async { control::Crunch { rows: 1 }.enqueue().queue("mail").await.unwrap() }).await;
    let why = client.explain(job.id()).await.unwrap();
    assert!(why.to_string().contains("`mail` is paused"), "{why}");
    assert!(mail.resume().await.unwrap());
    patiently(job.wait()).await.unwrap();
    assert!(matches!(client.queue("No").pause().await, Err(Error::Name(_))));
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_is_configured_as_it_is_written() {
    // The store is below the working directory; no other test of this program looks at it.
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    patiently(control::configured()).await.unwrap();
    assert!(folder.path().join("data/jobs/db").exists());
    // It has let go of everything, so it can be started again at once.
    patiently(control::configured()).await.unwrap();
    let again: Server = boltjobs::builder()
        .store("sled:data/jobs")
        .shutdown_timeout(Duration::from_secs(1))
        .start()
        .await
        .unwrap();
    again.shutdown().await.unwrap();
}
