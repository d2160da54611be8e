//! Taking jobs from the store, as many as there are free slots, whenever there may be some.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use boltjobs_core::deploy;
use boltjobs_core::job::Lease;
use boltjobs_core::order;
use boltjobs_core::pool::Pool;
use boltjobs_core::sabotage::{self, Bug};
use boltjobs_core::store::{Claimed, Offer, StoreError};
use boltjobs_core::watch::Interest;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dispatch;
use super::hands::Hands;
use super::ordered::Ordered;
use super::outlived::Outlived;
use super::running::{Running, RunningJob};
use super::settle::Ended;
use super::slots::Slots;
use crate::handler::Run;
use crate::meters;
use crate::runtime::Runtime;

/// How long to wait before a store that failed is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// The slots of a server, and what they share.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) offer: Arc<Offer>,
    /// The same with the demo, once it runs that.
    pub(crate) with_demo: OnceLock<Arc<Offer>>,
    /// Wakes who announces the server, as it offers more than it did.
    pub(crate) told: Notify,
    /// What it was ordered to do while it runs.
    pub(crate) ordered: Ordered,
    /// Whether the store was told that it is gone: it must not hear of it again.
    pub(crate) gone: Mutex<bool>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) running: Running,
    /// Room for those that run next.
    pub(crate) rooms: Pool<Arc<RunningJob>>,
    pub(crate) outlived: Outlived,
    /// Those that run its jobs.
    pub(crate) hands: Hands,
    /// Counts the jobs that run.
    pub(crate) tasks: TaskTracker,
    /// Wakes who writes what running jobs note.
    pub(crate) noted: Arc<Notify>,
    /// Fires when nothing more shall be claimed.
    pub(crate) stopping: CancellationToken,
    /// Fires when running handlers shall stop, so that their jobs go back.
    pub(crate) halting: CancellationToken,
    /// Fires when their time to stop is over.
    pub(crate) halted: CancellationToken,
    pub(crate) outcomes: mpsc::Sender<Ended>,
    /// Fires when every outcome has been sent.
    pub(crate) finished: CancellationToken,
}

/// Claims until the server stops.
pub(crate) async fn claim_jobs(worker: Arc<Worker>) {
    // Watched before the first look, so that nothing that comes between the two is missed.
    let mut ready = worker.runtime.store.watch(Interest::Ready);
    let mut order = worker.ordered.watch();
    loop {
        let slots = tokio::select! {
            biased;
            () = worker.stopping.cancelled() => return,
            slots = worker.slots.take() => slots,
        };
        tokio::select! {
            biased;
            () = worker.stopping.cancelled() => return,
            _ = order.wait_for(Option::is_none) => {}
        }
        let numbers = slots.numbers();
        let free = numbers.len();
        match claim(&worker, numbers).await {
            Ok(jobs) => {
                let more = jobs.len() == free;
                dispatch::dispatch(&worker, jobs, slots);
                if more {
                    continue;
                }
                if sabotage::is(Bug::WatchAfterLook) {
                    ready = worker.runtime.store.watch(Interest::Ready);
                }
                tokio::select! {
                    biased;
                    () = worker.stopping.cancelled() => return,
                    _ = ready.changed() => {}
                    () = worker.outlived.returned.notified() => {}
                }
            }
            Err(StoreError::Closed) => return,
            Err(error) => {
                meters::store_failed(&error);
                tracing::error!(%error, "can't claim jobs");
                drop(slots);
                tokio::select! {
                    biased;
                    () = worker.stopping.cancelled() => return,
                    () = worker.runtime.clock.sleep(ASK_AGAIN) => {}
                }
            }
        }
    }
}

async fn claim(worker: &Worker, workers: Vec<u32>) -> Result<Vec<Claimed>, StoreError> {
    worker.running.begin_claim();
    worker.runtime.store.claim(worker.offered(), workers, worker.runtime.now()).await
}

impl Worker {
    /// Says whether it runs anything.
    pub(crate) fn works(&self) -> bool {
        !self.offer.handles.is_empty() && self.offer.workers > 0
    }

    /// Returns what it can run by now.
    fn offered(&self) -> Arc<Offer> {
        self.outlived.tell(self.with_demo.get().unwrap_or(&self.offer))
    }

    /// Tells the store that this server is there, if it works.
    pub(crate) async fn announce(&self) -> Result<(), StoreError> {
        if !self.works() {
            return Ok(());
        }
        self.tell(self.offered()).await
    }

    /// Notes the version of the program, if that was told and it works.
    pub(crate) async fn note_version(&self) -> Result<(), StoreError> {
        let (offer, runtime) = (&self.offer, &self.runtime);
        if let Some(version) = offer.vitals.version.as_deref().filter(|_| self.works()) {
            deploy::note(&*runtime.store, version, &offer.server, runtime.now()).await?;
        }
        Ok(())
    }

    /// Tells the store what it offers, unless it is gone.
    pub(crate) async fn tell(&self, offer: Arc<Offer>) -> Result<(), StoreError> {
        let gone = self.gone.lock().await;
        if *gone {
            return Ok(());
        }
        let now = self.runtime.now();
        let until = now.plus(offer.lease);
        self.runtime.store.announce(offer, now, until).await
    }

    /// Tells the store that it is gone, so that others that share the store learn it at once, and not when it is missed.
    pub(crate) async fn retire(&self) -> Result<(), StoreError> {
        let (server, store) = (&self.offer.server, &*self.runtime.store);
        let mut gone = self.gone.lock().await;
        *gone = true;
        store.retire(Arc::clone(server)).await?;
        drop(gone);
        if self.ordered.were_any() {
            order::forget(store, server, self.runtime.now()).await?;
        }
        Ok(())
    }

    /// Returns the leases that a heartbeat shall keep.
    pub(crate) fn leases(&self) -> Vec<Lease> {
        let kept = |job: &Arc<RunningJob>| !sabotage::is(Bug::HeartbeatSkipsBlocking) || !self.blocks(job);
        self.running.all().into_iter().filter(kept).map(|job| job.lease).collect()
    }

    /// Says whether the handler of a job is a plain fn.
    fn blocks(&self, job: &RunningJob) -> bool {
        let known = self.runtime.registry.by_name(&job.spec.request);
        let handler = known.and_then(|known| known.handler.as_ref());
        handler.is_some_and(|handler| matches!(handler.run, Run::Blocking(_)))
    }
}
