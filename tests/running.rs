//! Running handlers: where they run, how they are kept alive, and how they are stopped.

use std::sync::mpsc;
use std::time::Duration;

use boltjobs::Request;
use boltjobs::prelude::*;
use boltjobs_tests::{Bench, Gate, Outside, gate, offer, patiently, seconds};

/// Blocks as a plain fn may.
#[request]
#[derive(Debug)]
pub struct Block;

#[handler]
fn block(_: Block, ctx: JobContext, gate: Data<Gate>) -> JobResult {
    gate.pass(ctx.attempt());
    Ok(())
}

/// Blocks its thread, as an async fn must not.
#[request]
#[derive(Debug)]
pub struct Hog;

#[handler]
async fn hog(_: Hog, ctx: JobContext, gate: Data<Gate>) -> JobResult {
    gate.pass(ctx.attempt());
    Ok(())
}

/// What a handler says that was told to stop; no attempt has this number.
const TOLD: u32 = 0;

/// Waits to be cancelled, and then does as it is told.
#[request(response = u32)]
#[derive(Debug)]
pub struct Linger {
    then: String,
}

#[handler(retries = 3)]
async fn linger(request: Linger, ctx: JobContext, gate: Data<Gate>) -> JobResult<u32> {
    gate.entered.send(ctx.attempt())?;
    ctx.cancelled().await;
    match request.then.as_str() {
        "say so and finish" => {
            gate.entered.send(TOLD)?;
            Ok(7)
        }
        "finish" => Ok(7),
        "stop" => Err(JobError::cancelled().into()),
        "fail" => Err("interrupted".into()),
        _ => std::future::pending().await,
    }
}

async fn gated() -> Bench {
    Bench::with(|builder| builder.provide(gate().0)).await
}

async fn started(outside: &Outside) -> u32 {
    started_while(outside, || {}).await
}

async fn started_while(outside: &Outside, step: impl Fn()) -> u32 {
    patiently(async {
        loop {
            if let Ok(attempt) = outside.entered.try_recv() {
                return attempt;
            }
            step();
            tokio::task::yield_now().await;
        }
    })
    .await
}

async fn lingering(then: &str) -> (Bench, JobHandle<Linger>, Outside) {
    let (gate, outside) = gate();
    let bench = Bench::with(|builder| builder.provide(gate)).await;
    let job = bench.scope(async { Linger { then: then.to_owned() }.enqueue().await.unwrap() }).await;
    started(&outside).await;
    (bench, job, outside)
}

#[tokio::test]
async fn a_plain_handler_runs_on_the_blocking_pool() {
    let (gate, outside) = gate();
    // On one thread: if the handler held it, nothing here would go on.
    let bench = Bench::with(|builder| builder.provide(gate)).await;
    let job = bench.scope(async { Block.enqueue().await.unwrap() }).await;
    started(&outside).await;
    assert_eq!(job.state().await.unwrap(), JobState::Processing);
    outside.open.send(()).unwrap();
    patiently(job.wait()).await.unwrap();
}

#[tokio::test]
async fn no_more_jobs_run_at_once_than_there_are_workers() {
    let (gate, outside) = gate();
    let bench = Bench::with(|builder| builder.provide(gate).workers(2)).await;
    let jobs = bench.scope(async { Block::enqueue_all([Block, Block, Block]).await.unwrap() }).await;
    started(&outside).await;
    started(&outside).await;
    assert_eq!(jobs[2].state().await.unwrap(), JobState::Enqueued);
    assert_eq!(bench.client().stats().await.unwrap().processing, 2);
    for _ in 0..3 {
        outside.open.send(()).unwrap();
    }
    patiently(jobs[2].wait()).await.unwrap();
}

#[test]
fn a_handler_that_blocks_its_thread_keeps_its_lease() {
    keeps_its_lease(async || Hog.enqueue().await.unwrap());
}

#[test]
fn a_plain_fn_that_takes_long_keeps_its_lease() {
    keeps_its_lease(async || Block.enqueue().await.unwrap());
}

fn keeps_its_lease<R: Request<Response = ()>>(enqueue: impl AsyncFnOnce() -> JobHandle<R> + Send + 'static) {
    let (gate, outside) = gate();
    let (send, receive) = mpsc::channel();
    // The only thread of this runtime is the one that the handler holds.
    let blocked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let bench = Bench::with(|builder| builder.provide(gate)).await;
            let job = bench.scope(enqueue()).await;
            send.send((bench.clock.clone(), bench.store.clone(), job.id())).unwrap();
            patiently(job.wait()).await.unwrap();
            bench.job(job.id()).await
        })
    });
    let (clock, store, id) = receive.recv().unwrap();
    assert_eq!(outside.entered.recv().unwrap(), 1);
    let look = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = || boltjobs_core::clock::Clock::now(&*clock);
    for _ in 0..10 {
        let start = now();
        // Time passes until a heartbeat has kept the lease well beyond where it ended before.
        look.block_on(patiently(async {
            loop {
                clock.advance(Duration::from_secs(1));
                let until = store.reap(5, seconds(0)).await.unwrap().unwrap();
                if until >= start.plus(Duration::from_secs(31)) {
                    return;
                }
                // On a busy machine the thread of the heartbeats may come late, and a lease lasts 30 of these rounds.
                std::thread::sleep(Duration::from_millis(5));
            }
        }));
        // Whoever reaps now finds that the lease holds.
        look.block_on(store.reap(5, start.plus(Duration::from_secs(30)))).unwrap();
        let job = look.block_on(store.job(id)).unwrap().unwrap();
        assert_eq!((job.state, job.attempt), (JobState::Processing, 1));
    }
    outside.open.send(()).unwrap();
    let job = blocked.join().unwrap();
    assert_eq!((job.state(), job.attempts()), (JobState::Succeeded, 1));
}

