//! The other half of `producer.rs`: the handler, in a program that starts later, on the same store.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs_examples::BuildReport;

#[handler]
async fn build_report(request: BuildReport, ctx: JobContext) -> JobResult {
    println!(
        "building the report of {}, asked for at {}",
        request.month,
        ctx.created_at()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    tracing_subscriber::fmt::init();

    let server = boltjobs::start().await?;

    // A worker usually says `server.run_until_signal().await`. This one ends once nothing is left to do.
    loop {
        // Of this request alone: other examples may have left jobs in the same folder.
        let stats = server.client().stats().await?;
        let reports = stats.requests.get("reports.build").cloned().unwrap_or_default();
        if reports.scheduled + reports.enqueued + reports.processing == 0 {
            println!("nothing is left; {} reports have been built", reports.succeeded);
            return server.shutdown().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
