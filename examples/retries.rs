//! What can become of an attempt, one handler for each: it fails and is retried, steers its job itself, takes too
//! long, is cancelled, panics. The program prints the history of each job, and ends.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use boltjobs::prelude::*;
use boltjobs::{Request, RowData};

/// When there is something to do, shared by the attempts.
pub struct Opening(Instant);

/// Comes too early.
#[request]
#[derive(Debug)]
pub struct TooEarly;

// Snoozing is no failure: it may go on for days although nothing here is retried.
#[handler(retries = 0)]
async fn too_early(_: TooEarly, opening: Data<Opening>) -> JobResult {
    if Instant::now() < opening.0 {
        return Err(JobError::snooze(Duration::from_millis(100)).into());
    }
    Ok(())
}

/// Fails twice, then succeeds.
#[request(response = String)]
#[derive(Debug)]
pub struct Flaky;

// Delays this short are for the sake of the example: the default begins with 15 seconds and grows to hours.
#[handler(retries = 3, backoff = "list(20ms, 60ms)")]
async fn flaky(_: Flaky, ctx: JobContext) -> JobResult<String> {
    match ctx.attempt() {
        attempt @ 1..=2 => Err(format!("no luck with attempt {attempt}").into()),
        attempt => Ok(format!("took {attempt} attempts")),
    }
}

/// Never succeeds.
#[request]
#[derive(Debug)]
pub struct Hopeless;

#[handler(retries = 2, backoff = "exponential(10ms, max = 1s)")]
async fn hopeless(_: Hopeless) -> JobResult {
    // Any error will do; its type, its text and its causes are kept.
    let number: u32 = "twelve".parse()?;
    println!("{number}");
    Ok(())
}

/// Knows better than the backoff when to come back.
#[request]
#[derive(Debug)]
pub struct RateLimited;

#[handler(retries = 1)]
async fn rate_limited(_: RateLimited, ctx: JobContext) -> JobResult {
    if ctx.attempt() == 1 {
        return Err(JobError::retry_in(Duration::from_millis(40), "asked to come back in 40 ms").into());
    }
    Ok(())
}

/// Knows that no retry will help.
#[request]
#[derive(Debug)]
pub struct BadAddress;

#[handler(retries = 10)]
async fn bad_address(_: BadAddress) -> JobResult {
    Err(JobError::discard("the address does not exist").into())
}

/// Takes too long.
#[request]
#[derive(Debug)]
pub struct Slow;

#[handler(retries = 0, timeout = "50ms")]
async fn slow(_: Slow) -> JobResult {
    // The handler is dropped at its next `.await` once the time is over.
    tokio::time::sleep(Duration::from_secs(60)).await;
    Ok(())
}

/// Is cancelled while it runs.
#[request]
#[derive(Debug)]
pub struct Endless;

#[handler]
async fn endless(_: Endless, ctx: JobContext) -> JobResult {
    loop {
        tokio::select! {
            // The chance to clean up. A handler that takes no notice is dropped after a grace of 30 seconds.
            () = ctx.cancelled() => return Err(JobError::cancelled().into()),
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
    }
}

/// Panics. The server survives it.
#[request]
#[derive(Debug)]
pub struct Buggy;

// A job that nobody will look at may end in Deleted, which is kept for a day, instead of Failed, kept for 90.
#[handler(retries = 1, backoff = "fixed(20ms)", on_exhausted = "delete")]
async fn buggy(_: Buggy) {
    panic!("this is the panic that the example is about");
}

#[tokio::main]
async fn main() -> boltjobs::Result<()> {
    let opening = Opening(Instant::now() + Duration::from_millis(250));
    let server = boltjobs::builder()
        .store("memory")
        .provide(opening)
        .start()
        .await?;

    tell(TooEarly.enqueue().await?).await?;
    tell(Flaky.enqueue().await?).await?;
    tell(Hopeless.enqueue().await?).await?;
    // What is said of one job wins over its handler.
    tell(Hopeless.enqueue().retries(0).await?).await?;
    tell(RateLimited.enqueue().await?).await?;
    tell(BadAddress.enqueue().await?).await?;
    tell(Slow.enqueue().await?).await?;

    let endless = Endless.enqueue().await?;
    while endless.state().await? != JobState::Processing {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A running job is asked to stop, and ends in Deleted once its handler has.
    boltjobs::client()
        .delete(endless.id())
        .because("nobody needs it any longer")
        .await?;
    tell(endless).await?;

    tell(Buggy.enqueue().await?).await?;

    server.shutdown().await
}

/// Waits for the end of a job and prints how it came about.
async fn tell<R: Request>(job: JobHandle<R>) -> boltjobs::Result<()>
where
    R::Response: Debug,
{
    let ended = job.wait().await;
    let Some(details) = boltjobs::client().job(job.id()).await? else {
        return Ok(());
    };

    println!("\n{}", details.title());
    for row in details.history() {
        let after = row.at.since(details.history()[0].at).as_millis();
        let attempt = match &row.data {
            RowData::Processing { attempt, .. } => format!("attempt {attempt}"),
            _ => String::new(),
        };
        // The error itself stands in the row too, with its type and its causes; `wait()` shows its text.
        let reason = row.reason.as_deref().unwrap_or(&attempt);
        println!("  {after:>4} ms  {:<10}  {reason}", row.state);
    }
    match ended {
        Ok(response) => println!("  wait() returned {response:?}"),
        Err(error) => println!("  wait() failed: {error}"),
    }
    Ok(())
}
