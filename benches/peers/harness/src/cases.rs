//! The cases. Each is bounded in time and in jobs, so that slow peers end and fast ones don't fill the memory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::{LATENCIES, Payload, Peer, Result, Setting, TIMED, now, runs};

/// The most jobs that a case enqueues.
const MOST: u64 = 200_000;
/// The jobs of one call in the case `bulk`.
const CALL: u64 = 1_000;
/// How long jobs that are enqueued may take to be done.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many jobs an idle queue gets, and how often.
const PINGS: (usize, Duration) = (300, Duration::from_millis(10));

/// One measured case.
#[derive(Debug, Default, Serialize)]
pub struct Row {
    jobs: u64,
    per_second: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    /// Microseconds of both cores, spent by the process on one job.
    cpu_us: Option<f64>,
    notes: Vec<String>,
}

impl Row {
    fn new(jobs: u64, took: Duration, cpu: Option<Duration>, mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let at = |hundredth: usize| latencies.get(latencies.len() * hundredth / 100);
        let ms = |latency: &Duration| latency.as_secs_f64() * 1_000.0;
        Self {
            jobs,
            per_second: jobs as f64 / took.as_secs_f64(),
            p50_ms: at(50).map(ms),
            p99_ms: at(99).map(ms),
            cpu_us: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / jobs.max(1) as f64),
            notes: Vec::new(),
        }
    }

    fn note(mut self, noted: Option<String>) -> Self {
        self.notes.extend(noted);
        self
    }
}

pub async fn measure<P: Peer>(setting: &Setting, case: &str, seconds: Duration, folder: &Path) -> Row {
    let measured = async {
        let peer = P::open(setting.name, folder).await?;
        match case.split(' ').collect::<Vec<_>>()[..] {
            ["enqueue", callers] => enqueue(&peer, callers.parse()?, seconds).await,
            ["bulk"] => bulk(&peer, seconds).await,
            ["drain"] => drain(&peer, setting.waiting).await,
            ["life", callers] => life(&peer, callers.parse()?, seconds).await,
            ["idle"] => idle(&peer).await,
            _ => Err("an unknown case".into()),
        }
    };
    measured.await.unwrap_or_else(|error| Row::default().note(Some(error.to_string())))
}

async fn enqueue<P: Peer>(peer: &P, callers: u64, seconds: Duration) -> Result<Row> {
    let (begin, cpu) = (Instant::now(), cpu());
    let pushed = push(peer, callers, seconds, MOST).await?;
    let (took, cpu) = (begin.elapsed(), since(cpu));
    Ok(Row::new(pushed.acknowledged, took, cpu, pushed.latencies).note(pushed.refused))
}

async fn bulk<P: Peer>(peer: &P, seconds: Duration) -> Result<Row> {
    let (begin, cpu, mut jobs) = (Instant::now(), cpu(), 0);
    while begin.elapsed() < seconds && jobs < MOST {
        peer.enqueue_all((jobs..jobs + CALL).map(Payload::new).collect()).await?;
        jobs += CALL;
    }
    Ok(Row::new(jobs, begin.elapsed(), since(cpu), Vec::new()))
}

async fn drain<P: Peer>(peer: &P, waiting: u64) -> Result<Row> {
    let filling = Instant::now();
    let mut jobs = 0;
    if P::ABOUT.bulk {
        while filling.elapsed() < PATIENCE && jobs < waiting {
            peer.enqueue_all((jobs..jobs + CALL).map(Payload::new).collect()).await?;
            jobs += CALL;
        }
    } else {
        jobs = push(peer, 8, PATIENCE, waiting).await?.acknowledged;
    }
    peer.work().await?;
    let begun = (Instant::now(), cpu(), peer.done().await?);
    finish(peer, jobs, begun).await
}

/// Producers and workers together.
async fn life<P: Peer>(peer: &P, callers: u64, seconds: Duration) -> Result<Row> {
    peer.work().await?;
    let begun = (Instant::now(), cpu(), 0);
    let pushed = push(peer, callers, seconds, MOST).await?;
    Ok(finish(peer, pushed.acknowledged, begun).await?.note(pushed.refused))
}

/// Waits until all jobs are done; `before` were done when the time began.
async fn finish<P: Peer>(peer: &P, jobs: u64, begun: (Instant, Option<Duration>, u64)) -> Result<Row> {
    let (begin, cpu, before) = begun;
    let last = Instant::now() + PATIENCE;
    let mut done = peer.done().await?;
    while done < jobs && Instant::now() < last {
        tokio::time::sleep(Duration::from_millis(2)).await;
        done = peer.done().await?;
    }
    let (took, cpu) = (begin.elapsed(), since(cpu));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let unfinished = (done < jobs).then(|| format!("{done} of {jobs} done in {} s", took.as_secs()));
    let twice = runs().checked_sub(jobs).filter(|more| *more > 0 && done >= jobs);
    let row = Row::new(done.min(jobs) - before, took, cpu, Vec::new());
    Ok(row.note(unfinished).note(twice.map(|more| format!("{more} ran twice"))))
}

async fn idle<P: Peer>(peer: &P) -> Result<Row> {
    TIMED.store(true, Ordering::Relaxed);
    peer.work().await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (begin, cpu, (pings, every)) = (Instant::now(), cpu(), PINGS);
    for _ in 0..pings {
        tokio::time::sleep(every).await;
        peer.enqueue(Payload::new(now())).await?;
    }
    let last = Instant::now() + PATIENCE;
    while runs() < pings as u64 && Instant::now() < last {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let latencies = LATENCIES.lock().unwrap().clone();
    let lost = (latencies.len() < pings).then(|| format!("{} of {pings} started", latencies.len()));
    Ok(Row::new(latencies.len() as u64, begin.elapsed(), since(cpu), latencies).note(lost))
}

struct Pushed {
    acknowledged: u64,
    latencies: Vec<Duration>,
    refused: Option<String>,
}

/// Enqueues from `callers` tasks, each awaiting each of its jobs, for so long or so many.
async fn push<P: Peer>(peer: &P, callers: u64, seconds: Duration, most: u64) -> Result<Pushed> {
    let (begin, next) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (peer, next) = (peer.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let (mut latencies, mut errors) = (Vec::new(), Vec::new());
                while begin.elapsed() < seconds {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= most {
                        break;
                    }
                    let sent = Instant::now();
                    match peer.enqueue(Payload::new(number)).await {
                        Ok(()) => latencies.push(sent.elapsed()),
                        Err(error) => errors.push(error.to_string()),
                    }
                }
                (latencies, errors)
            })
        })
        .collect();
    let (mut latencies, mut errors) = (Vec::new(), Vec::new());
    for task in tasks {
        let (pushed, refused) = task.await?;
        latencies.extend(pushed);
        errors.extend(refused);
    }
    let refused = errors.first().map(|first| format!("{} refused: {first}", errors.len()));
    Ok(Pushed { acknowledged: latencies.len() as u64, latencies, refused })
}

/// The time that all threads of this process have spent on the cores, where the system tells.
fn cpu() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(") ").next()?.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    // A tick is a hundredth of a second on every Linux that cargo builds for.
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}

fn since(before: Option<Duration>) -> Option<Duration> {
    Some(cpu()? - before?)
}
