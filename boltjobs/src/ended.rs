//! Waiting for jobs to end, without a look at the store for each end of another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use boltjobs_core::JobId;
use boltjobs_core::store::Store;
use boltjobs_core::watch::Interest;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Who waits for which job.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Where to listen: the thread of the services outlives the runtime of whoever waits.
    services: Handle,
    waiting: Arc<Mutex<HashMap<JobId, Vec<oneshot::Sender<()>>>>>,
    /// Nobody listens to the store until somebody waits.
    listening: OnceLock<tokio::task::AbortHandle>,
}

impl Ended {
    pub(crate) fn new(services: Handle) -> Self {
        Self { services, waiting: Arc::default(), listening: OnceLock::new() }
    }

    /// Returns what completes when the job ends the next time.
    pub(crate) fn subscribe(&self, store: &Arc<dyn Store>, job: JobId) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiters = waiting.entry(job).or_default();
        waiters.retain(|waiter| !waiter.is_closed());
        waiters.push(sender);
        drop(waiting);
        self.listening.get_or_init(|| {
            let (mut watch, waiting) = (store.watch(Interest::Ended), Arc::clone(&self.waiting));
            let listen = async move {
                loop {
                    let ended = watch.changed().await.ended;
                    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    // A receiver that is gone no longer waits; that is no fault.
                    ended.iter().filter_map(|job| waiting.remove(job)).flatten().for_each(|waiter| {
                        let _ = waiter.send(());
                    });
                }
            };
            self.services.spawn(listen).abort_handle()
        });
        receiver
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.get() {
            listening.abort();
        }
    }
}
