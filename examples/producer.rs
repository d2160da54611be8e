//! A producer: it enqueues jobs that another program handles, and runs none itself.
//!
//! ```text
//! cargo run --example producer      # twice, if you like: the jobs add up
//! cargo run --example worker        # works them off
//! ```
//!
//! With the embedded store one process at a time owns the folder, so the worker comes after the producer. To enqueue
//! while the jobs run, do so in the program that runs them, as `web.rs` does.

use boltjobs_examples::BuildReport;

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    tracing_subscriber::fmt::init();

    // Without a handler for it, `BuildReport` is no mistake: the line that `start()` logs lists it in
    // `without_handler`. No worker would find a thing to do; `workers(0)` says that this is meant, and stays
    // true when a crate with handlers is linked one day.
    let server = boltjobs::builder().workers(0).start().await?;

    for month in ["2026-01", "2026-02"] {
        let job = BuildReport { month: month.into() }.enqueue().await?;
        // It is on disk by now: this process may end, or be killed.
        println!("enqueued {} ({month})", job.id());
    }

    let stats = server.client().stats().await?;
    println!("{} jobs wait for a program with a handler", stats.enqueued);

    // Lets go of the store, for the worker.
    server.shutdown().await
}
