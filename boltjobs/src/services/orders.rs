//! Following what somebody orders this server to do.

use std::sync::Arc;

use boltjobs_core::order;
use boltjobs_core::store::StoreError;
use boltjobs_core::watch::Watch;

use crate::pipeline::claim::Worker;

/// Reads orders whenever there may be a new one, and with each heartbeat, until it is aborted or the store is closed.
///
/// It is apart from the heartbeat, as it waits for the disk, and no lease is to wait for that.
pub(crate) async fn follow(worker: Arc<Worker>, mut watch: Watch) {
    if !worker.works() {
        return;
    }
    loop {
        tokio::select! {
            biased;
            _ = watch.changed() => {}
            () = worker.ordered.beaten.notified() => {}
        }
        match read(&worker).await {
            Ok(()) => {}
            Err(StoreError::Closed) => return,
            Err(error) => tracing::debug!(%error, "orders can't be read; the next heartbeat tries again"),
        }
    }
}

async fn read(worker: &Worker) -> Result<(), StoreError> {
    let runtime = &worker.runtime;
    let orders = order::of(&*runtime.store, &worker.offer.server).await?;
    if worker.ordered.obey(&orders, runtime.now()) {
        let (work, logs) = (worker.ordered.work(), worker.ordered.logs());
        tracing::info!(
            order = work.map(tracing::field::display),
            logs = logs.map(|(level, _)| tracing::field::display(level)),
            "ordered in the dashboard or by a client"
        );
        if let Some(capture) = &runtime.capture {
            capture.keep_up_to(logs.map(|(level, _)| level));
        }
        // It is seen at once that it does so.
        worker.told.notify_one();
    }
    Ok(())
}
