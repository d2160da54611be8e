//! From a program with attributes to a server that works.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use boltjobs_core::clock::{Chance, Clock};
use boltjobs_core::id::JobIds;
use boltjobs_core::operation::Operations;
use boltjobs_core::order;
use boltjobs_core::pool::Pool;
use boltjobs_core::store::{Offer, Retention, StoreSource, Vitals};
use boltjobs_core::watch::Interest;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::level_filters::LevelFilter;

use crate::capture::Capture;
use crate::clock::{SystemChance, SystemClock};
use crate::dashboard::Listener;
use crate::ended::Ended;
use crate::error::{Error, Result};
use crate::meters::Meters;
use crate::observer::Observers;
use crate::open::open;
use crate::operations;
use crate::panic::install_hook;
use crate::pipeline::claim::{Worker, claim_jobs};
use crate::pipeline::hands::Hands;
use crate::pipeline::ordered::Ordered;
use crate::pipeline::outlived::Outlived;
use crate::pipeline::running::Running;
use crate::pipeline::settle::{self, settle_jobs};
use crate::pipeline::slots::Slots;
use crate::provider::{HookPoint, Provided, Providers, SharedValue, share};
use crate::recurring::declared::declare;
use crate::registry::Registry;
use crate::report::report;
use crate::runtime::{self, Runtime};
use crate::server::{Queue, Server};
use crate::services::{ServiceThread, cancellation, gauges, heartbeat, noting, orders, relief, scheduler};
use crate::settings::{Durability, Resolved, Settings};
use crate::trace::TraceHook;
use crate::vitals::{Pulse, resident, server_name};

/// Starts boltjobs with its defaults and what `BOLTJOBS_*` says: opens the store (`sled:boltjobs-data`), checks
/// everything that the program registered, and begins to work.
///
/// # Errors
/// [`Error::Startup`] lists every fault of the program at once; [`Error::Store`] says why the store can't be opened.
///
/// # Cancel safety
/// Dropping the future drops what has been started so far.
pub async fn start() -> Result<Server> {
    builder().start().await
}

/// Begins a server with settings of its own.
pub fn builder() -> Builder {
    Builder::default()
}

/// The settings of a server. What is not set is taken from the environment, then from the defaults.
#[derive(Default)]
#[must_use = "nothing happens until `start()`"]
pub struct Builder {
    pub(crate) settings: Settings,
    pub(crate) provided: Vec<(Provided, SharedValue)>,
    pub(crate) without: Vec<String>,
    clock: Option<Arc<dyn Clock>>,
    chance: Option<Arc<dyn Chance>>,
}

impl Builder {
    /// Sets the store: `"sled:<folder>"`, `"memory"`, or a store value. `BOLTJOBS_STORE`; default
    /// `sled:boltjobs-data`, below the working directory. The server closes it when it stops, a value that others share
    /// too.
    pub fn store(mut self, store: impl Into<StoreSource>) -> Self {
        self.settings.store = Some(store.into());
        self
    }

