//! Recurring jobs: every second, by the clock of a time zone, how they are paused, resumed, triggered and removed, and
//! what came of them.
//! The program ends by itself after about six seconds.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{RecurringDetails, RunOutcome};

#[request]
#[derive(Debug)]
pub struct Tick;

#[handler]
async fn tick(_: Tick, ctx: JobContext) {
    // The instant that the job stands for, even if it runs later.
    if let Some(at) = ctx.scheduled_for() {
        println!("  tick for {}", at.format("%H:%M:%S%.3f"));
    }
}

#[request(display = "Report for {office}")]
#[derive(Debug)]
pub struct MorningReport {
    pub office: String,
}

#[handler]
async fn morning_report(request: MorningReport) {
    println!("  report for {}", request.office);
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    let server = boltjobs::builder().store("memory").start().await?;
    let client = boltjobs::client();

    // Six fields begin with the seconds; the usual five begin with the minutes.
    // A tick that is still at work lets the next one pass.
    let ticking = Tick
        .recurring("tick", "* * * * * *")
        .overlap(Overlap::Skip)
        .await?;

    // By the clock on the wall in Oslo, through summer and winter. The time zone is UTC unless it is said.
    MorningReport { office: "Oslo".into() }
        .recurring("morning-report", "30 7 * * MON-FRI")
        .timezone("Europe/Oslo")
        .jitter(Duration::from_secs(60))
        .await?;

    println!("every second:");
    tokio::time::sleep(Duration::from_millis(2_500)).await;

    println!("paused: {}", ticking.pause().await?);
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    // Nothing fires, but a job can still be made by hand. It stands for the instant at which that was done.
    println!("triggered:");
    let job = ticking.trigger().await?;
    assert!(job.is_some(), "`None` would say that there is no such definition");
    tokio::time::sleep(Duration::from_millis(100)).await;

    // What was missed while it was paused stays missed.
    println!("resumed: {}", ticking.resume().await?);
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    // The latest 50 runs are kept, also when their jobs are gone.
    println!("runs:");
    let definitions = client.recurring_jobs().await?;
    let runs = definitions
        .iter()
        .find(|found| found.id() == "tick")
        .map(RecurringDetails::runs)
        .unwrap_or_default();
    for run in runs {
        println!(
            "  {} {:?}, triggered: {}",
            run.scheduled_for, run.outcome, run.triggered
        );
    }
    assert!(
        runs.iter()
            .any(|run| run.triggered && run.outcome == RunOutcome::Succeeded),
        "{runs:?}"
    );
    assert!(runs.len() >= 3, "{runs:?}");

    // Definitions are found by their id, from any code; nobody has to keep what `recurring()` returned.
    println!("removed: {}", client.recurring("tick").remove().await?);
    println!("removed again: {}", client.recurring("tick").remove().await?);

    println!("what is left:");
    for definition in client.recurring_jobs().await? {
        let next = definition
            .next_run()
            .map(|at| at.with_timezone(&definition.zone().unwrap_or_default().tz()));
        println!(
            "  {}: `{}` in {}, next at {}",
            definition.id(),
            definition.cron(),
            definition.timezone(),
            next.map_or_else(|| "no time".to_owned(), |at| at.to_string()),
        );
    }

    server.shutdown().await
}
