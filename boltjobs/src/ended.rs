//! Waiting for jobs to end, without a look at the store for each end of another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

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

    /// Begins to wait for the end of the job that comes next.
    pub(crate) fn subscribe(&self, store: &Arc<dyn Store>, job: JobId) -> Waiting<'_> {
        let (sender, receiver) = oneshot::channel();
        self.waiters().entry(job).or_default().push(sender);
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
        Waiting { ended: self, job, receiver }
    }

    /// Tells everyone that no end will come any more.
    pub(crate) fn close(&self) {
        self.waiters().clear();
    }

    fn waiters(&self) -> MutexGuard<'_, HashMap<JobId, Vec<oneshot::Sender<()>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits for one job.
pub(crate) struct Waiting<'a> {
    ended: &'a Ended,
    job: JobId,
    receiver: oneshot::Receiver<()>,
}

impl Waiting<'_> {
    /// Returns when the job has ended, or when nobody will tell any more.
    pub(crate) async fn done(mut self) {
        // Whoever waits looks again, and then sees which of the two it was.
        let _ = (&mut self.receiver).await;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        let mut waiting = self.ended.waiters();
        if let Some(waiters) = waiting.get_mut(&self.job) {
            waiters.retain(|waiter| !waiter.is_closed());
            if waiters.is_empty() {
                waiting.remove(&self.job);
            }
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.get() {
            listening.abort();
        }
    }
}
