//! What the log says of a server that was started.

use boltjobs_core::demo;

use crate::error::Result;
use crate::server::Server;

/// Says what was started, and what will not be done.
pub(crate) async fn report(server: &Server) -> Result<()> {
    let (runtime, offer) = (&server.worker.runtime, &server.worker.offer);
    let counts = runtime.store.counts().await?;
    tracing::info!(
        store = runtime.store.location(),
        server = &*offer.server,
        handlers = offer.handles.len(),
        workers = offer.workers,
        dashboard = server.dashboard.map(tracing::field::display),
        without_handler = ?runtime.registry.unhandled(),
        "boltjobs started"
    );
    if offer.workers == 0 {
        // It only enqueues; others run the jobs.
        return Ok(());
    }
    for (request, states) in counts.requests {
        let waiting: u64 = {
            use boltjobs_core::JobState::{Awaiting, Enqueued, Scheduled};
            [Awaiting, Scheduled, Enqueued].into_iter().map(|state| states.get(state)).sum()
        };
        if waiting > 0 && !offer.handles.contains_key(&request) && !demo::is(&request) {
            tracing::warn!(
                %request,
                waiting,
                "jobs wait for a handler that this program has not; add #[handler], \
                 or `use that_crate as _;` if it lives in another crate"
            );
        }
    }
    Ok(())
}
