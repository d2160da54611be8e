//! The jobs that are measured. All have the payload of the goals: a text of 32 characters and a number.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{SystemTime, UNIX_EPOCH};

use boltjobs::prelude::*;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::figure::Result;

/// How many jobs go into one call where many are enqueued and nobody measures it.
const CALL: u64 = 10_000;

static DONE: AtomicU64 = AtomicU64::new(0);
static AWAITED: AtomicU64 = AtomicU64::new(u64::MAX);
static REACHED: Notify = Notify::const_new();
static STARTS: OnceLock<UnboundedSender<i64>> = OnceLock::new();

/// Its handler only counts.
#[request]
#[derive(Debug, Clone)]
pub(crate) struct Count {
    text: String,
    number: u64,
}

#[handler]
async fn count(_: Count) {
    if DONE.fetch_add(1, SeqCst) + 1 == AWAITED.load(SeqCst) {
        REACHED.notify_one();
    }
}

/// Its handler fails.
#[request]
#[derive(Debug, Clone)]
pub(crate) struct Decline {
    number: u64,
}

#[handler]
async fn declined(request: Decline) -> JobResult {
    Err(format!("customer {} has no money", request.number).into())
}

/// Its number is the instant at which its handler is to start, in nanoseconds since the Unix epoch.
#[request]
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    text: String,
    number: u64,
}

#[handler]
async fn timed(request: Timed) {
    started(request.number);
}

/// What recurring definitions fire.
#[request]
#[derive(Debug, Clone)]
pub(crate) struct Tick {
    text: String,
    number: u64,
}

#[handler]
async fn tick(_: Tick, ctx: JobContext) {
    let at = ctx.scheduled_for().and_then(|at| at.timestamp_nanos_opt());
    started(at.and_then(|at| u64::try_from(at).ok()).unwrap_or_default());
}

fn text() -> String {
    "abcdefghijklmnopqrstuvwxyz012345".to_owned()
}

pub(crate) fn job(number: u64) -> Count {
    Count { text: text(), number }
}

pub(crate) fn decline(number: u64) -> Decline {
    Decline { number }
}

pub(crate) fn timed_for(at: u64) -> Timed {
    Timed { text: text(), number: at }
}

pub(crate) fn tick_of(number: u64) -> Tick {
    Tick { text: text(), number }
}

/// The JSON that is stored of a job, as an example of how large it is.
pub(crate) fn payload() -> Result<String> {
    Ok(serde_json::to_string(&job(123_456))?)
}

/// Enqueues jobs that only count.
pub(crate) async fn fill(jobs: u64) -> Result<()> {
    for first in (0..jobs).step_by(usize::try_from(CALL)?) {
        Count::enqueue_all((first..jobs.min(first + CALL)).map(job)).await?;
    }
    Ok(())
}

/// Returns how many jobs have been counted.
pub(crate) fn done() -> u64 {
    DONE.load(SeqCst)
}

/// Waits until so many jobs have been counted, from the start of the process. One may wait at a time.
pub(crate) async fn counted(jobs: u64) {
    AWAITED.store(jobs, SeqCst);
    while DONE.load(SeqCst) < jobs {
        REACHED.notified().await;
    }
}

/// Returns where each start of a [`Timed`] or a [`Tick`] is told: the nanoseconds after its instant, below zero when it
/// was early. The first who asks gets them.
pub(crate) fn starts() -> UnboundedReceiver<i64> {
    let (sender, receiver) = unbounded_channel();
    let _ = STARTS.set(sender);
    receiver
}

fn started(due: u64) {
    if let Some(starts) = STARTS.get() {
        let _ = starts.send(wall_clock().cast_signed() - due.cast_signed());
    }
}

/// Returns the nanoseconds since the Unix epoch.
pub(crate) fn wall_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
