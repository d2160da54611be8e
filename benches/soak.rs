//! Full load for a long time, looked at each second: what grows, and what comes and goes, shows in no short case.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, timeout_at};

use crate::bench::{self, Bench};
use crate::cases::disk::{FLOOR, brief};
use crate::churn::churn;
use crate::command::Soak;
use crate::figure::{Figure, Result, Run, Scale, float, quantile};
use crate::jobs::done;
use crate::plot::{self, Panel};
use crate::process::{Busy, memory};
use crate::report::{self, Measured, Report};

/// How many producers there are, and how many workers.
const PRODUCERS: u64 = 256;

const MIB: f64 = 1_048_576.0;

/// What was seen at the end of a second.
#[derive(Debug, Serialize)]
struct Sample {
    second: f64,
    jobs_per_second: f64,
    memory_bytes: u64,
    disk_bytes: u64,
    journal_bytes: u64,
    /// What is live and retained, as the store estimates it.
    live_bytes: u64,
}

/// What is written of a soak: the same as of cases, and all that was seen.
#[derive(Debug, Serialize)]
struct Seen {
    #[serde(flatten)]
    report: Report,
    samples: Vec<Sample>,
}

/// Keeps up the load, and writes what was seen as JSON and as a picture.
pub(crate) fn soak(asked: &Soak) -> Result<()> {
    let mut report = Report::begin(1, Scale::default())?;
    report::print(&report.head());
    let busy = Busy::now();
    let samples = tokio::runtime::Runtime::new()?.block_on(load(asked.span))?;
    let run = Run { figures: figures(&samples), others: busy.others_since() };
    let about = "256 producers and 256 workers, jobs of mixed lifetimes";
    let measured = Measured::of("soak", about, Ok(vec![run]), Scale::default());
    report::print(&measured.told());
    report.cases.push(measured);
    write(&asked.svg, plot::draw(&panels(&samples)).as_bytes())?;
    write(&asked.json, &serde_json::to_vec_pretty(&Seen { report, samples })?)
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(file, bytes).map_err(|error| format!("can't write `{}`: {error}", file.display()).into())
}

async fn load(span: Duration) -> Result<Vec<Sample>> {
    let workers = usize::try_from(PRODUCERS)?;
    let bench = Bench::start(|builder| builder.workers(workers).retention(brief())).await?;
    let mut samples = Vec::new();
    let end = tokio::time::Instant::now() + span;
    tokio::select! {
        ended = churn(PRODUCERS, u64::MAX) => ended?,
        looked = timeout_at(end, look(&bench, &mut samples)) => looked.unwrap_or(Ok(()))?,
    }
    bench.stop().await?;
    Ok(samples)
}

/// Looks each second, for ever.
async fn look(bench: &Bench, samples: &mut Vec<Sample>) -> Result<()> {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    seconds.tick().await;
    let (begin, mut before, mut since) = (Instant::now(), done(), Instant::now());
    loop {
        seconds.tick().await;
        let (now, after, stats) = (Instant::now(), done(), bench.stats());
        samples.push(Sample {
            second: (now - begin).as_secs_f64().round(),
            jobs_per_second: float(after - before) / (now - since).as_secs_f64(),
            memory_bytes: memory(),
            disk_bytes: bench::disk(&bench.path())?,
            journal_bytes: stats.journal_bytes,
            live_bytes: stats.live_bytes,
        });
        (before, since) = (after, now);
    }
}

impl Sample {
    fn most_disk(&self) -> u64 {
        2 * self.live_bytes + FLOOR
    }
}

fn figures(samples: &[Sample]) -> Vec<Figure> {
    let mut rates: Vec<_> = samples.iter().map(|sample| sample.jobs_per_second).collect();
    rates.sort_unstable_by(f64::total_cmp);
    let filled = |sample: &Sample| float(sample.disk_bytes) / float(sample.most_disk());
    let memory = |sample: Option<&Sample>| sample.map_or(0.0, |sample| float(sample.memory_bytes) / MIB);
    vec![
        Figure::new("rate, p50 of all seconds", "jobs/s", quantile(&rates, 0.5)),
        Figure::new("rate, the slowest second", "jobs/s", quantile(&rates, 0.0)),
        Figure::new("jobs", "", float(done())),
        Figure::new("memory, after a tenth of the time", "MiB", memory(samples.get(samples.len() / 10))),
        Figure::new("memory, at the end", "MiB", memory(samples.last())),
        Figure::new(
            "disk to 2 x live and 64 MiB, at most",
            "",
            samples.iter().map(filled).fold(0.0, f64::max),
        )
        .at_most(1.0),
    ]
}

fn panels(samples: &[Sample]) -> [Panel; 3] {
    let values = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).collect();
    let panel = |title: &str, values| Panel { title: title.to_owned(), values, limit: None };
    let most = values(&|sample| float(sample.most_disk()) / MIB);
    [
        panel("jobs a second", values(&|sample| sample.jobs_per_second)),
        panel("memory, MiB", values(&|sample| float(sample.memory_bytes) / MIB)),
        Panel {
            limit: Some(("at most: 2 x live and retained + 64 MiB".to_owned(), most)),
            ..panel("disk, MiB", values(&|sample| float(sample.disk_bytes) / MIB))
        },
    ]
}
