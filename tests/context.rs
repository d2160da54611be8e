//! What a handler notes while it runs: steps and progress.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Error, JobDetails};
use boltjobs_core::clock::Clock;
use boltjobs_tests::{Bench, Child, Flaky, patiently, role, say};
use tokio::sync::Semaphore;

/// What was done, in order; and what holds a handler up until it is told to go on.
#[derive(Debug, Clone)]
pub struct Log(Arc<Mutex<Vec<String>>>, Arc<Semaphore>);

impl Default for Log {
    fn default() -> Self {
        Self(Arc::default(), Arc::new(Semaphore::new(0)))
    }
}

impl Log {
    fn did(&self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    async fn pause(&self) {
        self.did("waits");
        self.1.acquire().await.unwrap().forget();
    }

    async fn until_it_waits(&self) {
        patiently(async {
            while self.all().last().is_none_or(|last| last != "waits") {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn go_on(&self) {
        self.1.add_permits(1);
    }
}

/// Imports something in steps, as it is told.
#[request(name = "import", response = u64)]
#[derive(Debug)]
pub struct Import {
    how: String,
}

#[handler(retries = 3, backoff = "fixed(10s)")]
async fn import(request: Import, ctx: JobContext, log: Data<Log>) -> JobResult<u64> {
    let done = |what: &'static str, value: u64| {
        let log = log.clone();
        move || async move {
            log.did(what);
            Ok(value)
        }
    };
    let (how, first) = (request.how.as_str(), ctx.attempt() == 1);
    let loaded: u64 = ctx.step("load", done("load", 7)).await?;
    match how {
        "the same name" => return ctx.step("load", done("load again", 1)).await,
        "no name" => return ctx.step("", done("nameless", 1)).await,
        "a long name" => return ctx.step("x".repeat(201), done("long", 1)).await,
        "too large" => {
            ctx.step("grow", || async { Ok("x".repeat(2_000)) }).await?;
        }
        "too large in the end" => return Ok(u64::MAX),
        "another type" => {
            let stored =
                if first { ctx.step("kind", || async { Ok("text".to_owned()) }).await?.len() } else { 0 };
            let number: u64 = if first { 0 } else { ctx.step("kind", done("kind", 1)).await? };
            assert!(!first, "once {stored} {number}");
        }
        "try again" => {
            let failed: JobResult<u64> = ctx.step("fetch", || async { Err("no route".into()) }).await;
            failed.unwrap_err();
            ctx.step("fetch", done("fetch", 1)).await?;
        }
        "wait" => {
            let kept = ctx.step("hold", || async {
                log.pause().await;
                Ok(1)
            });
            let told = match kept.await {
                Ok(_) => "kept".to_owned(),
                Err(failure) => format!("{failure}, cancelled: {}", ctx.is_cancelled()),
            };
            log.did(&told);
        }
        _ => {}
    }
    let checked: u64 = ctx
        .step("check", || async {
            log.did("check");
            if first && how == "fail" { Err("the second step failed".into()) } else { Ok(loaded + 1) }
        })
        .await?;
    Ok(loaded * 10 + checked)
}

async fn bench(log: &Log) -> Bench {
    Bench::with(|builder| builder.provide(log.clone()).max_result(1_000)).await
}

async fn start(bench: &Bench, how: &str) -> JobHandle<Import> {
    bench.scope(async { Import { how: how.to_owned() }.enqueue().await.unwrap() }).await
}

fn steps(details: &JobDetails) -> Vec<(&str, &[u8], u32)> {
    details.steps().iter().map(|step| (&*step.name, &*step.result, step.attempt)).collect()
}

/// Runs a job that ends in Failed at its first attempt, and returns why.
async fn fails(how: &str) -> (String, Log) {
    let log = Log::default();
    let bench = bench(&log).await;
    let job = start(&bench, how).await;
    let failed = bench.until(job.id(), JobState::Failed).await;
    assert_eq!(failed.attempts(), 1, "it is not tried again");
    (failed.last_error().unwrap().message.clone(), log)
}

#[tokio::test]
async fn a_step_that_has_finished_is_not_run_again_on_the_next_attempt() {
    let log = Log::default();
    let bench = bench(&log).await;
    let job = start(&bench, "fail").await;
    let retried = bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!(steps(&retried), [("load", &b"7"[..], 1)]);
    bench.clock.advance(Duration::from_secs(10));
    assert_eq!(patiently(job.wait()).await.unwrap(), 78);
    assert_eq!(log.all(), ["load", "check", "check"]);
    assert_eq!(steps(&bench.job(job.id()).await), [("load", &b"7"[..], 1), ("check", b"8", 2)]);

    // Whoever asks for it again wants all of it.
    assert!(job.requeue().await.unwrap());
    let retried = bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!(steps(&retried).len(), 1);
    assert_eq!(log.all(), ["load", "check", "check", "load", "check"]);
}

#[tokio::test]
async fn a_failed_job_that_is_requeued_goes_on_after_its_steps() {
    let log = Log::default();
    let bench = bench(&log).await;
    let job = bench.scope(async { Import { how: "fail".into() }.enqueue().retries(0).await.unwrap() }).await;
    patiently(job.wait()).await.unwrap_err();
    assert!(job.requeue().await.unwrap());
    bench.until(job.id(), JobState::Failed).await;
    assert_eq!(log.all(), ["load", "check", "check"], "this was attempt 1 again");
}

#[tokio::test]
async fn two_steps_of_one_attempt_cant_have_one_name_nor_one_that_is_empty_or_long() {
    let (why, log) = fails("the same name").await;
    assert!(why.contains("two steps of one attempt are named `load`") && why.contains("index"), "{why}");
    assert_eq!(log.all(), ["load"]);
    assert!(fails("no name").await.0.contains("`` can't be the name of a step; use 1 to 200 bytes"));
    assert!(fails("a long name").await.0.contains("use 1 to 200 bytes"));
}

#[tokio::test]
async fn a_step_that_has_failed_may_be_tried_again_under_its_name() {
    let log = Log::default();
    let bench = bench(&log).await;
    patiently(start(&bench, "try again").await.wait()).await.unwrap();
    assert_eq!(log.all(), ["load", "fetch", "check"]);
}

#[tokio::test]
async fn a_step_whose_result_is_too_large_ends_its_job_and_says_what_to_do() {
    let (why, _) = fails("too large").await;
    assert!(why.contains("step `grow` has 2002 bytes, and 1000 are kept at most"), "{why}");
    assert!(why.contains("return a reference to it"), "{why}");
}

#[tokio::test]
async fn a_result_that_is_too_large_is_not_kept_and_whoever_waits_is_told() {
    let bench = Bench::with(|builder| builder.provide(Log::default()).max_result(19)).await;
    let job = start(&bench, "too large in the end").await;
    let error = patiently(job.wait()).await.unwrap_err();
    assert!(matches!(&error, Error::NoResult { .. }), "{error}");
    assert!(error.to_string().contains("has 20 bytes, and 19 are kept at most"), "{error}");
    let details = bench.job(job.id()).await;
    assert_eq!((details.state(), details.result()), (JobState::Succeeded, None));
    assert!(details.history().last().unwrap().reason.as_deref().unwrap().contains("raise `max_result`"));
}

#[tokio::test]
async fn a_step_whose_result_can_no_longer_be_read_is_named() {
    let log = Log::default();
    let bench = bench(&log).await;
    let job = start(&bench, "another type").await;
    bench.until(job.id(), JobState::Scheduled).await;
    let failed = bench.advance_until(Duration::from_secs(10), job.id(), JobState::Failed).await;
    let why = &failed.last_error().unwrap().message;
    assert!(why.starts_with("the result of step `kind` from attempt 1 can't be read as `u64`"), "{why}");
    assert_eq!(failed.attempts(), 2);
}

#[tokio::test]
async fn a_step_of_a_job_that_was_lost_is_not_kept_and_its_handler_is_told() {
    let log = Log::default();
    // One worker, so that the job is not claimed again, which would tell the handler, too.
    let bench = Bench::with(|builder| builder.provide(log.clone()).workers(1)).await;
    let job = start(&bench, "wait").await;
    log.until_it_waits().await;
    let later = bench.clock.now().plus(Duration::from_secs(100));
    bench.store.reap(5, later).await.unwrap();
    log.go_on();
    let told = || log.all().into_iter().find(|did| did.contains("the lease of the job was lost"));
    let told = patiently(async {
        loop {
            if let Some(told) = told() {
                return told;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(told.ends_with("cancelled: true"), "{told}");
    assert!(bench.job(job.id()).await.steps().iter().all(|step| step.name != "hold"));
}

#[tokio::test]
async fn a_step_that_could_not_be_stored_is_stored_again_and_not_done_again() {
    let (log, store) = (Log::default(), Arc::new(Flaky::default()));
    let bench = Bench::on(Arc::clone(&store) as _, |builder| builder.provide(log.clone())).await;
    store.fail_records(3);
    let job = start(&bench, "").await;
    patiently(async {
        while !job.state().await.unwrap().is_final() {
            bench.clock.advance(Duration::from_millis(50));
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((bench.job(job.id()).await.attempts(), log.all()), (1, vec!["load".into(), "check".into()]));
}

#[tokio::test]
async fn steps_in_process_run_and_nothing_is_kept() {
    let log = Log::default();
    let bench = bench(&log).await;
    for _ in 0..2 {
        let answer = bench.scope(async { Import { how: String::new() }.process().await.unwrap() }).await;
        assert_eq!(answer, 78);
    }
    assert_eq!(log.all(), ["load", "check", "load", "check"]);
    bench.scope(async { Import { how: "the same name".into() }.process().await.unwrap_err() }).await;
}

const FOLDER: &str = "BOLTJOBS_STEPS_FOLDER";

/// The handler says what it does; it is killed in its second step, and its second life finishes.
#[tokio::test]
async fn a_step_is_not_run_again_after_the_process_was_killed() {
    let test = "a_step_is_not_run_again_after_the_process_was_killed";
    if role().is_some() {
        let store = format!("sled:{}", std::env::var(FOLDER).unwrap());
        let server = boltjobs::builder().store(store).provide(Log::default()).start().await.unwrap();
        let client = server.client();
        let known = client.jobs().list().await.unwrap().jobs;
        if known.is_empty() {
            client.scope(async { Survive.enqueue().await.unwrap() }).await.unwrap();
        }
        // It ends with its killer, or when the job has.
        std::future::pending::<()>().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs");
    let begin = || Child::of(test, "works", |command| command.env(FOLDER, &path));
    let mut child = begin();
    child.expect("load");
    child.expect("is in its second step");
    child.kill();
    let mut child = begin();
    let said = std::iter::from_fn(|| child.next_line())
        .find(|line| line == "load" || line == "is in its second step");
    assert_eq!(said.as_deref(), Some("is in its second step"));
    child.kill();
}

#[request]
#[derive(Debug)]
pub struct Survive;

#[handler]
async fn survive(_: Survive, ctx: JobContext) -> JobResult {
    let load = || async {
        say("load");
        Ok(1)
    };
    let _: u32 = ctx.step("load", load).await?;
    let stay = || async {
        say("is in its second step");
        std::future::pending().await
    };
    ctx.step("stay", stay).await
}

/// Says how far it is.
#[request]
#[derive(Debug)]
pub struct Count {
    to: u64,
}

#[handler(retries = 0)]
async fn count(request: Count, ctx: JobContext, log: Data<Log>) -> JobResult {
    ctx.progress(10, "begins");
    let bar = ctx.progress_bar("rows", request.to);
    for _ in 0..request.to / 2 {
        bar.inc(1);
    }
    log.pause().await;
    assert_eq!(bar.wrap(0..request.to / 2).map(|_| bar.done()).last(), request.to.checked_sub(1));
    let other = ctx.progress_bar("files", 9);
    other.set(5);
    ctx.progress(200, "ends");
    Err("it only counts".into())
}

#[tokio::test]
async fn progress_is_seen_while_a_job_runs_and_costs_few_writes() {
    let (log, store) = (Log::default(), Arc::new(Flaky::default()));
    let bench = Bench::on(Arc::clone(&store) as _, |builder| builder.provide(log.clone())).await;
    let job = bench.scope(async { Count { to: 2_000_000 }.enqueue().await.unwrap() }).await;
    log.until_it_waits().await;
    assert_eq!((store.records(), bench.job(job.id()).await.progress()), (0, None));
    // The first write fails; nothing of it is lost.
    store.fail_records(1);
    patiently(async {
        while bench.job(job.id()).await.bars().is_empty() {
            bench.clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
        }
    })
    .await;
    let details = bench.job(job.id()).await;
    let progress = details.progress().unwrap();
    assert_eq!((progress.percent, &*progress.message), (10, "begins"));
    assert_eq!((details.bars()[0].done, details.bars()[0].total), (1_000_000, 2_000_000));
    assert_eq!(store.records(), 2);
    // While nothing changes nothing is written, whatever time it is.
    bench.clock.advance(Duration::from_secs(5));
    store.fail(1);
    log.go_on();
    let failed = patiently(async {
        loop {
            let job = bench.job(job.id()).await;
            if job.state() == JobState::Failed {
                return job;
            }
            bench.clock.advance(Duration::from_millis(10));
            tokio::task::yield_now().await;
        }
    })
    .await;
    let bars: Vec<_> = failed.bars().iter().map(|bar| (&*bar.name, bar.done)).collect();
    assert_eq!(bars, [("rows", 2_000_000), ("files", 5)]);
    assert_eq!(failed.progress().map(|progress| progress.percent), Some(100));
    assert!(store.records() <= 5, "{} writes", store.records());
}

#[tokio::test]
async fn jobs_that_note_nothing_write_no_notes() {
    let store = Arc::new(Flaky::default());
    let bench = Bench::on(Arc::clone(&store) as _, |builder| builder.provide(Log::default())).await;
    let job = bench.scope(async { Quiet.enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    assert_eq!(store.records(), 0);
}

#[request]
#[derive(Debug)]
pub struct Quiet;

#[handler]
async fn quiet(_: Quiet) {}
