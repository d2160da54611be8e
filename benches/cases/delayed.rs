//! How punctual jobs are that become due close after each other.

use std::time::Duration;

use boltjobs::Timestamp;
use tokio::time::sleep;

use crate::bench::{Bench, callers};
use crate::figure::{Figure, Result, Scale, float, percentiles};
use crate::jobs::{starts, timed_for, wall_clock};

/// From now until the first job is due, in microseconds: they have to be enqueued by then.
const AHEAD: u64 = 5_000_000;

/// The time within which all are due, in microseconds.
const WITHIN: u64 = 1_000_000;

pub(crate) async fn delayed(scale: Scale) -> Result<Vec<Figure>> {
    let jobs = scale.of(100_000);
    let bench = Bench::start(|builder| builder.workers(256)).await?;
    let mut starts = starts();
    let first = wall_clock() / 1_000 + AHEAD;
    let enqueued = callers(1_024, jobs, move |number| async move {
        let due = first + number * WITHIN / jobs;
        let at = Timestamp::from_micros(due.cast_signed());
        timed_for(due * 1_000).schedule_at(at).await?;
        Ok(())
    });
    enqueued.await?;
    if wall_clock() / 1_000 > first {
        return Err("the first jobs were due before the last were enqueued; use a smaller scale".into());
    }
    let mark = bench.mark();
    // Whoever waits for each start is woken 100,000 times, which takes more than a tenth of the machine.
    sleep(Duration::from_micros(AHEAD + WITHIN)).await;
    bench.succeeded(jobs).await?;
    let work = bench.since(&mark, jobs);
    let (mut late, mut early) = (Vec::new(), 0);
    for _ in 0..jobs {
        let nanos = starts.recv().await.ok_or("no start is told any more")?;
        early += u64::from(nanos < 0);
        late.push(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)).as_secs_f64() * 1e3);
    }
    bench.stop().await?;
    let [median, worst] = percentiles("start after its time", "ms", late);
    let [cpu, ..] = work.costs();
    Ok(vec![median, worst.at_most(50.0), Figure::new("early", "jobs", float(early)).at_most(0.0), cpu])
}
