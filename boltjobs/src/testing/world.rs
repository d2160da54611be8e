//! What a test runs in: a store that outlives the processes that open it, a clock, and the process of the moment.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use boltjobs_core::JobState;
use boltjobs_core::clock::Clock;
use boltjobs_core::id::JobIds;
use boltjobs_core::job::{Job, Lease};
use boltjobs_core::operation::Operations;
use boltjobs_core::store::{JobFilter, Retention, Store, StoreError};
use boltjobs_core::watch::Interest;
use tokio::runtime::Handle;

use super::befall;
use super::clock::{SeededChance, TestClock};
use super::media::{Kind, Media, Opened, Writer};
use super::node::Node;
use super::park;
use super::probe::Probe;
use super::storm::Storm;
use super::workshop::Workshop;
use crate::capture::Capture;
use crate::ended::Ended;
use crate::error::{Error, Result};
use crate::meters::Meters;
use crate::observer::Observers;
use crate::panic::install_hook;
use crate::provider::{Providers, SharedValue};
use crate::recurring::declared::declare;
use crate::registry::Registry;
use crate::runtime::Runtime;
use crate::server::Server;
use crate::start::{Builder, begin, builder};

/// How many jobs run at once where the test does not say: the same on every machine.
const WORKERS: usize = 10;

/// What the world outside is given, each time that all in the test waits.
const MOMENT: Duration = Duration::from_millis(20);

/// How often a process may be started anew before there is no hope.
const STARTS: u32 = 1_000;

/// Says what the server of a test is like.
pub type With = fn(Builder) -> Builder;

/// Everything that one test runs in.
pub(super) struct World {
    pub(super) clock: Arc<TestClock>,
    pub(super) probe: Arc<Probe>,
    chance: Arc<SeededChance>,
    media: Media,
    /// Whether a crash takes the power with it.
    power: bool,
    with: With,
    /// What decides what goes wrong, if anything does.
    pub(super) seed: Option<u64>,
    pub(super) storm: Option<Arc<Mutex<Storm>>>,
    /// Whether what was asked of the store is on its way to its disk.
    pub(super) writing: AtomicBool,
    /// What must be true and is not.
    violations: Mutex<Vec<String>>,
    /// What the test has put in the place of providers.
    overrides: Mutex<HashMap<TypeId, SharedValue>>,
    life: Mutex<Option<Life>>,
    /// The process that is about to be started.
    unborn: Mutex<Option<Arc<Node>>>,
    /// Whether handlers wait for the world outside of the test.
    pub(super) outside: AtomicBool,
    /// How often a process was started.
    pub(super) starts: AtomicU64,
    /// How often the body of the test has gone on.
    pub(super) polls: AtomicU64,
    /// How often a process has died while no jobs were let run, since they were.
    pub(super) unseen: AtomicU64,
}

/// One process.
pub(super) struct Life {
    pub(super) node: Arc<Node>,
    pub(super) server: Server,
    workshop: Arc<Workshop>,
    retention: Retention,
}

thread_local! {
    static CURRENT: RefCell<Weak<World>> = const { RefCell::new(Weak::new()) };
}