#[tokio::test]
async fn a_handler_whose_lease_was_lost_is_told_to_stop_and_its_outcome_does_not_count() {
    // With another worker the job is claimed again at once; without one it waits for the heartbeat to tell the first run.
    for workers in [1, 2] {
        let (gate, outside) = gate();
        let bench = Bench::with(|builder| builder.provide(gate).workers(workers)).await;
        let linger = Linger { then: "say so and finish".to_owned() }.enqueue();
        let job = bench.scope(linger.into_future()).await.unwrap();
        assert_eq!(started(&outside).await, 1);
        // Another server takes the job back, as if this one had been silent for long.
        bench.store.reap(5, bench.clock_now().plus(Duration::from_secs(100))).await.unwrap();
        let first = started_while(&outside, || bench.clock.advance(Duration::from_secs(1))).await;
        let mut said = [first, started(&outside).await];
        said.sort_unstable();
        assert_eq!(said, [TOLD, 1], "one run is told to stop, and the next one begins");
        if workers > 1 {
            // Outcomes are stored in their order, so that of the first run is through with this one.
            let leaf = bench.scope(async { Leaf.enqueue().await.unwrap() }).await;
            patiently(leaf.wait()).await.unwrap();
        }
        let states: Vec<_> = bench.job(job.id()).await.history().iter().map(|row| row.state).collect();
        let twice = [JobState::Enqueued, JobState::Processing].repeat(2);
        assert_eq!(states, twice, "the stale success is not counted");
    }
}

#[tokio::test]
async fn a_deleted_job_that_runs_stays_processing_until_its_handler_has_stopped() {
    let (bench, job, _outside) = lingering("stop").await;
    assert!(job.delete().await.unwrap());
    let deleted = bench.until(job.id(), JobState::Deleted).await;
    assert_eq!(deleted.history().last().unwrap().reason.as_deref(), Some("deleted while it ran"));
    assert!(!job.delete().await.unwrap(), "it has ended");
    assert_eq!(deleted.attempts(), 1);
}

#[tokio::test]
async fn a_cancelled_handler_that_fails_ends_in_deleted_and_one_that_finishes_in_succeeded() {
    let (bench, job, _outside) = lingering("fail").await;
    assert!(job.delete().await.unwrap());
    let deleted = bench.until(job.id(), JobState::Deleted).await;
    assert_eq!(deleted.last_error().unwrap().message, "interrupted");

    let (_bench, job, _outside) = lingering("finish").await;
    assert!(job.delete().await.unwrap());
    assert_eq!(patiently(job.wait()).await.unwrap(), 7);
}

