//! The store of a test, as its server sees it: it can be closed to claims, fail, and die with its process.

mod calls;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use boltjobs_core::JobId;
use boltjobs_core::clock::Clock;
use boltjobs_core::notes::Notes;
use boltjobs_core::store::{Answer, Settlement, Store, StoreError};
use boltjobs_core::watch::Interest;

use super::audit::Audit;
use super::faults::{Fate, Plan, StoreCall};
use super::media::Opened;
use super::node::Node;
use super::storm::{Storm, named};
use super::world::World;

/// Stands between servers and the store, over all their lives.
pub(super) struct Probe {
    world: Weak<World>,
    opened: RwLock<Option<Opened>>,
    /// How many let jobs be claimed.
    open: AtomicUsize,
    plan: Mutex<Plan>,
    storm: Option<Arc<Mutex<Storm>>>,
    /// What a simulation checks.
    audit: Option<Mutex<Audit>>,
    /// The calls that failed when they were made last: whoever made them tries again after a while.
    failing: Mutex<BTreeSet<StoreCall>>,
    /// The jobs that are performed alone, of which the store knows nothing.
    alone: Mutex<BTreeMap<JobId, Alone>>,
}

/// A job that is performed alone.
#[derive(Debug, Default)]
pub(super) struct Alone {
    pub(super) notes: Notes,
    pub(super) settlement: Option<Settlement>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Probe {
    pub(super) fn new(world: Weak<World>, storm: Option<Arc<Mutex<Storm>>>) -> Self {
        Self {
            world,
            opened: RwLock::default(),
            open: AtomicUsize::new(0),
            plan: Mutex::default(),
            audit: storm.is_some().then(Mutex::default),
            storm,
            failing: Mutex::default(),
            alone: Mutex::default(),
        }
    }

    /// Returns the store itself.
    pub(super) fn inner(&self) -> Arc<dyn Store> {
        self.peek(Opened::store)
    }

    /// Looks at what is in memory.
    pub(super) fn peek<T>(&self, look: impl FnOnce(&Opened) -> T) -> T {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        opened.as_ref().map_or_else(|| panic!("the store of the test is not open yet"), look)
    }

    /// Goes on with what was opened anew.
    pub(super) fn replace(&self, opened: Opened) {
        if let Some(audit) = &self.audit {
            lock(audit).begin(opened.store().watch(Interest::Moved), &opened);
        }
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        lock(&self.failing).clear();
        lock(&self.alone).clear();
    }

    /// Checks the store as a whole. `fresh` says that nothing runs, as the process has just begun.
    pub(super) fn inspect(&self, fresh: bool) {
        self.audit(|audit, opened| audit.inspect(opened, fresh));
    }

    /// Lets the audit see something, and fails the test when something is not as it must be.
    fn audit(&self, see: impl FnOnce(&mut Audit, &Opened)) {
        let Some(audit) = &self.audit else { return };
        let mut audit = lock(audit);
        self.peek(|opened| see(&mut audit, opened));
        let violations = audit.take();
        drop(audit);
        if !violations.is_empty()
            && let Some(world) = self.world.upgrade()
        {
            world.violated(violations);
        }
    }

    pub(super) fn open_gate(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn close_gate(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Says whether somebody will try again a call that failed.
    pub(super) fn is_failing(&self) -> bool {
        !lock(&self.failing).is_empty()
    }

    pub(super) fn plan(&self) -> MutexGuard<'_, Plan> {
        lock(&self.plan)
    }

    pub(super) fn alone(&self) -> MutexGuard<'_, BTreeMap<JobId, Alone>> {
        lock(&self.alone)
    }

    /// Makes a call that changes something, unless it was decided otherwise.
    fn pass<'a, T, F>(&'a self, call: StoreCall, make: F) -> Answer<'a, T>
    where
        T: fmt::Debug + Send + 'a,
        F: for<'s> FnOnce(&'s dyn Store) -> Answer<'s, T> + Send + 'a,
    {
        Box::pin(async move {
            let inside = Node::is_inside();
            if !inside {
                self.be_alive().await;
            }
            let _quiet = self.quiet(inside);
            self.linger().await;
            let fate = self.fate(call, inside);
            if fate == Fate::CrashBefore {
                self.trace(call, inside, &"dies before");
                return self.crash(inside).await;
            }
            if fate == Fate::Fail {
                self.failed(call, true);
                self.trace(call, inside, &"fails");
                return Err(failed());
            }
            let inner = self.inner();
            let answered = self.unless_it_dies(inside, make(&*inner)).await;
            let Some(mut answer) = answered else { return self.crash(inside).await };
            if fate == Fate::FailAfter {
                answer = Err(failed());
            }
            self.trace(call, inside, &answer);
            if fate == Fate::CrashAfter {
                return self.crash(inside).await;
            }
            self.linger().await;
            self.failed(call, matches!(answer, Err(StoreError::Unavailable { .. })));
            answer
        })
    }

    /// Notes how a call went that the server makes again if it fails.
    fn failed(&self, call: StoreCall, failed: bool) {
        let mut failing = lock(&self.failing);
        if failed && call.is_repeated() {
            failing.insert(call);
        } else {
            failing.remove(&call);
        }
    }

    /// Looks at the store.
    fn look<'a, T, F>(&'a self, make: F) -> Answer<'a, T>
    where
        T: Send + 'a,
        F: for<'s> FnOnce(&'s dyn Store) -> Answer<'s, T> + Send + 'a,
    {
        Box::pin(async move {
            self.linger().await;
            let inner = self.inner();
            make(&*inner).await
        })
    }

    fn fate(&self, call: StoreCall, inside: bool) -> Fate {
        let planned = lock(&self.plan).next(call);
        if planned != Fate::Pass {
            return planned;
        }
        self.storm.as_ref().map_or(Fate::Pass, |storm| lock(storm).strike(inside))
    }

    /// Lets others go first, where a seed decides that.
    async fn linger(&self) {
        let times = self.storm.as_ref().map_or(0, |storm| lock(storm).linger());
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
    }

    /// Lets nothing happen while the test itself asks for something, unless it wants to.
    fn quiet(&self, inside: bool) -> Option<Quiet<'_>> {
        let storm = self.storm.as_ref().filter(|storm| !inside && !lock(storm).rough)?;
        lock(storm).hush(true);
        Some(Quiet(storm))
    }

    /// Starts a process that has died, so that the test can ask it for something.
    async fn be_alive(&self) {
        if let Some(world) = self.world.upgrade().filter(|world| !world.is_starting() && world.is_dead()) {
            world.unseen.fetch_add(1, Ordering::Relaxed);
            world.revive().await;
        }
    }

    /// Waits for an answer to the test itself, but no longer than there is a process that could give it.
    async fn unless_it_dies<T>(&self, inside: bool, answer: impl Future<Output = T>) -> Option<T> {
        let node = self.world.upgrade().filter(|_| !inside).and_then(|world| world.node());
        let Some(node) = node else { return Some(answer.await) };
        tokio::select! {
            biased;
            answer = answer => Some(answer),
            () = node.died() => None,
        }
    }

    fn trace(&self, call: StoreCall, inside: bool, answer: &dyn fmt::Debug) {
        if let Some(storm) = &self.storm {
            let now = self.world.upgrade().map(|world| world.clock.now());
            lock(storm).note(now, &named(call, inside), answer);
        }
    }

    /// Lets the process die. What runs in it waits for ever; the body of a test learns it.
    async fn crash<T>(&self, inside: bool) -> Result<T, StoreError> {
        let Some(world) = self.world.upgrade() else { return Err(StoreError::Closed) };
        world.kill();
        if inside {
            return pending().await;
        }
        // One that dies while it starts is started again by whoever starts it.
        if !world.is_starting() {
            world.revive().await;
        }
        Err(StoreError::Unavailable {
            location: "memory".to_owned(),
            reason: "the process crashed at this call, as the test asked for; it has been started again"
                .to_owned(),
        })
    }
}

/// Nothing happens meanwhile.
struct Quiet<'a>(&'a Mutex<Storm>);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        lock(self.0).hush(false);
    }
}

fn failed() -> StoreError {
    StoreError::Unavailable {
        location: "memory".to_owned(),
        reason: "this call fails, as the test asked for".to_owned(),
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("failing", &self.failing).finish_non_exhaustive()
    }
}
