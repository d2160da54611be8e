//! One life of a server, from a start to a kill: it enqueues and works without end, and says what it was told.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Client, JobDetails, RowData, Server};
use boltjobs_tests::say;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::ledger::{Found, GROUP, Line};

/// So long that whoever waits for it is noticed.
const HOUR: Duration = Duration::from_secs(3_600);

/// Handlers begin when it is told what the start found.
static GATE: Semaphore = Semaphore::const_new(0);

/// Fails as often as it says.
#[request(name = "work", response = u32)]
#[derive(Debug, Clone)]
pub struct Work {
    fails: u32,
    group: Option<u64>,
}

#[handler(retries = 3, backoff = "list(0s, 2ms, 5ms)")]
async fn work(request: Work, ctx: JobContext) -> JobResult<u32> {
    begin(&ctx).await;
    if ctx.attempt() > request.fails { Ok(ctx.attempt()) } else { Err("not yet".into()) }
}

/// Ends when it is deleted.
#[request(name = "unwanted")]
#[derive(Debug)]
pub struct Unwanted;

#[handler]
async fn unwanted(_: Unwanted, ctx: JobContext) -> JobResult {
    begin(&ctx).await;
    ctx.cancelled().await;
    Err(JobError::cancelled().into())
}

/// Enqueues another job and waits for it.
#[request(name = "nested")]
#[derive(Debug)]
pub struct Nested;

#[handler(retries = 0)]
async fn nested(_: Nested, ctx: JobContext) -> JobResult {
    begin(&ctx).await;
    acknowledged(Work { fails: 0, group: None }.enqueue().await?).wait().await?;
    Ok(())
}

/// Comes every second.
#[request(name = "tick")]
#[derive(Debug)]
pub struct Tick;

#[handler(retries = 0)]
async fn tick(_: Tick, ctx: JobContext) {
    begin(&ctx).await;
}

async fn begin(ctx: &JobContext) {
    drop(GATE.acquire().await);
    let instant = ctx.scheduled_for().map(|at| at.timestamp_micros());
    tell(Line::Ran { id: ctx.id(), attempt: ctx.attempt(), fence: ctx.fence(), instant });
}

fn tell(line: Line) {
    say(serde_json::to_string(&line).unwrap());
}

fn acknowledged<R>(job: JobHandle<R>) -> JobHandle<R>
where
    R: boltjobs::Request,
{
    tell(Line::Acknowledged(job.id()));
    job
}

async fn ended<R: boltjobs::Request>(job: JobHandle<R>) {
    // Whether it ended well is seen at the very end.
    let _ = job.wait().await;
    tell(Line::Ended(job.id()));
}

/// Starts on a folder, tells what is there from a job on, and cleans up behind the life before.
pub async fn start(store: &str, since: JobId) -> Server {
    tell(Line::Opening);
    let server =
        boltjobs::builder().store(store).workers(12).lease(HOUR).quarantine_after(0).start().await.unwrap();
    let client = server.client();
    let unended = tell_all(&client, since, server.name()).await;
    Tick.recurring("tick", "* * * * * *").await.unwrap();
    let definition = client.recurring_jobs().await.unwrap().remove(0);
    tell(Line::Definition(definition.created_at().timestamp_micros()));
    tell(Line::Open);
    GATE.add_permits(1);
    for job in unended.iter().filter(|job| job.request_name() == "unwanted") {
        client.delete(job.id()).await.unwrap();
    }
    server
}

/// Tells of all jobs that are as new as `since`, and returns those that have not ended. As long as no handler runs, no
/// job goes back to a list that was read before.
async fn tell_all(client: &Client, since: JobId, server: &str) -> Vec<JobDetails> {
    let (mut unended, mut after) = (Vec::new(), None);
    loop {
        let query = client.jobs().limit(1_000);
        let page = after.map_or(query, |after| client.jobs().limit(1_000).after(after)).list().await.unwrap();
        page.jobs.iter().for_each(|job| tell(Line::Found(found(job, server))));
        let reached = page.jobs.last().is_none_or(|job| job.id() < since);
        unended.extend(page.jobs.into_iter().filter(|job| !job.state().is_final()));
        after = page.next;
        if after.is_none() || reached {
            return unended;
        }
    }
}

fn found(job: &JobDetails, server: &str) -> Found {
    let crashes = job.history().iter().filter(|row| {
        let crashed = row.reason.as_deref() == Some("the process ended while it ran");
        assert!(!crashed || row.state == JobState::Enqueued, "{job:?}");
        crashed
    });
    let orphan = job.history().last().is_some_and(|row| match &row.data {
        RowData::Processing { server: owner, .. } => **owner != *server,
        _ => false,
    });
    let payload = job.payload();
    let fails = payload["fails"].as_u64().map_or(0, |fails| u32::try_from(fails).unwrap());
    Found {
        id: job.id(),
        state: job.state(),
        attempts: job.attempts(),
        request: job.request_name().to_owned(),
        fails,
        group: payload["group"].as_u64(),
        crashes: crashes.count().try_into().unwrap(),
        orphan,
    }
}

/// Enqueues and waits, in several ways at once, until it is killed.
pub async fn live(_server: Server) {
    let mut tasks = JoinSet::new();
    for _ in 0..2 {
        tasks.spawn(async {
            for fails in (0..=4).cycle() {
                ended(acknowledged(Work { fails, group: None }.enqueue().await.unwrap())).await;
            }
        });
        tasks.spawn(async {
            for millis in (1..9).cycle() {
                let work = Work { fails: 0, group: None }.schedule_in(Duration::from_millis(millis));
                ended(acknowledged(work.await.unwrap())).await;
            }
        });
        tasks.spawn(async {
            loop {
                let group = Some(fastrand::u64(..));
                let jobs = Work::enqueue_all((0..GROUP).map(|_| Work { fails: 0, group })).await.unwrap();
                let jobs: Vec<_> = jobs.into_iter().map(acknowledged).collect();
                for job in jobs {
                    ended(job).await;
                }
            }
        });
        tasks.spawn(async {
            loop {
                let waits = acknowledged(Unwanted.schedule_in(HOUR).await.unwrap());
                assert!(waits.delete().await.unwrap());
                tell(Line::Ended(waits.id()));
                let runs = acknowledged(Unwanted.enqueue().await.unwrap());
                assert!(runs.delete().await.unwrap());
                ended(runs).await;
            }
        });
        tasks.spawn(async {
            loop {
                ended(acknowledged(Nested.enqueue().await.unwrap())).await;
            }
        });
    }
    // None ends but by a panic.
    tasks.join_next().await.unwrap().unwrap();
}

/// Works off what is left, and tells of everything.
pub async fn finish(server: Server) {
    let client = server.client();
    assert!(client.recurring("tick").remove().await.unwrap());
    loop {
        let stats = client.stats().await.unwrap();
        if stats.scheduled + stats.enqueued + stats.processing == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    tell_all(&client, JobId::from_u128(0), server.name()).await;
    server.shutdown().await.unwrap();
    tell(Line::Closed);
}
