//! A program whose requests and handlers live in another crate, `mailer/`. It waits for the typed result.

use std::time::Duration;

// Naming a type of the crate links it, and with it the handler, the provider and all else that it registers.
//
// A program that names nothing of it, such as one that only works off what others enqueued, says instead:
//
//     use boltjobs_example_mailer as _;
//
// To depend on the crate in Cargo.toml is not enough: rustc leaves out a crate that no code mentions. `start()` then
// warns of jobs that wait for a handler that the program has not.
use boltjobs_example_mailer::{Receipt, SendMail};

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    tracing_subscriber::fmt::init();

    // In memory, as this program leaves nothing to do for the next.
    let server = boltjobs::builder().store("memory").start().await?;

    let mail = SendMail {
        to: "ada@example.org".into(),
        subject: "Welcome".into(),
        body: "Dear Ada, ..".into(),
    };
    println!("enqueueing {mail:?}");
    let job = mail.enqueue().await?;

    // `wait()` has no limit of its own: a job may be retried for hours.
    let receipt: Receipt = match tokio::time::timeout(Duration::from_secs(10), job.wait()).await {
        Ok(ended) => ended?,
        Err(_) => {
            println!("still {}; the job goes on without us", job.state().await?);
            return server.shutdown().await;
        }
    };
    println!("job {} returned {receipt:?}", job.id());

    // A job that ends otherwise says why.
    let mail = SendMail { to: "nobody".into(), subject: "Welcome".into(), body: String::new() };
    if let Err(error) = mail.enqueue().await?.wait().await {
        println!("{error}");
    }

    server.shutdown().await
}
