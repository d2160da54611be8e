//! How soon a job starts when there is nothing else to do.

use std::time::Duration;

use boltjobs_sled::Durability;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::plain::BYTES;
use crate::bench::Bench;
use crate::figure::{Figure, Result, Scale, percentiles};
use crate::jobs::{starts, timed_for, wall_clock};
use crate::raw;

/// The time between two jobs.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) async fn durable(scale: Scale) -> Result<Vec<Figure>> {
    let bench = Bench::start(|builder| builder).await?;
    let times = tokio::spawn(times(scale)).await??;
    bench.stop().await?;
    let [median, worst] = in_unit(&times, 1e6, "ms");
    let raw = spawn_blocking(move || raw::measure(BYTES, scale.span(Duration::from_secs(1)))).await??;
    let sync = Figure::new("raw, one write and its sync, p50", "ms", raw.median.as_secs_f64() * 1e3);
    Ok(vec![median.at_most(0.5), worst.at_most(3.0), sync])
}

pub(crate) async fn eventual(scale: Scale) -> Result<Vec<Figure>> {
    let bench = Bench::start_with(Durability::Eventual, |builder| builder).await?;
    let times = tokio::spawn(times(scale)).await??;
    bench.stop().await?;
    let [median, worst] = in_unit(&times, 1e3, "us");
    Ok(vec![median.at_most(60.0), worst])
}

pub(crate) async fn memory(scale: Scale) -> Result<Vec<Figure>> {
    let server = boltjobs::builder().store("memory").start().await?;
    let times = tokio::spawn(times(scale)).await??;
    server.shutdown().await?;
    let [median, worst] = in_unit(&times, 1e3, "us");
    Ok(vec![median.at_most(60.0), worst])
}

/// Returns the nanoseconds from before each enqueue to the start of the handler.
async fn times(scale: Scale) -> Result<Vec<f64>> {
    let mut starts = starts();
    let mut times = Vec::new();
    for _ in 0..scale.of(1_000) {
        sleep(PAUSE).await;
        timed_for(wall_clock()).enqueue().await?;
        #[expect(clippy::cast_precision_loss, reason = "less than a second")]
        times.extend(starts.recv().await.map(|nanos| nanos as f64));
    }
    Ok(times)
}

fn in_unit(nanos: &[f64], nanos_a_unit: f64, unit: &str) -> [Figure; 2] {
    percentiles("enqueue to start", unit, nanos.iter().map(|nanos| nanos / nanos_a_unit).collect())
}
