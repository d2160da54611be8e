//! How fast jobs are acknowledged, each of them on disk.

use crate::bench::{Bench, callers};
use crate::figure::{Figure, Result, Scale, percentiles};
use crate::jobs::{Count, job};

/// Callers that each await their own job, and what is asked of them.
#[derive(Debug)]
pub(crate) struct Callers {
    count: u64,
    jobs: u64,
    rate: f64,
    ratio: f64,
    /// Which percentile of one enqueue has a goal, and its most milliseconds.
    latency: (&'static str, f64),
}

pub(crate) const ONE: Callers =
    Callers { count: 1, jobs: 5_000, rate: 2_500.0, ratio: 0.6, latency: ("p50", 0.5) };
pub(crate) const SOME: Callers =
    Callers { count: 64, jobs: 200_000, rate: 80_000.0, ratio: 0.5, latency: ("p99", 20.0) };
pub(crate) const MANY: Callers =
    Callers { count: 1_024, jobs: 500_000, rate: 300_000.0, ratio: 0.5, latency: ("p99", 20.0) };

pub(crate) async fn one_by_one(asked: &Callers, scale: Scale) -> Result<Vec<Figure>> {
    let jobs = scale.of(asked.jobs);
    let bench = Bench::start(|builder| builder.workers(0)).await?;
    let mark = bench.mark();
    let times = callers(asked.count, jobs, |number| async move {
        job(number).enqueue().await?;
        Ok(())
    });
    let times = times.await?;
    let work = bench.since(&mark, jobs);
    bench.stop().await?;
    let mut figures = vec![work.rate("acks/s").at_least(asked.rate)];
    let (label, most) = asked.latency;
    figures.extend(
        percentiles("one enqueue", "ms", times)
            .map(|figure| if figure.name.ends_with(label) { figure.at_most(most) } else { figure }),
    );
    figures.extend(work.costs());
    let [limit, ratio] = work.against_raw(scale).await?;
    figures.extend([limit, ratio.at_least(asked.ratio)]);
    figures.push(work.raw_in_groups_of(asked.count, scale).await?);
    Ok(figures)
}

pub(crate) async fn all(scale: Scale) -> Result<Vec<Figure>> {
    let total = scale.of(100_000);
    let bench = Bench::start(|builder| builder.workers(0)).await?;
    let requests: Vec<_> = (0..total).map(job).collect();
    let mark = bench.mark();
    let handles = Count::enqueue_all(requests).await?;
    let work = bench.since(&mark, total);
    drop(handles);
    bench.stop().await?;
    let mut figures = vec![work.rate("jobs/s").at_least(500_000.0)];
    figures.extend(work.costs());
    figures.extend(work.against_raw(scale).await?);
    Ok(figures)
}
