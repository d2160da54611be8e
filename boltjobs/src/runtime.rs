//! What everything that runs under one `start()` shares, and how code finds it.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use boltjobs_core::clock::{Chance, Clock};
use boltjobs_core::id::JobIds;
use boltjobs_core::operation::Operations;
use boltjobs_core::store::{Retention, Store};
use boltjobs_core::{JobId, Timestamp};
use tokio::runtime::Handle;

use crate::capture::Capture;
use crate::ended::Ended;
use crate::meters::Meters;
use crate::pipeline::running::RunningJob;
use crate::provider::Providers;
use crate::registry::Registry;
use crate::trace::TraceHook;

/// One `start()`: a store, a clock, and what the program registered.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) registry: Registry,
    pub(crate) ids: JobIds,
    pub(crate) ended: Ended,
    pub(crate) operations: Operations,
    pub(crate) meters: Meters,
    /// Where timers run that no handler can hold up.
    pub(crate) services: Handle,
    pub(crate) providers: RwLock<Providers>,
    /// How long a handler that was asked to stop may go on.
    pub(crate) cancel_grace: Duration,
    /// The most bytes of what a handler or a step returns.
    pub(crate) max_result: usize,
    /// For how long what has ended is kept.
    #[cfg_attr(not(feature = "dashboard"), expect(dead_code, reason = "only pages tell it"))]
    pub(crate) retention: Retention,
    pub(crate) trace_context: Option<TraceHook>,
    /// What fills the logs of the jobs, if anything.
    pub(crate) capture: Option<Capture>,
    /// The process that a test pretends this to be.
    #[cfg(feature = "testing")]
    pub(crate) node: Option<Arc<crate::testing::Node>>,
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

    /// Prepares what is to be spawned. In a test it can then be stopped from outside, as a process is.
    #[cfg(not(feature = "testing"))]
    #[expect(clippy::unused_self, reason = "it is the one of a test that matters")]
    pub(crate) fn steer<F: Future<Output = ()> + Send + 'static>(&self, future: F) -> F {
        future
    }

    /// Prepares what is to be spawned. In a test it can then be stopped from outside, as a process is.
    #[cfg(feature = "testing")]
    pub(crate) fn steer<F: Future<Output = ()> + Send + 'static>(
        &self,
        future: F,
    ) -> crate::handler::BoxFuture<()> {
        match &self.node {
            Some(node) => node.steer(future),
            None => Box::pin(future),
        }
    }

    /// Calls what a handler does, so that what it logs gets into the log of its job.
    pub(crate) fn captured<T>(&self, call: impl FnOnce() -> T) -> T {
        let _guard = self.capture.as_ref().map(Capture::enter);
        call()
    }
}

/// Those that were started and not shut down, oldest first.
static STARTED: RwLock<Vec<Weak<Runtime>>> = RwLock::new(Vec::new());

tokio::task_local! {
    /// The one that runs the handler of this task: what it enqueues goes to its own store.
    static SCOPE: Scope;
}

struct Scope {
    runtime: Arc<Runtime>,
    /// The job whose handler this is; none in a provider or a hook.
    job: Option<Arc<RunningJob>>,
}

/// Returns the one whose handler this is, else that of the test on this thread, else the oldest that runs.
pub(crate) fn current() -> Option<Arc<Runtime>> {
    let scoped = SCOPE.try_with(|scope| Arc::clone(&scope.runtime)).ok();
    #[cfg(feature = "testing")]
    let scoped = scoped.or_else(crate::testing::current);
    scoped.or_else(|| {
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

/// Looks at the job whose handler this is, if it is one.
pub(crate) fn with_job<T>(look: impl FnOnce(&Runtime, &RunningJob) -> T) -> Option<T> {
    SCOPE.try_with(|scope| scope.job.as_ref().map(|job| look(&scope.runtime, job))).ok().flatten()
}

/// Returns the job whose handler this is, if it is one.
pub(crate) fn current_job() -> Option<Arc<RunningJob>> {
    SCOPE.try_with(|scope| scope.job.clone()).ok().flatten()
}

/// Runs a future in this runtime, as a part of whatever job runs here.
pub(crate) async fn scope<T>(runtime: Arc<Runtime>, future: impl Future<Output = T>) -> T {
    SCOPE.scope(Scope { runtime, job: current_job() }, future).await
}

/// Runs a future as the handler of a job.
pub(crate) fn scope_job<F: Future>(
    runtime: Arc<Runtime>,
    job: Arc<RunningJob>,
    future: F,
) -> impl Future<Output = F::Output> {
    SCOPE.scope(Scope { runtime, job: Some(job) }, future)
}

/// Runs a call as a part of a job, or of none.
pub(crate) fn scope_blocking<T>(
    runtime: Arc<Runtime>,
    job: Option<Arc<RunningJob>>,
    call: impl FnOnce() -> T,
) -> T {
    SCOPE.sync_scope(Scope { runtime, job }, call)
}
