//! What everything that runs under one `start()` shares, and how code finds it.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use boltjobs_core::clock::{Chance, Clock};
use boltjobs_core::id::JobIds;
use boltjobs_core::store::Store;
use boltjobs_core::{JobId, Timestamp};
use tokio::runtime::Handle;

use crate::ended::Ended;
use crate::provider::Providers;
use crate::registry::Registry;

/// One `start()`: a store, a clock, and what the program registered.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) registry: Registry,
    pub(crate) ids: JobIds,
    pub(crate) ended: Ended,
    /// Where timers run that no handler can hold up.
    pub(crate) services: Handle,
    pub(crate) providers: RwLock<Providers>,
    /// How long a handler that was asked to stop may go on.
    pub(crate) cancel_grace: Duration,
}

impl Runtime {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn next_id(&self, now: Timestamp) -> JobId {
        self.ids.next(now, &*self.chance)
    }

    pub(crate) fn providers(&self) -> Providers {
        self.providers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Those that were started and not shut down, oldest first.
static STARTED: RwLock<Vec<Weak<Runtime>>> = RwLock::new(Vec::new());

tokio::task_local! {
    /// The one that runs the handler of this task: what it enqueues goes to its own store.
    static SCOPE: Arc<Runtime>;
}

/// Returns the one whose handler this is, else the oldest that runs.
pub(crate) fn current() -> Option<Arc<Runtime>> {
    SCOPE.try_with(Arc::clone).ok().or_else(|| {
        let started = STARTED.read().unwrap_or_else(PoisonError::into_inner);
        started.iter().find_map(Weak::upgrade)
    })
}

pub(crate) fn enter(runtime: &Arc<Runtime>) {
    STARTED.write().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(runtime));
}

pub(crate) fn leave(runtime: &Arc<Runtime>) {
    let mut started = STARTED.write().unwrap_or_else(PoisonError::into_inner);
    started.retain(|other| other.upgrade().is_some_and(|other| !Arc::ptr_eq(&other, runtime)));
}

/// Runs a future as a handler of this runtime.
pub(crate) async fn scope<T>(runtime: Arc<Runtime>, future: impl Future<Output = T>) -> T {
    SCOPE.scope(runtime, future).await
}

/// Runs a call as a handler of this runtime.
pub(crate) fn scope_blocking<T>(runtime: Arc<Runtime>, call: impl FnOnce() -> T) -> T {
    SCOPE.sync_scope(runtime, call)
}
