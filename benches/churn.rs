//! Full load with jobs of mixed lifetimes: most run at once, one in a hundred later, and one in a thousand in hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::figure::Result;
use crate::jobs::{done, job};

/// How far producers may be ahead of the workers.
const AHEAD: u64 = 50_000;

/// Enqueues so many jobs from so many producers at once, each job awaited; dropping the future stops them.
pub(crate) async fn churn(producers: u64, jobs: u64) -> Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..producers {
        let next = Arc::clone(&next);
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= jobs {
                    return Result::<_>::Ok(());
                }
                while number - number / 100 > done() + AHEAD {
                    sleep(Duration::from_millis(1)).await;
                }
                match delay(number) {
                    None => job(number).enqueue().await?,
                    Some(delay) => job(number).schedule_in(delay).await?,
                };
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// Says how much later a job runs, if it does not at once: 10 to 119 seconds, or 1 to 12 hours.
fn delay(number: u64) -> Option<Duration> {
    match number {
        _ if number.is_multiple_of(1_000) => Some(Duration::from_hours(1 + number / 1_000 % 12)),
        _ if number.is_multiple_of(100) => Some(Duration::from_secs(10 + number / 100 % 110)),
        _ => None,
    }
}
