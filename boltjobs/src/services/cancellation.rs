//! Telling running handlers to stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use boltjobs_core::JobId;
use boltjobs_core::watch::Watch;

use crate::pipeline::claim::Worker;
use crate::pipeline::running::RunningJob;

/// Passes on what the store wants cancelled, until it is aborted.
///
/// The watch is older than the first claim, so that no job is cancelled unseen.
pub(crate) async fn pass_on(worker: Arc<Worker>, mut watch: Watch) {
    loop {
        for job in watch.changed().await.cancelled {
            cancel(&worker, job);
        }
    }
}

/// Fires the token of a job, and gives its handler up when its grace is over.
pub(crate) fn cancel(worker: &Arc<Worker>, id: JobId) {
    if let Some(job) = worker.running.cancel(id) {
        stop(worker, job);
    }
}

/// The same for a job that is at hand.
pub(crate) fn stop(worker: &Arc<Worker>, job: Arc<RunningJob>) {
    // Not the token: that of a handler whose time was over has fired, and its interceptors may still run.
    if job.asked.swap(true, Ordering::Relaxed) {
        return;
    }
    tracing::info!(job = %job.lease.job, request = %job.spec.request, "cancelled; its handler is told to stop");
    job.stop.fire();
    let runtime = Arc::clone(&worker.runtime);
    let give_up = async move {
        tokio::select! {
            biased;
            () = job.ended.fired() => {}
            () = runtime.clock.sleep(runtime.cancel_grace) => job.abandoned.fire(),
        }
    };
    worker.runtime.services.spawn(worker.runtime.steer(give_up));
}
