//! A started server, and how it stops.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use boltjobs_core::job::DEFAULT_QUEUE;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::observer::Observers;
use crate::pipeline::claim::Worker;
use crate::provider::{HookInfo, Providers, SharedValue};
use crate::runtime::{self, Runtime};
use crate::services::ServiceThread;

/// A started boltjobs: it works until it is shut down or dropped.
///
/// Dropping it stops the work at once, without a word to the handlers; what they were at is run again after the next
/// start. [`Server::run_until_signal`] and [`Server::shutdown`] are the polite ways.
#[must_use = "the server stops when it is dropped; write `let server = ..` and await `server.run_until_signal()` at the end"]
pub struct Server {
    pub(crate) worker: Arc<Worker>,
    pub(crate) claiming: JoinHandle<()>,
    pub(crate) settling: JoinHandle<()>,
    pub(crate) services: Vec<JoinHandle<()>>,
    pub(crate) thread: Option<ServiceThread>,
    pub(crate) stop_hooks: Vec<&'static HookInfo>,
    /// What providers built, in order.
    pub(crate) built: Vec<SharedValue>,
    pub(crate) observers: Option<Observers>,
    /// Where the dashboard is shown.
    pub(crate) dashboard: Option<SocketAddr>,
    pub(crate) shutdown_timeout: Duration,
}

/// How long handlers and observers may take to stop once the shutdown timeout is over.
pub(crate) const LAST_GRACE: Duration = Duration::from_secs(1);

impl Server {
    /// Returns the client of this server's store.
    pub fn client(&self) -> Client {
        Client::of(Arc::clone(&self.worker.runtime))
    }

    /// Returns the name under which the history lists this server: `<host>:<process id>:<random>`.
    pub fn name(&self) -> &str {
        &self.worker.offer.server
    }

    /// Works until the process gets SIGINT (Ctrl-C) or SIGTERM, or somebody orders it to stop on the dashboard or by
    /// [`ServerRef::stop`](crate::ServerRef::stop), then shuts down. A second signal ends the wait for running handlers at once.
    ///
    /// # Errors
    /// As for [`Server::shutdown`]; [`Error::Config`] when signals can't be listened to.
    ///
    /// # Cancel safety
    /// Dropping the future drops the server.
    pub async fn run_until_signal(self) -> Result<()> {
        let mut signals =
            Signals::new().map_err(|error| Error::Config(format!("can't listen to signals: {error}")))?;
        let signal = tokio::select! {
            biased;
            signal = signals.next() => signal,
            () = self.until_ordered_to_stop() => "an order",
        };
        tracing::info!(signal, timeout = ?self.shutdown_timeout, "shutting down; another signal ends the wait");
        let halting = self.worker.halting.clone();
        let hurry = async move {
            signals.next().await;
            halting.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            done = self.shutdown() => done,
            () = hurry => Ok(()),
        }
    }

    /// Waits until somebody orders this server to stop, on the dashboard or by [`ServerRef::stop`](crate::ServerRef::stop). It is
    /// for programs that shut down by themselves: [`run_until_signal`](Self::run_until_signal) waits for it, too.
    ///
    /// # Cancel safety
    /// It only waits.
    pub async fn until_ordered_to_stop(&self) {
        self.worker.ordered.follow_stop();
        // It is shown that it can be ordered to.
        self.worker.told.notify_one();
        self.worker.ordered.stopped().await;
    }

