//! The passing of time: what is due, what fires, what has expired. It sleeps until the earliest of them.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::clock::Clock;
use boltjobs_core::sabotage::{self, Bug};
use boltjobs_core::store::{Retention, Store, StoreError};
use boltjobs_core::watch::Interest;

use crate::meters;
use crate::runtime::Runtime;

/// How long to wait before a store that failed is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// How often to look whether the clock was set back.
const LOOK: Duration = Duration::from_secs(10);

/// Runs until it is aborted, or the store is closed.
pub(crate) async fn watch_time(runtime: Arc<Runtime>, retention: Retention) {
    // Watched before the first look, so that nothing that comes between the two is missed.
    let mut sooner = runtime.store.watch(Interest::Due);
    loop {
        let now = runtime.now();
        let next = match step(&*runtime.store, retention, now).await {
            Ok(next) => next,
            Err(StoreError::Closed) => return,
            Err(error) => {
                meters::store_failed(&error);
                tracing::error!(%error, "can't move what is due");
                Some(now.plus(ASK_AGAIN))
            }
        };
        let time = async {
            match next {
                // A clock that is set back meanwhile holds up none whose rate has room again.
                Some(next) => tokio::select! {
                    biased;
                    () = runtime.clock.sleep_until(next) => {}
                    () = runtime.clock.sleep(next.since(now)) => {}
                },
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = time => {}
            _ = sooner.changed(), if !sabotage::is(Bug::TimerHearsNothing) => {}
            () = set_back(&*runtime.clock, now) => {}
        }
    }
}

/// Waits until the wall clock shows less than it did: what was computed for a time that had not come is computed anew.
async fn set_back(clock: &dyn Clock, mut before: Timestamp) {
    loop {
        clock.sleep(LOOK).await;
        let now = clock.now();
        if now < before {
            return;
        }
        before = now;
    }
}

async fn step(
    store: &dyn Store,
    retention: Retention,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let due = store.due(now).await?;
    let fire = store.fire(now).await?;
    let expire = store.expire(retention, now).await?;
    Ok([due, fire, expire].into_iter().flatten().min())
}
