//! The gauges: what waits in the queues, and how busy the server is. They are looked at, and not kept in step with each
//! job, so that they cost a job nothing and are right for a recorder that was installed late.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::JobState;
use boltjobs_core::store::{QueueInfo, StateCounts, StoreError};
use metrics::gauge;

use crate::meters::{self, OLDEST_WAIT, QUEUE_JOBS, RECURRING_ERRORS, RUNNING, SLOTS};
use crate::pipeline::claim::Worker;

/// How often to look.
const EVERY: Duration = Duration::from_secs(10);

/// Looks until it is aborted, or the store is closed.
pub(crate) async fn tell(worker: Arc<Worker>) {
    let server = Busy(Arc::clone(&worker));
    let mut told = BTreeSet::new();
    loop {
        server.tell();
        match look(&worker, &mut told).await {
            Ok(()) => {}
            Err(StoreError::Closed) => return,
            Err(error) => {
                meters::store_failed(&error);
                tracing::error!(%error, "can't look at the queues for their gauges");
            }
        }
        worker.runtime.clock.sleep(EVERY).await;
    }
}

/// Tells of each queue, also of those that were there before and are gone.
async fn look(worker: &Worker, told: &mut BTreeSet<Arc<str>>) -> Result<(), StoreError> {
    let (store, now) = (&worker.runtime.store, worker.runtime.now());
    let mut gone = told.clone();
    for QueueInfo { name, counts, oldest, .. } in store.queues(now).await? {
        tell_queue(&name, counts, oldest.map_or(Duration::ZERO, |oldest| now.since(oldest)));
        gone.remove(&name);
        told.insert(name);
    }
    for name in &gone {
        tell_queue(name, StateCounts::default(), Duration::ZERO);
    }
    let broken = store.recurring_jobs().await?.iter().filter(|job| job.definition.error().is_some()).count();
    gauge!(RECURRING_ERRORS).set(number(broken as u64));
    Ok(())
}

fn tell_queue(name: &Arc<str>, counts: StateCounts, waited: Duration) {
    for state in JobState::ALL {
        gauge!(QUEUE_JOBS, "queue" => Arc::clone(name), "state" => state.as_str().to_ascii_lowercase())
            .set(number(counts.get(state)));
    }
    gauge!(OLDEST_WAIT, "queue" => Arc::clone(name)).set(waited);
}

/// The server, of which nothing runs any more once this is dropped.
struct Busy(Arc<Worker>);

impl Busy {
    fn tell(&self) {
        self.set(self.0.running.count(), self.0.offer.workers as usize);
    }

    fn set(&self, running: usize, slots: usize) {
        let server = || Arc::clone(&self.0.offer.server);
        gauge!(RUNNING, "server" => server()).set(number(running as u64));
        gauge!(SLOTS, "server" => server()).set(number(slots as u64));
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.set(0, 0);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is an f64, which is exact up to 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}
