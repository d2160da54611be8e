//! A disk that fills up under a server, and has room again.
//!
//! Each test runs itself as a child, as files of a whole process are kept from growing.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::future::{Future as _, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use boltjobs::prelude::*;
use boltjobs::{Client, Error, Server, StoreError};
use boltjobs_tests::{Child, patiently, role, say};
use rustix::process::{Resource, Rlimit, Signal, getpid, getrlimit, kill_process, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

/// What a process is sent whose file reached its limit, on every system that has it.
const XFSZ: i32 = 25;

/// Lets handlers be counted, and held.
#[derive(Debug)]
pub struct Doors {
    entered: Semaphore,
    open: Semaphore,
    runs: AtomicU32,
}

/// Says what it was given; an odd number as a step.
#[request(response = u32)]
#[derive(Debug)]
pub struct Echo {
    number: u32,
}

#[handler(retries = 0)]
async fn echo(request: Echo, ctx: JobContext, doors: Data<Arc<Doors>>) -> JobResult<u32> {
    doors.runs.fetch_add(1, Ordering::SeqCst);
    doors.entered.add_permits(1);
    doors.open.acquire().await?.forget();
    if request.number.is_multiple_of(2) {
        return Ok(request.number);
    }
    ctx.step("echo", async || Ok(request.number)).await
}

async fn start(folder: &Path) -> (Server, Arc<Doors>) {
    // A process that listens to this signal is not killed by it, and sees the write fail instead.
    let _ = signal(SignalKind::from_raw(XFSZ)).unwrap();
    let doors =
        Arc::new(Doors { entered: Semaphore::new(0), open: Semaphore::new(0), runs: AtomicU32::default() });
    let builder = boltjobs::builder().store(format!("sled:{}", folder.display())).workers(2);
    let server = builder.provide(Arc::clone(&doors)).start().await.unwrap();
    (server, doors)
}

/// Lets this process write nothing more into any file, or again.
fn room(is_there: bool) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = if is_there { maximum } else { Some(0) };
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

async fn entered(doors: &Doors, handlers: u32) {
    patiently(doors.entered.acquire_many(handlers)).await.unwrap().forget();
}

/// Waits until the store works, or does not.
async fn until(client: &Client, works: bool) {
    patiently(async {
        while client.stats().await.is_ok() != works {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Enqueues without room, and returns what that says. Some of it may still happen.
async fn refused(client: &Client, number: u32) -> String {
    let enqueued = client.scope(async { Echo { number }.enqueue().tag("refused").await }).await.unwrap();
    let error = enqueued.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Unavailable { .. })), "{error}");
    error.to_string()
}

/// Runs a test as a child, and says whether this is the child.
fn is_child(test: &str) -> bool {
    if role().is_some() {
        return true;
    }
    let mut child = Child::of(test, "without room", |command| command);
    child.expect("done");
    let (status, complaints) = child.end();
    assert!(status.success(), "{complaints}");
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_outlast_a_full_disk_and_each_job_runs_once() {
    if !is_child("outcomes_outlast_a_full_disk_and_each_job_runs_once") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, doors) = start(folder.path()).await;
    let client = server.client();
    let enqueue = async { Echo::enqueue_all((0..4).map(|number| Echo { number })).await.unwrap() };
    let jobs = client.scope(enqueue).await.unwrap();
    entered(&doors, 2).await;
    let mut waiting: Vec<_> = jobs.iter().map(|job| Box::pin(job.wait())).collect();
    for wait in &mut waiting {
        // Who waits has looked once, and is told of the end.
        assert!(poll_fn(|context| Poll::Ready(wait.as_mut().poll(context).is_pending())).await);
    }

    room(false);
    let told = refused(&client, 4).await;
    assert!(told.contains("for the size of files; then it goes on by itself"), "{told}");
    let may_happen = u64::from(told.contains("may still happen"));
    until(&client, false).await;
    let told = refused(&client, 5).await;
    assert!(!told.contains("may still happen"), "{told}");
    // What runs ends; what waits is not begun, as what comes of it could not be kept.
    doors.open.add_permits(2);
    patiently(async {
        while doors.open.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(doors.runs.load(Ordering::SeqCst), 2);

    room(true);
    until(&client, true).await;
    entered(&doors, 2).await;
    doors.open.add_permits(4);
    for (number, waiting) in (0..).zip(waiting) {
        assert_eq!(patiently(waiting).await.unwrap(), number);
    }
    let later = client.scope(async { Echo { number: 6 }.enqueue().await.unwrap() }).await.unwrap();
    doors.open.add_permits(1);
    assert_eq!(patiently(later.wait()).await.unwrap(), 6);
    for job in &jobs {
        let details = client.job(job.id()).await.unwrap().unwrap();
        assert_eq!((details.state(), details.attempts()), (JobState::Succeeded, 1));
    }
    assert_eq!(client.jobs().tag("refused").count().await.unwrap(), may_happen);
    patiently(server.shutdown()).await.unwrap();
    say("done");
}

#[tokio::test]
async fn a_server_without_room_stops_when_it_is_told_and_says_what_is_lost() {
    if !is_child("a_server_without_room_stops_when_it_is_told_and_says_what_is_lost") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, doors) = start(folder.path()).await;
    let client = server.client();
    let job = client.scope(async { Echo { number: 0 }.enqueue().await.unwrap() }).await.unwrap();
    entered(&doors, 1).await;
    room(false);
    refused(&client, 2).await;
    until(&client, false).await;
    doors.open.add_permits(1);
    let mut stopping = pin!(server.run_until_signal());
    tokio::select! {
        biased;
        _ = &mut stopping => panic!("nobody told it to stop"),
        () = tokio::task::yield_now() => {}
    }
    kill_process(getpid(), Signal::TERM).unwrap();
    let stopped = patiently(stopping).await.unwrap_err().to_string();
    assert!(stopped.contains("it was closed before that was done"), "{stopped}");

    room(true);
    let (server, doors) = start(folder.path()).await;
    doors.open.add_permits(2);
    entered(&doors, 1).await;
    let client = server.client();
    let succeeded = async {
        loop {
            let again = client.job(job.id()).await.unwrap().unwrap();
            if again.state() == JobState::Succeeded {
                return again.attempts();
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(patiently(succeeded).await, 1, "the attempt that was lost is given back");
    patiently(server.shutdown()).await.unwrap();
    say("done");
}
