//! What the disk can do by itself, in the same run: it tells whether a machine is the one that it was.

use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::figure::{Figure, Result, Scale, float};
use crate::raw;

/// About what one job writes.
pub(super) const BYTES: usize = 300;

pub(crate) async fn raw(scale: Scale) -> Result<Vec<Figure>> {
    let span = scale.span(Duration::from_secs(1));
    let mut figures = Vec::new();
    for jobs in [1, 64, 1_024] {
        let raw = spawn_blocking(move || raw::measure(jobs * BYTES, span)).await??;
        let rate = raw.groups_per_second * float(jobs as u64);
        figures.push(Figure::new(format!("groups of {jobs}"), "jobs/s", rate));
        figures.push(Figure::new(format!("groups of {jobs}, p50"), "ms", raw.median.as_secs_f64() * 1e3));
    }
    Ok(figures)
}
