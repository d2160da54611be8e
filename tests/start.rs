//! How a server starts: what it finds, builds and says.

use std::sync::{Arc, Mutex};

use boltjobs::prelude::*;
use boltjobs::{Error, FromJobContext};
use boltjobs_tests::{Bench, patiently};

/// What happened, in order; each test has its own.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn read(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// Needs the log, and says when it goes.
#[derive(Debug)]
pub struct Base(Log);

impl Drop for Base {
    fn drop(&mut self) {
        self.0.note("base dropped");
    }
}

/// Needs the base.
#[derive(Debug)]
pub struct Above(Log);

impl Drop for Above {
    fn drop(&mut self) {
        self.0.note("above dropped");
    }
}

// Named so that neither the alphabet nor the order in the file is the order that is needed.
#[provider]
fn a_top(base: Data<Base>, log: Data<Log>) -> Above {
    log.note("above built");
    drop(base);
    Above(log.clone_inner())
}

#[provider]
async fn z_ground(log: Data<Log>) -> JobResult<Base> {
    log.note("base built");
    Ok(Base(log.clone_inner()))
}

trait CloneInner {
    fn clone_inner(&self) -> Log;
}

impl CloneInner for Data<Log> {
    fn clone_inner(&self) -> Log {
        Log::clone(self)
    }
}

#[on_start(order = 1)]
async fn first_start(log: Data<Log>) -> JobResult {
    log.note("first start");
    Elsewhere.recurring("declared in a hook", Cron::daily()).await?;
    Ok(())
}

#[on_start(order = 2)]
fn second_start(log: Data<Log>) {
    log.note("second start");
}

#[on_stop(order = 1)]
async fn first_stop(log: Data<Log>) {
    log.note("last to stop");
}

#[on_stop(order = 2)]
async fn second_stop(log: Data<Log>) {
    log.note("first to stop");
}

/// An argument of our own.
#[derive(Debug)]
pub struct Tenant(String);

impl FromJobContext for Tenant {
    async fn from_job_context(ctx: &JobContext) -> Result<Self, boltjobs::Failure> {
        Ok(Self(ctx.meta("tenant").ok_or("no tenant")?.to_owned()))
    }
}

/// Says whom it serves.
#[request(response = String)]
#[derive(Debug)]
pub struct Serve;

#[handler(retries = 0)]
async fn serve(
    _: Serve,
    Tenant(tenant): Tenant,
    above: Data<Above>,
    missing: Option<Data<u8>>,
) -> JobResult<String> {
    assert!(missing.is_none());
    above.0.note("served");
    Ok(tenant)
}

/// Handled by a program that is not this one.
#[request(name = "elsewhere")]
#[derive(Debug)]
pub struct Elsewhere;

async fn started() -> (Bench, Log) {
    let log = Log::default();
    let given = log.clone();
    (Bench::with(|builder| builder.provide(given)).await, log)
}

#[tokio::test]
async fn providers_are_built_in_the_order_of_their_needs_and_dropped_in_reverse() {
    let (bench, log) = started().await;
    assert_eq!(log.read(), ["base built", "above built", "first start", "second start"]);
    bench.server.shutdown().await.unwrap();
    assert_eq!(log.read()[4..], ["first to stop", "last to stop", "above dropped", "base dropped"]);
}

#[tokio::test]
async fn a_handler_takes_what_it_asks_for() {
    let (bench, log) = started().await;
    let job = bench.scope(async { Serve.enqueue().meta("tenant", "oslo").await.unwrap() }).await;
    assert_eq!(patiently(job.wait()).await.unwrap(), "oslo");
    assert!(log.read().contains(&"served"));
    let job = bench.scope(async { Serve.enqueue().await.unwrap() }).await;
    let error = patiently(job.wait()).await.unwrap_err().to_string();
    assert!(error.contains("no tenant"), "an argument that can't be made fails the attempt: {error}");
}

#[tokio::test]
async fn process_calls_the_handler_in_place_and_stores_nothing() {
    let (bench, log) = started().await;
    let error = bench.scope(async { Serve.process().await }).await.unwrap_err();
    assert!(matches!(&error, Error::Process { message, .. } if message == "no tenant"), "{error:?}");
    assert_eq!(bench.client().stats().await.unwrap(), boltjobs::Stats::default());
    drop(log);
}

#[tokio::test]
async fn a_request_without_a_handler_is_fine_and_calling_it_says_what_is_missing() {
    let (bench, _log) = started().await;
    let job = bench.scope(async { Elsewhere.enqueue().await.unwrap() }).await;
    assert_eq!(job.state().await.unwrap(), JobState::Enqueued);
    let error = bench.scope(async { Elsewhere.process().await }).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "no handler for request `elsewhere`; add #[handler], or `use my_jobs as _;` if it lives in another crate"
    );
}

#[tokio::test]
async fn without_start_everything_says_to_call_it() {
    let not_started = "boltjobs is not running; call boltjobs::start() first, and keep the server that it returns until the end";
    assert_eq!(Elsewhere.enqueue().await.unwrap_err().to_string(), not_started);
    assert_eq!(Elsewhere::enqueue_all([Elsewhere]).await.unwrap_err().to_string(), not_started);
    assert_eq!(Elsewhere.process().await.unwrap_err().to_string(), not_started);
    assert_eq!(Elsewhere.recurring("id", Cron::daily()).await.unwrap_err().to_string(), not_started);
    assert_eq!(boltjobs::client().stats().await.unwrap_err().to_string(), not_started);
}

#[tokio::test]
async fn a_missing_provider_is_named_with_all_who_need_it() {
    let error = boltjobs::builder().store("memory").start().await.unwrap_err().to_string();
    for needing in ["provider `a_top`", "provider `z_ground`", "hook `first_start`", "hook `second_stop`"] {
        assert!(error.contains(needing), "{needing} is missing in {error}");
    }
    assert!(error.contains("start.rs:"), "{error}");
    assert!(error.contains("which nothing provides; add a #[provider] fn"), "{error}");
}

#[tokio::test]
async fn a_store_that_is_none_is_refused_with_the_kinds_there_are() {
    let start = boltjobs::builder().store("redis:localhost").provide(Log::default()).start();
    let error = start.await.unwrap_err().to_string();
    assert_eq!(
        error,
        "can't open the store `redis:localhost`: unknown kind of store; use `sled:<folder>` or `memory`"
    );
}

#[tokio::test]
async fn a_start_hook_finds_the_server_that_it_belongs_to() {
    let (other, _) = started().await;
    let (bench, _) = started().await;
    for each in [other, bench] {
        let definitions = each.client().recurring_jobs().await.unwrap();
        assert_eq!(definitions.len(), 1, "{definitions:?}");
        assert_eq!(definitions[0].id(), "declared in a hook");
    }
}
