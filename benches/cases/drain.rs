//! How fast jobs that wait are run, until all have Succeeded on disk.

use crate::bench::Bench;
use crate::figure::{Figure, Result, Scale};
use crate::jobs::{counted, done, fill};

pub(crate) async fn drain(workers: Option<usize>, scale: Scale) -> Result<Vec<Figure>> {
    let jobs = scale.of(1_000_000);
    let set = |workers| move |builder: boltjobs::Builder| builder.workers(workers);
    let bench = match workers {
        Some(workers) => Bench::start(set(workers)).await?,
        None => Bench::start(|builder| builder).await?,
    };
    bench.pause(true).await?;
    fill(jobs).await?;
    let mark = bench.mark();
    bench.pause(false).await?;
    counted(jobs).await;
    bench.succeeded(jobs).await?;
    let work = bench.since(&mark, jobs);
    assert_eq!(done(), jobs, "a job ran twice");
    bench.stop().await?;
    let mut figures = vec![work.rate("jobs/s").at_least(250_000.0)];
    figures.extend(work.costs());
    figures.extend(work.against_raw(scale).await?);
    Ok(figures)
}
