//! Whether firing costs by what is due, and not by what there is.

use std::time::Duration;

use boltjobs::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, timeout};

use crate::bench::{Bench, callers};
use crate::figure::{Figure, Result, Scale, float, quantile};
use crate::jobs::{starts, tick_of, wall_clock};
use crate::process;

/// How many definitions are due each second, however many there are.
const DUE: u64 = 50;

/// From now until the first one is due, in microseconds: they have to be added by then.
const AHEAD: u64 = 8_000_000;

/// For how long firing is measured.
const WINDOW: Duration = Duration::from_secs(20);

/// What firing took.
#[derive(Debug)]
struct Fired {
    jobs: u64,
    /// Of all threads, for each second.
    cpu_ms: f64,
    median_ms: f64,
    late_ms: f64,
}

pub(crate) async fn recurring(scale: Scale) -> Result<Vec<Figure>> {
    let mut starts = starts();
    let (few, many) = (DUE, scale.of(50_000).max(2 * DUE));
    let with_few = fire(few, &mut starts, scale).await?;
    let with_many = fire(many, &mut starts, scale).await?;
    let mut figures = Vec::new();
    for (definitions, fired) in [(few, &with_few), (many, &with_many)] {
        let of = |name: &str| format!("{name}, {definitions}");
        figures.extend([
            Figure::new(of("fired"), "jobs", float(fired.jobs)),
            Figure::new(of("CPU time a second"), "ms", fired.cpu_ms),
            Figure::new(of("start after its time, p50"), "ms", fired.median_ms),
            Figure::new(of("start after its time, p99"), "ms", fired.late_ms),
        ]);
    }
    let more = with_many.cpu_ms / with_few.cpu_ms;
    let later = with_many.median_ms / with_few.median_ms;
    figures.push(Figure::new("CPU time, many to few", "", more).at_most(1.5));
    figures.push(Figure::new("p50, many to few", "", later).at_most(1.5));
    Ok(figures)
}

/// Adds definitions that take turns, so that all of them fire some time and the same number each second.
async fn fire(definitions: u64, starts: &mut UnboundedReceiver<i64>, scale: Scale) -> Result<Fired> {
    let bench = Bench::start(|builder| builder).await?;
    let (period, window) = (definitions / DUE, scale.span(WINDOW));
    let first = wall_clock() / 1_000 + AHEAD;
    let added = callers(256, definitions, move |number| async move {
        let at = Timestamp::from_micros((first + number * 1_000_000 / DUE).cast_signed());
        let every = format!("@every {period}s");
        let definition = tick_of(number).recurring(format!("tick-{number}"), every.as_str());
        definition.starts_at(at).await?;
        Ok(())
    });
    added.await?;
    let left = first.checked_sub(wall_clock() / 1_000);
    let left =
        left.ok_or("the first definitions were due before the last were added; use a smaller scale")?;
    sleep(Duration::from_micros(left)).await;
    let (cpu, mut late) = (process::cpu(), Vec::new());
    let heard = timeout(window, async {
        while let Some(nanos) = starts.recv().await {
            late.push(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)).as_secs_f64() * 1e3);
        }
    });
    let _ = heard.await;
    let cpu = process::cpu().saturating_sub(cpu);
    bench.stop().await?;
    while starts.try_recv().is_ok() {}
    late.sort_unstable_by(f64::total_cmp);
    Ok(Fired {
        jobs: late.len() as u64,
        cpu_ms: cpu.as_secs_f64() * 1e3 / window.as_secs_f64(),
        median_ms: quantile(&late, 0.5),
        late_ms: quantile(&late, 0.99),
    })
}
