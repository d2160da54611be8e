//! How much memory a job takes that waits.

use crate::bench::Bench;
use crate::figure::{Figure, Result, Scale, float};
use crate::jobs::fill;
use crate::process::{peak_memory, settled_memory};

/// How many jobs wait when it begins: what they take is that of any program that runs.
const FIRST: u64 = 100_000;

pub(crate) async fn memory(total: u64, scale: Scale) -> Result<Vec<Figure>> {
    let (first, total) = (scale.of(FIRST), scale.of(total));
    let bench = Bench::start(|builder| builder.workers(0)).await?;
    fill(first).await?;
    let before = settled_memory().await;
    fill(total - first).await?;
    let after = settled_memory().await;
    let waiting = bench.client().stats().await?.enqueued;
    assert_eq!(waiting, total, "not all jobs wait");
    bench.stop().await?;
    let each = (float(after) - float(before)) / float(total - first);
    let mib = |bytes: u64| float(bytes) / float(1 << 20);
    Ok(vec![
        Figure::new("memory a waiting job", "B", each).at_most(150.0),
        Figure::new(format!("memory, {first} waiting"), "MiB", mib(before)),
        Figure::new(format!("memory, {total} waiting"), "MiB", mib(after)),
        Figure::new("peak memory", "MiB", mib(peak_memory())),
    ])
}
