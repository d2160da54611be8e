//! How often the whole program allocates for each job, from the call of the user to the last row of history.

#[cfg(not(feature = "allocations"))]
use std::future::{Ready, ready};

use crate::figure::{Figure, Result, Scale};

#[cfg(not(feature = "allocations"))]
pub(crate) fn allocations(_: Scale) -> Ready<Result<Vec<Figure>>> {
    let mend = "add `--features allocations`";
    ready(Err(format!("counting slows everything down, so it has a build of its own; {mend}").into()))
}

#[cfg(feature = "allocations")]
pub(crate) async fn allocations(scale: Scale) -> Result<Vec<Figure>> {
    use crate::bench::{Bench, callers};
    use crate::jobs::{Count, counted, job};

    let jobs = scale.of(100_000);
    let bench = Bench::start(|builder| builder.workers(256)).await?;
    bench.pause(true).await?;
    let mut figures = Vec::new();

    let counting = stats_alloc::Region::new(crate::COUNTING);
    let enqueued = callers(64, jobs, |number| async move {
        job(number).enqueue().await?;
        Ok(())
    });
    enqueued.await?;
    figures.extend(each("enqueue, 64 callers", &counting.change(), jobs));

    let counting = stats_alloc::Region::new(crate::COUNTING);
    Count::enqueue_all((0..jobs).map(job)).await?;
    figures.extend(each("enqueue_all", &counting.change(), jobs));

    let counting = stats_alloc::Region::new(crate::COUNTING);
    bench.pause(false).await?;
    counted(2 * jobs).await;
    bench.succeeded(2 * jobs).await?;
    figures.extend(each("drain", &counting.change(), 2 * jobs));
    bench.stop().await?;
    Ok(figures)
}

/// Tells how often memory was asked for, and for how much.
#[cfg(feature = "allocations")]
fn each(name: &str, counted: &stats_alloc::Stats, jobs: u64) -> [Figure; 2] {
    #[cfg(not(feature = "allocations"))]
    use std::future::{Ready, ready};

    use crate::figure::float;
    let each = |all: usize| float(all as u64) / float(jobs);
    [
        Figure::new(
            format!("{name}, allocations a job"),
            "",
            each(counted.allocations + counted.reallocations),
        ),
        Figure::new(format!("{name}, allocated a job"), "B", each(counted.bytes_allocated)),
    ]
}