#[tokio::test]
async fn a_handler_that_does_not_stop_is_dropped_when_its_grace_is_over() {
    let (bench, job, _outside) = lingering("go on").await;
    assert!(job.delete().await.unwrap());
    assert!(bench.job(job.id()).await.is_cancelling());
    patiently(async {
        while bench.job(job.id()).await.state() != JobState::Deleted {
            assert_eq!(bench.job(job.id()).await.state(), JobState::Processing);
            bench.clock.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_blocking_handler_that_does_not_stop_holds_its_slot_until_it_returns() {
    let (gate, outside) = gate();
    let bench = Bench::with(|builder| builder.provide(gate).workers(1)).await;
    let job = bench.scope(async { Block.enqueue().await.unwrap() }).await;
    let next = bench.scope(async { Block.enqueue().await.unwrap() }).await;
    started(&outside).await;
    assert!(job.delete().await.unwrap());
    patiently(async {
        while bench.job(job.id()).await.state() != JobState::Deleted {
            bench.clock.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(next.state().await.unwrap(), JobState::Enqueued, "the slot is still taken");
    outside.open.send(()).unwrap();
    started(&outside).await;
    outside.open.send(()).unwrap();
    patiently(next.wait()).await.unwrap();
}

#[tokio::test]
async fn a_job_that_nobody_here_handles_stays_where_it_is_and_uses_no_attempt() {
    let bench = gated().await;
    let spec = boltjobs_core::job::JobSpec::new("from.another.program", *b"{}");
    let id = boltjobs::JobId::from_u128(1);
    let stranger = boltjobs_core::job::NewJob { id, spec: spec.into(), start_at: None };
    bench.store.enqueue(vec![stranger], seconds(0)).await.unwrap();
    // One that can be run, enqueued later, is not held up.
    let leaf = bench.scope(async { Leaf.enqueue().await.unwrap() }).await;
    patiently(leaf.wait()).await.unwrap();
    assert_eq!(bench.job(id).await.state(), JobState::Enqueued);
    assert_eq!(bench.job(id).await.attempts(), 0);
    let taken = bench.store.claim(offer("from.another.program"), vec![1], seconds(0)).await.unwrap();
    assert_eq!(taken.len(), 1, "a server that handles it takes it");
}

#[tokio::test]
async fn what_a_handler_enqueues_goes_to_the_store_of_its_own_server() {
    let first = gated().await;
    let second = gated().await;
    let job = second.scope(async { Spawn.enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    let count = |bench: &Bench| {
        let client = bench.client();
        async move { client.stats().await.unwrap().requests.keys().cloned().collect::<Vec<_>>() }
    };
    assert!(count(&first).await.is_empty());
    assert!(count(&second).await.contains(&"running::Leaf".to_owned()));
}

/// Enqueues another job.
#[request]
#[derive(Debug)]
pub struct Spawn;

#[handler]
async fn spawn(_: Spawn) -> JobResult {
    Leaf.enqueue().await?;
    Ok(())
}

/// Does nothing.
#[request]
#[derive(Debug)]
pub struct Leaf;

#[handler]
fn leaf(_: Leaf) {}

/// At most two of these run at once.
#[request(aliases = ["running::OldCapped"])]
#[derive(Debug)]
pub struct Capped;

#[handler(concurrency = 2)]
fn capped(_: Capped, gate: Data<Gate>) {
    gate.pass(0);
}

#[tokio::test]
async fn a_handler_runs_no_more_jobs_at_once_than_it_allows_and_holds_up_nobody() {
    let (gate, outside) = gate();
    let bench = Bench::with(|builder| builder.provide(gate).workers(8)).await;
    let jobs =
        bench.scope(async { Capped::enqueue_all([Capped, Capped, Capped, Capped]).await.unwrap() }).await;
    started(&outside).await;
    started(&outside).await;
    // One that comes later, of another handler, goes on past those that are held back.
    let leaf = bench.scope(async { Leaf.enqueue().await.unwrap() }).await;
    patiently(leaf.wait()).await.unwrap();
    assert_eq!(bench.client().stats().await.unwrap().processing, 2);
    // The end of one is what the next has waited for.
    outside.open.send(()).unwrap();
    started(&outside).await;
    assert_eq!(bench.client().stats().await.unwrap().enqueued, 1);
    for _ in 0..3 {
        outside.open.send(()).unwrap();
    }
    patiently(jobs[3].wait()).await.unwrap();
}

#[tokio::test]
async fn an_idle_server_takes_back_the_jobs_of_one_that_is_gone() {
    let bench = gated().await;
    let id = boltjobs::JobId::from_u128(1);
    let spec = boltjobs_core::job::JobSpec::new("from.another.program", *b"{}");
    let job = boltjobs_core::job::NewJob { id, spec: spec.into(), start_at: None };
    let now = || boltjobs_core::clock::Clock::now(&*bench.clock);
    bench.store.enqueue(vec![job], now()).await.unwrap();
    let claimed = bench.store.claim(offer("from.another.program"), vec![1], now()).await.unwrap();
    assert_eq!(claimed.len(), 1);
    patiently(async {
        while bench.job(id).await.state() == JobState::Processing {
            bench.clock.advance(Duration::from_secs(10));
            tokio::task::yield_now().await;
        }
    })
    .await;
    let back = bench.job(id).await;
    assert_eq!((back.state(), back.attempts()), (JobState::Enqueued, 0));
    assert_eq!(back.history().last().unwrap().reason.as_deref(), Some("its server stopped responding"));
}

/// Blocks longer than it may; one at a time.
#[request]
#[derive(Debug)]
pub struct Stuck;

#[handler(concurrency = 1, timeout = "5s", retries = 0)]
fn stuck(_: Stuck, gate: Data<Gate>) {
    gate.pass(0);
}

#[tokio::test]
async fn a_blocking_handler_that_outlives_its_attempt_keeps_its_place_in_the_limit() {
    let (gate, outside) = gate();
    let bench = Bench::with(|builder| builder.provide(gate).workers(4)).await;
    let jobs = bench.scope(async { Stuck::enqueue_all([Stuck, Stuck]).await.unwrap() }).await;
    started(&outside).await;
    patiently(async {
        while bench.job(jobs[0].id()).await.state() != JobState::Failed {
            bench.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Another job makes the server claim again, and shows that it has.
    let leaf = bench.scope(async { Leaf.enqueue().await.unwrap() }).await;
    patiently(leaf.wait()).await.unwrap();
    assert_eq!(jobs[1].state().await.unwrap(), JobState::Enqueued, "the first call still has the one place");
    outside.open.send(()).unwrap();
    started(&outside).await;
    outside.open.send(()).unwrap();
    patiently(jobs[1].wait()).await.unwrap();
}
