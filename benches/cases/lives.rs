//! Whole lives: producers and workers together, until all jobs have Succeeded on disk.

use std::time::Duration;

use super::disk::brief;
use crate::bench::{Bench, callers};
use crate::figure::{Figure, Result, Scale, percentiles};
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

/// Whole lives beside jobs that wait for long, so that compaction writes these again and again.
pub(crate) async fn beside_a_backlog(scale: Scale) -> Result<Vec<Figure>> {
    let (waiting, jobs) = (scale.of(300_000), scale.of(1_200_000));
    let bench = Bench::start(|builder| builder.workers(256).retention(brief())).await?;
    let scheduled = callers(1_024, waiting, |number| async move {
        job(number).schedule_in(Duration::from_hours(24)).await?;
        Ok(())
    });
    scheduled.await?;
    let mark = bench.mark();
    let times = callers(256, jobs, |number| async move {
        job(number).enqueue().await?;
        Ok(())
    });
    let times = times.await?;
    let work = bench.since(&mark, jobs);
    let longest = times.iter().copied().fold(0.0, f64::max);
    let mut figures = vec![work.rate("jobs/s")];
    figures.extend(percentiles("one enqueue", "ms", times));
    figures.push(Figure::new("one enqueue, the longest", "ms", longest));
    figures.extend(work.costs());
    bench.stop().await?;
    Ok(figures)
}
