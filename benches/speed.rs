//! Measures what users see, durable on sled: the time is that of the system, the disk that of the temporary folder.
//!
//! `cargo run --release -p boltjobs-benches [-- --json] [case ..]` prints a table, or JSON for the baseline.
#![expect(clippy::disallowed_methods, reason = "what is measured is the time of the system")]
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use boltjobs::prelude::*;
use boltjobs::{Builder, Server};
use tokio::sync::mpsc;

/// About 100 bytes of JSON; its handler only counts.
#[request]
#[derive(Debug, Clone)]
pub struct Count {
    text: String,
    number: u64,
}

static DONE: AtomicU64 = AtomicU64::new(0);

#[handler]
async fn count(_: Count) {
    DONE.fetch_add(1, Ordering::Relaxed);
}

/// Tells when its handler starts.
#[request]
#[derive(Debug)]
pub struct Ping {
    sent: u64,
}

#[handler]
async fn ping(request: Ping, times: Data<Pings>) {
    let _ = times.answers.send(times.now() - request.sent);
}

/// Where pings answer.
#[derive(Debug)]
pub struct Pings {
    start: Instant,
    answers: mpsc::UnboundedSender<u64>,
}

impl Pings {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

fn job(number: u64) -> Count {
    Count { text: "abcdefghijklmnopqrstuvwxyz012345".to_owned(), number }
}

/// One measured row.
#[derive(Debug, serde::Serialize)]
struct Row {
    case: &'static str,
    per_second: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

struct Bench {
    server: Server,
    pings: Arc<Pings>,
    answers: mpsc::UnboundedReceiver<u64>,
    _folder: tempfile::TempDir,
}

/// A server on sled in a folder of its own, unless the settings say otherwise.
async fn bench(settings: impl FnOnce(Builder) -> Builder) -> boltjobs::Result<Bench> {
    let folder = tempfile::tempdir().map_err(|error| boltjobs::Error::Config(error.to_string()))?;
    let (sender, answers) = mpsc::unbounded_channel();
    let start = Instant::now();
    let builder = boltjobs::builder().store(format!("sled:{}", folder.path().join("jobs").display()));
    let server = settings(builder).provide(Pings { start, answers: sender.clone() }).start().await?;
    Ok(Bench { server, pings: Arc::new(Pings { start, answers: sender }), answers, _folder: folder })
}

/// Enqueues `total` jobs from `callers`, each awaited, and returns all latencies.
async fn enqueue(callers: u64, total: u64) -> boltjobs::Result<(Duration, Vec<Duration>)> {
    let begin = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                for number in 0..total / callers {
                    let sent = Instant::now();
                    job(number).enqueue().await?;
                    latencies.push(sent.elapsed());
                }
                Ok::<_, boltjobs::Error>(latencies)
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.map_err(|error| boltjobs::Error::Config(error.to_string()))??);
    }
    Ok((begin.elapsed(), all))
}

async fn enqueued(case: &'static str, callers: u64, total: u64) -> boltjobs::Result<Row> {
    let bench = bench(|builder| builder.workers(0)).await?;
    let (took, latencies) = enqueue(callers, total).await?;
    bench.server.shutdown().await?;
    Ok(row(case, total, took, latencies))
}

async fn enqueued_at_once(case: &'static str, total: u64) -> boltjobs::Result<Row> {
    let bench = bench(|builder| builder.workers(0)).await?;
    let begin = Instant::now();
    Count::enqueue_all((0..total).map(job)).await?;
    let took = begin.elapsed();
    bench.server.shutdown().await?;
    Ok(row(case, total, took, Vec::new()))
}

