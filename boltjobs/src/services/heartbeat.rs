//! Keeping leases alive from outside the handlers, and finding what is wrong with them.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::order::Order;
use boltjobs_core::store::{Duty, Heartbeat, Offer, StoreError, Vitals};

use crate::meters;
use crate::pipeline::claim::Worker;
use crate::services::cancellation;
use crate::vitals::{Pulse, resident};

/// A handler that holds its thread longer than this is reported.
const BLOCKING: Duration = Duration::from_secs(1);

/// Beats three times in the time of a lease, until it is aborted or the store is closed.
pub(crate) async fn keep_leases(worker: Arc<Worker>, mut pulse: Pulse, max_crashes: u32) {
    let lease = worker.offer.lease;
    loop {
        tokio::select! {
            biased;
            () = worker.told.notified() => {}
            () = worker.runtime.clock.sleep(lease / 3) => {}
        }
        let beaten = beat(&worker, &mut pulse, max_crashes).await;
        worker.ordered.beaten.notify_one();
        match beaten {
            Ok(()) => {}
            Err(StoreError::Closed) => return,
            Err(error) => {
                meters::store_failed(&error);
                tracing::error!(%error, "can't keep leases alive");
            }
        }
    }
}

/// Says that the server is there, and how it is.
async fn announce(worker: &Worker, pulse: &mut Pulse) -> Result<(), StoreError> {
    if !worker.works() {
        return Ok(());
    }
    let offer = worker.outlived.tell(worker.with_demo.get().unwrap_or(&worker.offer));
    let vitals = Vitals {
        version: offer.vitals.version.clone(),
        resident: resident(),
        lag: Some(pulse.take()),
        duty: duty(worker),
        stoppable: worker.ordered.is_stoppable(),
        logs: worker.ordered.logs(),
    };
    worker.tell(Arc::new(Offer { vitals, ..Offer::clone(&offer) })).await
}

fn duty(worker: &Worker) -> Duty {
    let stops = worker.ordered.work() == Some(Order::Stop) && worker.ordered.is_stoppable();
    if worker.stopping.is_cancelled() || stops {
        return Duty::Stopping;
    }
    if worker.ordered.work().is_some() { Duty::Quiet } else { Duty::Works }
}

async fn beat(worker: &Arc<Worker>, pulse: &mut Pulse, max_crashes: u32) -> Result<(), StoreError> {
    let (runtime, leases) = (&worker.runtime, worker.leases());
    announce(worker, pulse).await?;
    let heartbeat = if leases.is_empty() {
        Heartbeat::default()
    } else {
        runtime.store.heartbeat(leases, runtime.now().plus(worker.offer.lease)).await?
    };
    for lease in heartbeat.lost {
        worker.running.lose(lease);
    }
    for job in heartbeat.cancelled {
        cancellation::cancel(worker, job);
    }
    for job in worker.running.all() {
        if let Some(held) = job.pulse.blocking(runtime.clock.monotonic(), BLOCKING) {
            tracing::warn!(
                job = %job.lease.job,
                request = %job.spec.request,
                "an async handler has held its thread for {held:?}; make it a plain fn, or await more often"
            );
        }
    }
    // After the heartbeat, so that a clock that was set forward expires no lease of this server.
    runtime.store.reap(max_crashes, runtime.now()).await.map(drop)
}
