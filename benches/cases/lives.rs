//! Whole lives: producers and workers together, until all jobs have Succeeded on disk.

use crate::bench::{Bench, callers};
use crate::figure::{Figure, Result, Scale};
use crate::jobs::job;

pub(crate) async fn lives(producers: u64, workers: usize, scale: Scale) -> Result<Vec<Figure>> {
    let jobs = scale.of(300_000);
    let bench = Bench::start(|builder| builder.workers(workers)).await?;
    let mark = bench.mark();
    let times = callers(producers, jobs, |number| async move {
        job(number).enqueue().await?;
        Ok(())
    });
    times.await?;
    bench.succeeded(jobs).await?;
    let work = bench.since(&mark, jobs);
    bench.stop().await?;
    // The goal is one of many callers; fewer are measured to compare.
    let rate = work.rate("lives/s");
    let mut figures = vec![if producers >= 1_024 { rate.at_least(200_000.0) } else { rate }];
    figures.extend(work.costs());
    let [limit, ratio] = work.against_raw(scale).await?;
    figures.extend([limit, ratio.at_least(0.3)]);
    figures.push(work.raw_in_groups_of(producers, scale).await?);
    Ok(figures)
}