    /// Sets whether an enqueue waits for the disk. `BOLTJOBS_DURABILITY`, `immediate` or `eventual`; default
    /// [`Durability::Immediate`]. It concerns stores that are opened here, by their location.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = Some(durability);
        self
    }

    /// Sets the queues that this server works: in strict order, or by weight as soon as one has a weight.
    /// `BOLTJOBS_QUEUES`, as in `critical,default` or `critical=5,default=1`; default all queues, in turn.
    pub fn queues<Q: Into<Queue>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
        self.settings.queues = Some(queues.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how many jobs run at once: 100,000 at most. `BOLTJOBS_WORKERS`; default 5 for each core. With 0 this
    /// program only enqueues.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = Some(workers);
        self
    }

    /// Sets how long running handlers may go on when the server shuts down. `BOLTJOBS_SHUTDOWN_TIMEOUT`, as in
    /// `20s`; default 15 s.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.settings.shutdown_timeout = Some(timeout);
        self
    }

    /// Sets how long a handler whose job was deleted may go on before it is dropped. Default 30 s.
    pub fn cancel_grace(mut self, grace: Duration) -> Self {
        self.settings.cancel_grace = Some(grace);
        self
    }

    /// Sets how long a job stays with a server that no longer answers. Default 30 s, at least 1 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = Some(lease);
        self
    }

    /// Sets the version of the program, which the dashboard shows of each server: `env!("CARGO_PKG_VERSION")`, or the hash of a
    /// commit. `BOLTJOBS_VERSION`; default none, as boltjobs can't know which of the linked crates is the program.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = Some(version.into());
        self
    }

    /// Sets in how many crashes in a row a job may have been running before it is not run again by itself. Default
    /// 5; 0 never gives one up.
    pub fn quarantine_after(mut self, crashes: u32) -> Self {
        self.settings.max_crashes = Some(crashes);
        self
    }

    /// Sets how long, and how many, ended jobs are kept. Default: 1 day, and 90 days for Failed, any number.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.settings.retention = retention;
        self
    }

    /// Sets how many bytes the JSON of what a handler or a step returns may have. Default 1 MiB.
    ///
    /// A handler's result that is larger is not kept, though its job has succeeded; a step whose result is larger ends
    /// its job in Failed.
    pub fn max_result(mut self, bytes: usize) -> Self {
        self.settings.max_result = Some(bytes);
        self
    }

    /// Sets up to which level the `tracing` events of a handler go into the log of its job. Default INFO; with
    /// `LevelFilter::OFF` nothing stands between handlers and the program's own subscriber.
    ///
    /// It changes nothing about what that subscriber gets.
    pub fn log_level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.settings.log_level = Some(level.into());
        self
    }

    /// Sets what tells the trace context of the code that enqueues, as a W3C `traceparent`; `None` for none.
    ///
    /// Without it, and where it says `None`, a job that is enqueued by a handler belongs to the trace of that job.
    pub fn trace_context(mut self, current: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.settings.trace_context = Some(TraceHook(Arc::new(current)));
        self
    }

    /// Provides a value to handlers that ask for `Data<T>`, as a `#[provider]` does.
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.provided.push((Provided::of::<T>(), share(value)));
        self
    }

    /// Leaves out an interceptor by its name: the name of its fn, or `trace`, `stopwatch`, `timeout` or `panic_guard`.
    /// Default: none. A name that there is not stops the start.
    ///
    /// Without `timeout` handlers may take as long as they like. Without `panic_guard` a panic goes past all
    /// interceptors, to the server, which survives it, or to the caller of `process()`.
    pub fn without_interceptor(mut self, name: impl Into<String>) -> Self {
        self.without.push(name.into());
        self
    }

    /// Replaces the clock.
    #[doc(hidden)]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Replaces the source of randomness.
    #[doc(hidden)]
    pub fn chance(mut self, chance: Arc<dyn Chance>) -> Self {
        self.chance = Some(chance);
        self
    }

    /// Starts the server, within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Startup`] lists every fault of the program and of its settings at once; [`Error::Store`] says why the
    /// store can't be opened.
    ///
    /// # Cancel safety
    /// Dropping the future drops what has been started so far.
    pub async fn start(self) -> Result<Server> {
        let provided: Vec<_> = self.provided.iter().map(|(value, _)| *value).collect();
        let settings = self.settings.resolve(|name| std::env::var(name).ok());
        let (settings, registry) = match (settings, Registry::collect(Some(&provided), &self.without)) {
            (Ok(settings), Ok(registry)) => (settings, registry),
            (settings, registry) => {
                let faults = settings.err().into_iter().chain(registry.err()).flatten().collect();
                return Err(Error::Startup(faults));
            }
        };
        // Nothing is opened for a program that can't show what it was told to show.
        let dashboard = settings.dashboard.clone().map(Listener::bind).transpose()?;
        install_hook();
        let thread = ServiceThread::start()
            .map_err(|error| Error::Config(format!("can't start the thread of the services: {error}")))?;
        let store = open(&settings).await?;
        thread.owns(Arc::clone(&store));
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let runtime = Arc::new(Runtime {
            operations: Operations::new(Arc::clone(&store), Arc::clone(&clock)),
            store,
            clock,
            chance: self.chance.unwrap_or_else(|| Arc::new(SystemChance::new())),
            registry,
            ids: JobIds::default(),
            ended: Ended::new(thread.handle().clone()),
            meters: Meters::new(),
            services: thread.handle().clone(),
            providers: RwLock::default(),
            cancel_grace: settings.cancel_grace,
            max_result: settings.max_result,
            retention: settings.retention,
            trace_context: settings.trace_context.clone(),
            capture: Capture::new(settings.log_level),
            #[cfg(feature = "testing")]
            node: None,
        });
        let moved = (!runtime.registry.observers.is_empty()).then(|| runtime.store.watch(Interest::Moved));
        // Jobs that a crash left running go back before anybody can claim.
        runtime.store.reap(settings.max_crashes, runtime.now()).await?;
        // Providers and hooks find what the code declares; nothing fires or is claimed before they are through.
        declare(&runtime).await?;
        // What they enqueue, and the definitions that they add, are for this store.
        let built = runtime::scope(Arc::clone(&runtime), provide(&runtime, self.provided)).await?;
        let observers = moved.map(|moved| Observers::start(&runtime, moved));
        runtime::scope(Arc::clone(&runtime), run_start_hooks(&runtime)).await?;
        let mut server = begin(&runtime, settings, built, observers);
        server.thread = Some(thread);
        runtime::enter(&runtime);
        #[cfg(feature = "dashboard")]
        if dashboard.is_some() {
            server.worker.offer_demo();
        }
        server.worker.announce().await?;
        order::sweep(&*runtime.store, runtime.now()).await?;
        server.worker.note_version().await?;
        if let Some(listener) = dashboard {
            listener.serve(&mut server);
        }
        operations::take_up(&runtime).await;
        report(&server).await?;
        Ok(server)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Builds what handlers share, each after what it needs itself.
async fn provide(runtime: &Runtime, given: Vec<(Provided, SharedValue)>) -> Result<Vec<SharedValue>> {
    let mut built: Vec<_> = given.iter().map(|(_, value)| Arc::clone(value)).collect();
    let mut values: HashMap<_, _> = given.into_iter().map(|(provided, value)| (provided.id, value)).collect();
    for info in &runtime.registry.providers {
        let so_far = Providers::of(values.clone());
        let value = (info.build)(so_far).await.map_err(|failure| {
            Error::Startup(vec![format!("the provider `{}` at {} failed: {failure}", info.name, info.source)])
        })?;
        built.push(Arc::clone(&value));
        values.insert((info.provides)().id, value);
    }
    *runtime.providers.write().unwrap_or_else(PoisonError::into_inner) = Providers::of(values);
    Ok(built)
}

async fn run_start_hooks(runtime: &Runtime) -> Result<()> {
    for hook in runtime.registry.hooks.iter().filter(|hook| hook.when == HookPoint::Start) {
        (hook.run)(runtime.providers()).await.map_err(|failure| {
            Error::Startup(vec![format!("the hook `{}` at {} failed: {failure}", hook.name, hook.source)])
        })?;
    }
    Ok(())
}

/// Begins to work.
pub(crate) fn begin(
    runtime: &Arc<Runtime>,
    settings: Resolved,
    built: Vec<SharedValue>,
    observers: Option<Observers>,
) -> Server {
    let (outcomes, settlements) = mpsc::channel(settle::WAITING);
    let stop_hooks =
        runtime.registry.hooks.iter().filter(|hook| hook.when == HookPoint::Stop).copied().collect();
    let offer = Offer {
        server: server_name(&*runtime.chance),
        workers: settings.workers,
        queues: settings.queues,
        queue_limits: settings.queue_limits,
        held: Vec::new(),
        handles: runtime.registry.handled(),
        lease: settings.lease,
        vitals: Vitals { version: settings.version, resident: resident(), ..Vitals::default() },
    };
    let worker = Arc::new(Worker {
        offer: Arc::new(offer),
        with_demo: OnceLock::new(),
        told: Notify::new(),
        ordered: Ordered::default(),
        gone: Mutex::default(),
        slots: Slots::new(settings.workers),
        running: Running::default(),
        rooms: Pool::new(1_024),
        outlived: Outlived::default(),
        hands: Hands::new(),
        tasks: TaskTracker::new(),
        noted: Arc::new(Notify::new()),
        stopping: CancellationToken::new(),
        halting: CancellationToken::new(),
        halted: CancellationToken::new(),
        outcomes,
        finished: CancellationToken::new(),
        runtime: Arc::clone(runtime),
    });
    let cancelled = runtime.store.watch(Interest::Cancelled);
    let ordered = runtime.store.watch(Interest::Ordered);
    let serve = &runtime.services;
    let pulse = Pulse::new(tokio::runtime::Handle::current(), Arc::clone(runtime));
    let services = vec![
        serve.spawn(runtime.steer(scheduler::watch_time(Arc::clone(runtime), settings.retention))),
        serve.spawn(runtime.steer(cancellation::pass_on(Arc::clone(&worker), cancelled))),
        serve.spawn(runtime.steer(orders::follow(Arc::clone(&worker), ordered))),
        serve.spawn(runtime.steer(noting::write_notes(Arc::clone(&worker)))),
        serve.spawn(runtime.steer(relief::relieve(Arc::clone(&worker)))),
        serve.spawn(runtime.steer(gauges::tell(Arc::clone(&worker)))),
        serve.spawn(runtime.steer(heartbeat::keep_leases(Arc::clone(&worker), pulse, settings.max_crashes))),
    ];
    Server {
        // Without handlers or slots there is nothing to claim for.
        claiming: if worker.works() {
            tokio::spawn(runtime.steer(claim_jobs(Arc::clone(&worker))))
        } else {
            tokio::spawn(std::future::ready(()))
        },
        settling: tokio::spawn(runtime.steer(settle_jobs(Arc::clone(&worker), settlements))),
        services,
        thread: None,
        stop_hooks,
        built,
        observers,
        dashboard: None,
        shutdown_timeout: settings.shutdown_timeout,
        worker,
    }
}
