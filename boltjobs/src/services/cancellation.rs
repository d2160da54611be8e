//! Telling running handlers to stop.

use std::sync::Arc;

use boltjobs_core::JobId;
use boltjobs_core::watch::Interest;

use crate::pipeline::claim::Worker;

/// Passes on what the store wants cancelled, until it is aborted.
pub(crate) async fn pass_on(worker: Arc<Worker>) {
    let mut watch = worker.runtime.store.watch(Interest::Cancelled);
    loop {
        for job in watch.changed().await.cancelled {
            cancel(&worker, job);
        }
    }
}

/// Fires the token of a job, and gives its handler up when its grace is over.
pub(crate) fn cancel(worker: &Arc<Worker>, id: JobId) {
    let Some(job) = worker.running.get(id).filter(|job| !job.token.is_cancelled()) else { return };
    tracing::info!(job = %id, request = %job.request, "cancelled; its handler is told to stop");
    job.token.cancel();
    let worker = Arc::clone(worker);
    tokio::spawn(async move {
        worker.runtime.clock.sleep(worker.runtime.cancel_grace).await;
        job.abandoned.cancel();
    });
}