/// Returns the runtime of the test on this thread.
pub(crate) fn current() -> Option<Arc<Runtime>> {
    let world = CURRENT.with_borrow(Weak::upgrade)?;
    let life = world.life();
    life.as_ref().map(|life| Arc::clone(&life.server.worker.runtime))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// Returns the world of the test on this thread, if it is the body of the test that asks.
    pub(super) fn outside() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Weak::upgrade).filter(|_| !Node::is_inside())
    }

    /// Makes a world and starts the first process in it.
    pub(super) async fn begin(with: With, kind: Kind) -> Arc<Self> {
        let seed = if let Kind::Seeded(seed) = kind { Some(seed) } else { None };
        let storm = seed.map(|seed| Arc::new(Mutex::new(Storm::new(seed))));
        let world = Arc::new_cyclic(|world| Self {
            clock: Arc::new(TestClock::new()),
            probe: Arc::new(Probe::new(Weak::clone(world), storm.clone())),
            chance: Arc::new(SeededChance::new(seed.unwrap_or(0))),
            media: Media::new(kind, storm.as_ref()),
            power: kind == Kind::Unpowered,
            with,
            seed,
            storm,
            writing: AtomicBool::new(false),
            violations: Mutex::default(),
            overrides: Mutex::default(),
            life: Mutex::default(),
            unborn: Mutex::default(),
            outside: AtomicBool::new(false),
            starts: AtomicU64::new(0),
            polls: AtomicU64::new(0),
            unseen: AtomicU64::new(0),
        });
        CURRENT.set(Arc::downgrade(&world));
        install_hook();
        world.start().await;
        if world.storm.is_some() {
            tokio::spawn(befall::strike(Arc::downgrade(&world)));
        }
        world
    }

    /// Ends a run: lets nothing happen any more, and looks at the store once more before and after the end of the process.
    pub(super) async fn conclude(self: &Arc<Self>) {
        if self.storm.is_none() {
            return;
        }
        self.calm().await;
        self.probe.inspect(false);
        self.kill();
        self.revive().await;
        self.panic_if_violated();
    }

    /// Lets nothing happen any more, and waits until what is on its way has come to its end.
    pub(super) async fn calm(self: &Arc<Self>) {
        let Some(storm) = &self.storm else { return };
        lock(storm).calm();
        while self.is_dead() || self.writing.load(Ordering::Relaxed) || self.is_paused() {
            if self.is_dead() {
                self.revive().await;
            } else {
                park::next_event().await;
            }
        }
    }

    /// Takes all jobs that run away from the server. What fails is tried no more.
    pub(super) async fn expire_all_leases(&self) {
        let filter = JobFilter { states: vec![JobState::Processing], ..JobFilter::default() };
        let leases = self.probe.peek(|opened| opened.jobs(filter)).iter().map(Job::lease).collect();
        drop(self.expire_leases(leases).await);
    }

    /// Takes jobs away from the server, as if it had not been heard of for the time of their leases.
    pub(super) async fn expire_leases(&self, leases: Vec<Lease>) -> Result<(), StoreError> {
        let (store, now) = (self.probe.inner(), self.clock.now());
        store.heartbeat(leases, now).await?;
        store.reap(0, now.plus(Duration::from_micros(1))).await.map(drop)
    }

    fn is_paused(&self) -> bool {
        self.node().is_some_and(|node| node.is_paused())
    }

    /// Keeps what must be true and is not: the body of the test fails with it, wherever it was found.
    pub(super) fn violated(&self, violations: Vec<String>) {
        lock(&self.violations).extend(violations);
        if !Node::is_inside() {
            self.panic_if_violated();
        }
    }

    /// Fails the test when something was found that must not be.
    pub(super) fn panic_if_violated(&self) {
        let violations = std::mem::take(&mut *lock(&self.violations));
        assert!(violations.is_empty(), "this must not be:\n  {}", violations.join("\n  "));
    }

    pub(super) fn life(&self) -> MutexGuard<'_, Option<Life>> {
        lock(&self.life)
    }

    /// Returns the process that runs, or is about to.
    pub(super) fn node(&self) -> Option<Arc<Node>> {
        let born = self.life().as_ref().map(|life| Arc::clone(&life.node));
        born.or_else(|| lock(&self.unborn).clone())
    }

    /// Ends the process, without a word to anybody.
    pub(super) fn kill(&self) {
        let Some(node) = self.node().filter(|node| !node.is_dead()) else { return };
        node.kill();
        if let Some(storm) = &self.storm {
            let power = lock(storm).takes_power();
            let what = if power { "the power is cut" } else { "the process is killed" };
            lock(storm).note(Some(self.clock.now()), &what, &());
            self.media.die(power, |limit| lock(storm).below(limit));
        } else {
            self.media.die(self.power, |_| 0);
        }
    }

    /// Says whether the process has died and nobody has started another.
    pub(super) fn is_dead(&self) -> bool {
        self.node().is_some_and(|node| node.is_dead())
    }

    /// Says whether a process is about to be started.
    pub(super) fn is_starting(&self) -> bool {
        self.life().is_none()
    }

    /// Lets the process take jobs.
    pub(super) fn open_gate(&self) {
        self.probe.open_gate();
        // It looks again.
        if let Some(life) = &*self.life() {
            life.server.worker.outlived.returned.notify_one();
        }
    }

    /// Starts the process again on what the dead one has stored.
    pub(super) async fn revive(self: &Arc<Self>) {
        let dead = self.life().take();
        drop(dead);
        self.start().await;
    }

    /// Says whether a handler runs on a thread of its own.
    pub(super) fn is_busy(&self) -> bool {
        self.node().is_some_and(|node| node.is_busy())
    }

    /// Says whether something goes on that ends by itself.
    pub(super) fn is_in_flight(&self) -> bool {
        let running = match &*self.life() {
            Some(life) => life.server.worker.running.count() > 0 || life.node.is_paused(),
            None => false,
        };
        if running || self.probe.is_failing() || self.writing.load(Ordering::Relaxed) {
            return true;
        }
        self.probe.peek(Opened::counts).states.get(JobState::Processing) > 0
    }

    /// Lets the world outside of the test come first, if handlers wait for it.
    pub(super) async fn give_outside_a_moment(&self) {
        if self.outside.load(Ordering::Relaxed) {
            // While a thread is at work, the clock of the test does not move.
            let _ = tokio::task::spawn_blocking(|| std::thread::sleep(MOMENT)).await;
        }
    }

    pub(super) fn retention(&self) -> Retention {
        self.life().as_ref().map(|life| life.retention).unwrap_or_default()
    }

    async fn start(self: &Arc<Self>) {
        let mut latest = None;
        for _ in 0..STARTS {
            self.starts.fetch_add(1, Ordering::Relaxed);
            match self.boot().await {
                Ok(()) => return,
                // It was not asked to be damaged.
                Err(Error::Store(error @ StoreError::Corrupt { .. })) => panic!("{error}"),
                // The store failed, as it was asked to: whatever watches over processes starts the next one.
                Err(Error::Store(error)) => latest = Some(error.to_string()),
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the process can't be started: {}", latest.unwrap_or_default());
    }

    /// What `Builder::start` does, without what a test does not want: files, threads, ports, hooks, and providers that
    /// nobody asks for.
    async fn boot(self: &Arc<Self>) -> Result<()> {
        let (opened, writer) = self.media.open()?;
        self.probe.replace(opened);
        let node = Arc::new(self.seed.map_or_else(Node::default, |seed| {
            Node::shuffled(seed.wrapping_add(self.starts.load(Ordering::Relaxed)))
        }));
        *lock(&self.unborn) = Some(Arc::clone(&node));
        self.write(writer, &node);
        let booted = tokio::select! {
            biased;
            booted = self.boot_in(&node) => booted,
            () = node.died() => Err(Error::Store(StoreError::Unavailable {
                location: "the test".to_owned(),
                reason: "the process died as it started".to_owned(),
            })),
        };
        if booted.is_err() {
            self.kill();
        }
        *lock(&self.unborn) = None;
        booted
    }

    async fn boot_in(self: &Arc<Self>, node: &Arc<Node>) -> Result<()> {
        let Builder { settings, provided, without, .. } = (self.with)(builder().workers(WORKERS));
        // The environment of whoever runs the tests decides nothing.
        let settings = settings.resolve(|_| None).map_err(Error::Startup)?;
        let registry = Registry::collect(None, &without).map_err(Error::Startup)?;
        let mut values: HashMap<_, _> = provided.into_iter().map(|(what, value)| (what.id, value)).collect();
        values.extend(lock(&self.overrides).iter().map(|(id, value)| (*id, Arc::clone(value))));
        let workshop = Workshop::new(values, registry.providers.clone());
        let services = Handle::current();
        let runtime = Arc::new(Runtime {
            operations: Operations::new(Arc::clone(&self.probe) as _, Arc::clone(&self.clock) as _),
            store: Arc::clone(&self.probe) as Arc<dyn Store>,
            clock: Arc::clone(&self.clock) as _,
            chance: Arc::clone(&self.chance) as _,
            registry,
            ids: JobIds::default(),
            ended: Ended::new(services.clone()),
            meters: Meters::new(),
            services,
            providers: RwLock::new(Providers::from_workshop(Arc::clone(&workshop))),
            cancel_grace: settings.cancel_grace,
            max_result: settings.max_result,
            retention: settings.retention,
            trace_context: settings.trace_context.clone(),
            capture: Capture::new(settings.log_level),
            node: Some(Arc::clone(node)),
        });
        runtime.store.reap(settings.max_crashes, runtime.now()).await?;
        self.probe.inspect(true);
        declare(&runtime).await?;
        let moved = (!runtime.registry.observers.is_empty()).then(|| runtime.store.watch(Interest::Moved));
        let observers = moved.map(|moved| Observers::start(&runtime, moved));
        let retention = settings.retention;
        let server = begin(&runtime, settings, Vec::new(), observers);
        server.worker.announce().await?;
        *self.life() = Some(Life { node: Arc::clone(node), server, workshop, retention });
        Ok(())
    }

    /// Writes for the store, as a thread does for a real one.
    #[cfg_attr(not(feature = "sled"), expect(clippy::unused_self, unused_variables, reason = "of a disk"))]
    fn write(self: &Arc<Self>, writer: Writer, node: &Arc<Node>) {
        match writer {
            Writer::None => {}
            #[cfg(feature = "sled")]
            Writer::Disk(disk, writer) => {
                drop(tokio::spawn(node.steer(befall::write_to_disk(
                    Arc::downgrade(self),
                    disk,
                    writer,
                    Arc::clone(node),
                ))));
            }
        }
    }

    /// Puts a value in the place of whatever provides its type, now and in every process to come.
    pub(super) fn provide(&self, id: TypeId, value: &SharedValue) {
        lock(&self.overrides).insert(id, Arc::clone(value));
        if let Some(life) = &*self.life() {
            life.workshop.put(id, Arc::clone(value));
        }
    }
}