/// Drains jobs that were enqueued by an earlier server.
async fn drained(case: &'static str, total: u64, workers: usize) -> boltjobs::Result<Row> {
    let folder = tempfile::tempdir().map_err(|error| boltjobs::Error::Config(error.to_string()))?;
    let location = format!("sled:{}", folder.path().join("jobs").display());
    let (answers, _receiver) = mpsc::unbounded_channel();
    let start = |workers: usize| {
        let pings = Pings { start: Instant::now(), answers: answers.clone() };
        boltjobs::builder().store(location.as_str()).workers(workers).provide(pings).start()
    };
    let server = start(0).await?;
    Count::enqueue_all((0..total).map(job)).await?;
    server.shutdown().await?;
    DONE.store(0, Ordering::Relaxed);
    let server = start(workers).await?;
    let begin = Instant::now();
    while server.client().stats().await?.succeeded < total {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let took = begin.elapsed();
    assert!(DONE.load(Ordering::Relaxed) >= total, "a job was counted that did not run");
    server.shutdown().await?;
    Ok(row(case, total, took, Vec::new()))
}

/// Whole lives: producers and workers together.
async fn lived(case: &'static str, callers: u64, total: u64) -> boltjobs::Result<Row> {
    let bench = bench(|builder| builder.workers(256)).await?;
    let begin = Instant::now();
    enqueue(callers, total).await?;
    while bench.server.client().stats().await?.succeeded < total / callers * callers {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let took = begin.elapsed();
    bench.server.shutdown().await?;
    Ok(row(case, total, took, Vec::new()))
}

/// One job every 10 ms on an idle server: from before the enqueue to the start of the handler.
async fn idle(
    case: &'static str,
    total: u64,
    settings: impl FnOnce(Builder) -> Builder,
) -> boltjobs::Result<Row> {
    let mut bench = bench(settings).await?;
    let begin = Instant::now();
    let mut latencies = Vec::new();
    for _ in 0..total {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ping { sent: bench.pings.now() }.enqueue().await?;
        latencies.extend(bench.answers.recv().await.map(Duration::from_nanos));
    }
    let took = begin.elapsed();
    bench.server.shutdown().await?;
    Ok(row(case, total, took, latencies))
}

/// The limit of the machine: a plain file that takes the same bytes in groups, each with an fdatasync.
fn raw(case: &'static str, group: u64, total: u64) -> std::io::Result<Row> {
    let folder = tempfile::tempdir()?;
    let mut file = OpenOptions::new().create(true).append(true).open(folder.path().join("raw"))?;
    let bytes = vec![0x5A; usize::try_from(group).unwrap_or(1) * 250];
    let begin = Instant::now();
    for _ in 0..total / group {
        file.write_all(&bytes)?;
        file.sync_data()?;
    }
    Ok(row(case, total, begin.elapsed(), Vec::new()))
}

fn row(case: &'static str, total: u64, took: Duration, mut latencies: Vec<Duration>) -> Row {
    latencies.sort_unstable();
    let at = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (latencies.len() as f64 * part) as usize;
        latencies.get(index).map(|latency| latency.as_secs_f64() * 1_000.0)
    };
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let per_second = total as f64 / took.as_secs_f64();
    Row { case, per_second, p50_ms: at(0.5), p99_ms: at(0.99) }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let wanted = |case: &str| {
        let mut cases = arguments.iter().filter(|argument| !argument.starts_with("--")).peekable();
        cases.peek().is_none() || cases.any(|asked| case.contains(asked.as_str()))
    };
    let mut rows = Vec::new();
    macro_rules! measure {
        ($case:literal, $run:expr) => {
            if wanted($case) {
                let run = $run;
                rows.push(run);
                eprintln!("{} done", $case);
            }
        };
    }
    measure!("raw 1", raw("raw 1", 1, 2_000)?);
    measure!("raw 64", raw("raw 64", 64, 100_000)?);
    measure!("raw 1024", raw("raw 1024", 1_024, 500_000)?);
    measure!("enqueue 1", enqueued("enqueue 1", 1, 4_000).await?);
    measure!("enqueue 64", enqueued("enqueue 64", 64, 100_000).await?);
    measure!("enqueue 1024", enqueued("enqueue 1024", 1_024, 200_000).await?);
    measure!("enqueue_all", enqueued_at_once("enqueue_all", 100_000).await?);
    measure!("drain, default workers", drained("drain, default workers", 100_000, 10).await?);
    measure!("drain, 256 workers", drained("drain, 256 workers", 100_000, 256).await?);
    measure!("drain, a million jobs", drained("drain, a million jobs", 1_000_000, 256).await?);
    measure!("whole lives, 64 callers", lived("whole lives, 64 callers", 64, 100_000).await?);
    measure!("whole lives, 1024 callers", lived("whole lives, 1024 callers", 1_024, 500_000).await?);
    measure!("idle, durable", idle("idle, durable", 500, |builder| builder).await?);
    let eventual = |builder: Builder| builder.durability(boltjobs::Durability::Eventual);
    measure!("idle, eventual", idle("idle, eventual", 500, eventual).await?);
    measure!("idle, memory", idle("idle, memory", 500, |builder| builder.store("memory")).await?);
    if arguments.iter().any(|argument| argument == "--json") {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!("{:<26} {:>12} {:>10} {:>10}", "case", "per second", "p50 ms", "p99 ms");
    for Row { case, per_second, p50_ms, p99_ms } in rows {
        let ms = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        println!("{case:<26} {per_second:>12.0} {:>10} {:>10}", ms(p50_ms), ms(p99_ms));
    }
    Ok(())
}
