//! What a churn of jobs leaves on disk.

use std::time::Duration;

use boltjobs::{Keep, Retention};
use tokio::time::sleep;

use crate::bench::{self, Bench};
use crate::churn::churn;
use crate::figure::{Figure, Result, Scale, float};

/// What may be there in any case.
pub(crate) const FLOOR: u64 = 64 << 20;

/// How many jobs come once it is quiet.
const MORE: u64 = 100_000;

pub(crate) async fn disk(scale: Scale) -> Result<Vec<Figure>> {
    let jobs = scale.of(10_000_000);
    let bench = Bench::start(|builder| builder.workers(256).retention(brief())).await?;
    let mark = bench.mark();
    churn(256, jobs).await?;
    let work = bench.since(&mark, jobs);
    let [cpu, ..] = work.costs();
    let mut figures = vec![work.rate("jobs/s"), cpu];
    figures.extend(left(&bench, "after the churn").await?);
    settle(&bench).await?;
    figures.extend(left(&bench, "once ended jobs are gone").await?);
    // Sled gives back what is free once it needs more room.
    churn(256, MORE).await?;
    settle(&bench).await?;
    figures.extend(left(&bench, "after 100,000 more").await?);
    let blobs = std::fs::read_dir(bench.path().join("blobs"))?.count() as u64;
    figures.push(Figure::new("files in blobs/", "", float(blobs)).at_most(0.0));
    figures.push(Figure::new("chunks compacted", "", float(bench.stats().dropped)));
    bench.stop().await?;
    Ok(figures)
}

/// Ended jobs go soon, so that it is a churn.
pub(crate) fn brief() -> Retention {
    Retention::default().succeeded(Keep::for_age(Duration::from_secs(10)).at_most(100_000))
}

/// Waits until nothing is left to run now, and retention is over for almost all that ran.
async fn settle(bench: &Bench) -> Result<()> {
    loop {
        let stats = bench.client().stats().await?;
        if stats.enqueued + stats.processing + stats.succeeded < 5_000 {
            return Ok(());
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// Tells what is on disk, and what may be.
async fn left(bench: &Bench, when: &str) -> Result<[Figure; 4]> {
    let (bytes, stats) = (bench::disk(&bench.path())?, bench.stats());
    let jobs = bench.client().stats().await?;
    let jobs = jobs.scheduled + jobs.enqueued + jobs.processing + jobs.succeeded;
    let figure =
        |name: &str, bytes: u64| Figure::new(format!("{name}, {when}"), "MiB", float(bytes) / float(1 << 20));
    let most = figure("", 2 * stats.live_bytes + FLOOR).value;
    Ok([
        figure("disk", bytes).at_most(most),
        figure("live and retained", stats.live_bytes),
        figure("journal", stats.journal_bytes),
        Figure::new(format!("jobs kept, {when}"), "jobs", float(jobs)),
    ])
}
