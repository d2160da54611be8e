//! Blocking handlers that nobody waits for any longer, and that keep their places in limits until they return.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boltjobs_core::store::Offer;
use tokio::sync::Notify;

/// How many there are of each request.
#[derive(Debug, Default)]
pub(crate) struct Outlived {
    counts: Mutex<HashMap<Arc<str>, u32>>,
    /// Tells that one has returned, so that there may be room.
    pub(crate) returned: Notify,
}

impl Outlived {
    pub(crate) fn add(&self, request: &Arc<str>) {
        *self.counts().entry(Arc::clone(request)).or_default() += 1;
    }

    pub(crate) fn remove(&self, request: &Arc<str>) {
        let mut counts = self.counts();
        if let Some(count) = counts.get_mut(request) {
            *count -= 1;
            if *count == 0 {
                counts.remove(request);
            }
        }
        drop(counts);
        self.returned.notify_one();
    }

    /// Lowers the limits of an offer by those that are taken.
    pub(crate) fn lower(&self, offer: &Arc<Offer>) -> Arc<Offer> {
        let counts = self.counts();
        if counts.is_empty() {
            return Arc::clone(offer);
        }
        let mut lowered = Offer::clone(offer);
        for limit in lowered.handles.values_mut().filter_map(|handled| handled.limit.as_mut()) {
            let taken: u32 = limit.names.iter().filter_map(|name| counts.get(name)).sum();
            limit.at_most = limit.at_most.saturating_sub(taken);
        }
        Arc::new(lowered)
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Arc<str>, u32>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
