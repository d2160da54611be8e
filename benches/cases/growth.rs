//! Whether anything takes longer because many jobs wait.

use std::time::{Duration, Instant};

use boltjobs::{Client, JobId, JobState};

use crate::bench::Bench;
use crate::figure::{Figure, Result, Scale, float, percentiles};
use crate::jobs::{counted, done, fill, job};

/// How many jobs are drained to compare.
const DRAINED: u64 = 200_000;

/// How often each question is asked.
const ASKED: u64 = 2_000;

pub(crate) async fn growth(scale: Scale) -> Result<Vec<Figure>> {
    let (few, many) = (1_000, scale.of(5_000_000));
    // So many that nearly all of their records are on disk, as of many.
    let more = scale.of(1_000_000);
    let (small, drained) = (scale.of(10_000), scale.of(DRAINED));
    let bench = Bench::start(|builder| builder.workers(256)).await?;
    bench.pause(true).await?;
    let mut figures = Vec::new();

    let with_few = questions(&bench, few, &mut figures).await?;
    let slow = drained_in_steps(&bench, small, drained).await?;
    let with_more = questions(&bench, more, &mut figures).await?;
    let with_many = questions(&bench, many, &mut figures).await?;
    let fast = drained_of_many(&bench, drained).await?;
    bench.stop().await?;

    let rates = [slow, fast].map(|took| float(drained) / took.as_secs_f64());
    let [small_rate, large_rate] = rates;
    figures.extend([
        Figure::new(format!("drained, {small} waiting"), "jobs/s", small_rate),
        Figure::new(format!("drained, {many} waiting"), "jobs/s", large_rate),
        Figure::new("drained, many to few", "", large_rate / small_rate).at_least(0.8),
    ]);
    for (at, name) in ["page", "count", "explain"].into_iter().enumerate() {
        let to = |fewer: [f64; 3]| with_many[at] / fewer[at];
        figures.push(Figure::new(format!("{name}, p50, {many} to {few}"), "", to(with_few)).at_most(1.5));
        figures.push(Figure::new(format!("{name}, p50, {many} to {more}"), "", to(with_more)).at_most(1.5));
    }
    Ok(figures)
}

/// Drains so many jobs, a few at a time: all that are there, and then as many again.
async fn drained_in_steps(bench: &Bench, step: u64, jobs: u64) -> Result<Duration> {
    let mut took = Duration::ZERO;
    for begun in (0..jobs).step_by(usize::try_from(step)?) {
        let step = step.min(jobs - begun);
        top_up(bench, step).await?;
        took += drained_of_many(bench, step).await?;
    }
    Ok(took)
}

/// Drains so many of the jobs that wait.
async fn drained_of_many(bench: &Bench, jobs: u64) -> Result<Duration> {
    let (begin, goal) = (Instant::now(), done() + jobs);
    bench.pause(false).await?;
    counted(goal).await;
    let took = begin.elapsed();
    bench.pause(true).await?;
    Ok(took)
}

/// Sees to it that so many jobs wait.
async fn top_up(bench: &Bench, waiting: u64) -> Result<()> {
    let there = bench.client().stats().await?.enqueued;
    fill(waiting.saturating_sub(there)).await
}

/// Asks about jobs while so many wait, and returns the medians of a page, a count and an explanation.
async fn questions(bench: &Bench, waiting: u64, figures: &mut Vec<Figure>) -> Result<[f64; 3]> {
    let known = known_among(bench, waiting).await?;
    let client = bench.client();
    let (mut pages, mut counts, mut explanations) = (Vec::new(), Vec::new(), Vec::new());
    for (_, id) in (0..ASKED).zip(known.iter().cycle()) {
        pages.push(micros(page(&client, *id)).await?);
        counts.push(micros(count(&client)).await?);
        explanations.push(micros(explain(&client, *id)).await?);
    }
    let mut median = |name: &str, times| {
        let told = percentiles(&format!("{name}, {waiting} waiting"), "us", times);
        let median = told[0].value;
        figures.extend(told);
        median
    };
    Ok([median("page", pages), median("count", counts), median("explain", explanations)])
}

/// Enqueues until so many wait, and returns some of them from all over the line.
async fn known_among(bench: &Bench, waiting: u64) -> Result<Vec<JobId>> {
    let (parts, mut known) = (100, Vec::new());
    let there = bench.client().stats().await?.enqueued;
    for part in 1..=parts {
        top_up(bench, there + waiting.saturating_sub(there) * part / parts - 1).await?;
        known.push(job(part).enqueue().await?.id());
    }
    Ok(known)
}

async fn micros(asked: impl Future<Output = Result<()>>) -> Result<f64> {
    let begin = Instant::now();
    asked.await?;
    Ok(begin.elapsed().as_secs_f64() * 1e6)
}

async fn page(client: &Client, after: JobId) -> Result<()> {
    client.jobs().state(JobState::Enqueued).after(after).list().await?;
    Ok(())
}

async fn count(client: &Client) -> Result<()> {
    client.jobs().state(JobState::Enqueued).count().await?;
    Ok(())
}

async fn explain(client: &Client, id: JobId) -> Result<()> {
    client.explain(id).await?;
    Ok(())
}