    /// Stops claiming, lets running handlers finish within the shutdown timeout, cancels the rest, puts their jobs
    /// back with the attempt given back, runs the `#[on_stop]` hooks, and closes the store.
    ///
    /// # Errors
    /// The first error of a hook, or of the store while it closes. Everything is let go all the same.
    ///
    /// # Cancel safety
    /// Dropping the future drops the server.
    pub async fn shutdown(mut self) -> Result<()> {
        let worker = Arc::clone(&self.worker);
        worker.stopping.cancel();
        // A claim that is on its way is still dispatched. A panic in it has been reported by the hook.
        tokio::select! {
            biased;
            _ = &mut self.claiming => {}
            () = until_it_fails(&worker.runtime) => self.claiming.abort(),
        }
        worker.tasks.close();
        let clock = &worker.runtime.clock;
        tokio::select! {
            biased;
            () = worker.tasks.wait() => {}
            () = clock.sleep(self.shutdown_timeout) => {}
            () = worker.halting.cancelled() => {}
        }
        worker.halting.cancel();
        for job in worker.running.all() {
            job.stop.fire();
        }
        tokio::select! {
            biased;
            () = worker.tasks.wait() => {}
            () = clock.sleep(LAST_GRACE) => worker.halted.cancel(),
        }
        // What nobody waits for any longer ends at its next await, if it ever comes to one.
        tokio::select! {
            biased;
            () = worker.tasks.wait() => {}
            () = clock.sleep(LAST_GRACE) => {
                let jobs = worker.running.all().len();
                tracing::error!(jobs, "handlers hold their threads; their jobs run again after the next start");
            }
        }
        // Every outcome is on its way by now.
        worker.finished.cancel();
        worker.hands.close();
        tokio::select! {
            biased;
            _ = &mut self.settling => {}
            () = clock.sleep(LAST_GRACE) => {
                // From now on a store that fails is no longer waited for.
                worker.halted.cancel();
                tokio::select! {
                    biased;
                    _ = &mut self.settling => {}
                    () = until_it_fails(&worker.runtime) => {
                        tracing::error!("outcomes are not stored yet; what can't be stored while the store is closed is lost, and its jobs will run again");
                        self.settling.abort();
                    }
                }
            }
        }

        tokio::select! {
            biased;
            _ = worker.retire() => {}
            // What was ordered is removed by the next server that starts.
            () = clock.sleep(LAST_GRACE) => {}
        }

        let mut result = Ok(());
        for hook in self.stop_hooks.iter().rev() {
            let run = (hook.run)(worker.runtime.providers());
            if let Err(failure) = runtime::scope(Arc::clone(&worker.runtime), run).await {
                tracing::error!(hook = hook.name, error = %failure, "a stop hook failed");
                let failed = format!("the hook `{}` at {} failed: {failure}", hook.name, hook.source);
                result = result.and(Err(Error::Config(failed)));
            }
        }
        if let Some(observers) = self.observers.take() {
            observers.stop(&**clock).await;
        }
        for service in self.services.drain(..) {
            service.abort();
        }
        result = result.and(worker.runtime.store.close().await.map_err(Error::from));
        self.let_go();
        tracing::info!("stopped");
        result
    }

    fn let_go(&mut self) {
        let runtime = &self.worker.runtime;
        runtime::leave(runtime);
        *runtime.providers.write().unwrap_or_else(PoisonError::into_inner) = Providers::default();
        while let Some(value) = self.built.pop() {
            drop(value);
        }
        drop(self.thread.take());
        // The store is closed by now, so that whoever waits sees why.
        runtime.ended.close();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.worker.stopping.cancel();
        self.worker.halting.cancel();
        self.worker.halted.cancel();
        self.worker.hands.close();
        self.claiming.abort();
        self.settling.abort();
        drop(self.observers.take());
        for service in self.services.drain(..) {
            service.abort();
        }
        self.let_go();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.worker.runtime.store.location();
        f.debug_struct("Server").field("name", &self.name()).field("store", &store).finish_non_exhaustive()
    }
}

/// Returns once the store answers with an error. One that is merely slow is waited for.
async fn until_it_fails(runtime: &Runtime) {
    while runtime.store.counts().await.is_ok() {
        runtime.clock.sleep(LAST_GRACE).await;
    }
}

/// The signals that end a server.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}

/// A queue that a server works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub(crate) name: String,
    pub(crate) weight: Option<u32>,
    pub(crate) concurrency: Option<u32>,
}

impl Queue {
    /// Names a queue: `[a-z0-9_-]`, 1 to 64 characters.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), weight: None, concurrency: None }
    }

    /// Gives the queue a share in proportion to the other queues' weights, instead of a place in a strict order.
    ///
    /// As soon as one queue of a server has a weight, all have; those without one weigh 1.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = Some(weight);
        self
    }

    /// Lets at most so many jobs of the queue run at once, over every server that shares the store. The others keep
    /// their places and occupy no worker. Default: as many as there are workers.
    #[must_use]
    pub fn concurrency(mut self, at_most: u32) -> Self {
        self.concurrency = Some(at_most);
        self
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self::new(DEFAULT_QUEUE)
    }
}

impl<T: Into<String>> From<T> for Queue {
    fn from(name: T) -> Self {
        Self::new(name)
    }
}
