//! Blocking handlers that nobody waits for any longer, and that keep their places in limits until they return.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boltjobs_core::job::JobSpec;
use boltjobs_core::store::{Held, Offer};
use tokio::sync::Notify;

/// The places that they keep.
#[derive(Debug, Default)]
pub(crate) struct Outlived {
    held: Mutex<Vec<Held>>,
    /// Tells that one has returned, so that there may be room.
    pub(crate) returned: Notify,
}

impl Outlived {
    /// Keeps the place of a handler, unless it has returned by now.
    ///
    /// That is asked under the lock, so that a handler which returns at this moment finds the place that it gives back.
    pub(crate) fn add(&self, spec: &JobSpec, outlives: impl FnOnce() -> bool) {
        let mut held = self.held();
        if outlives() {
            held.push(place(spec));
        }
    }

    pub(crate) fn remove(&self, spec: &JobSpec) {
        let (place, mut held) = (place(spec), self.held());
        if let Some(at) = held.iter().position(|held| *held == place) {
            held.swap_remove(at);
        }
        drop(held);
        self.returned.notify_one();
    }

    /// Says in an offer which places are kept.
    pub(crate) fn tell(&self, offer: &Arc<Offer>) -> Arc<Offer> {
        let held = self.held();
        if held.is_empty() {
            return Arc::clone(offer);
        }
        Arc::new(Offer { held: held.clone(), ..Offer::clone(offer) })
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(spec: &JobSpec) -> Held {
    let (request, queue) = (Arc::clone(&spec.request), Arc::clone(&spec.queue));
    Held { request, queue, key: spec.concurrency_key.clone() }
}
