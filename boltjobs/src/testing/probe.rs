//! The store of a test, as its server sees it: it can be closed to claims, fail, and die with its process.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use boltjobs_core::batch::{BatchStatus, NewBatch};
use boltjobs_core::clock::Clock;
use boltjobs_core::job::{Job, Lease, NewJob};
use boltjobs_core::notes::Notes;
use boltjobs_core::recurring::{Definition, RecurringJob};
use boltjobs_core::store::{
    Answer, Claimed, Command, Counts, Enqueued, Explanation, Heartbeat, JobFilter, Offer, Page, PageQuery,
    QueueInfo, Record, RecurringCommand, Retention, ServerInfo, Settled, Settlement, Store, StoreError,
    Tally,
};
use boltjobs_core::watch::{Interest, Watch};
use boltjobs_core::{BatchId, JobId, JobState, Timestamp};

use super::faults::{Fate, Plan, StoreCall};
use super::node::Node;
use super::storm::Storm;
use super::world::World;

/// Stands between servers and the store, over all their lives.
pub(super) struct Probe {
    world: Weak<World>,
    inner: RwLock<Arc<dyn Store>>,
    /// How many let jobs be claimed.
    open: AtomicUsize,
    plan: Mutex<Plan>,
    storm: Mutex<Option<Storm>>,
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
    pub(super) fn new(world: Weak<World>, inner: Arc<dyn Store>) -> Self {
        Self {
            world,
            inner: RwLock::new(inner),
            open: AtomicUsize::new(0),
            plan: Mutex::default(),
            storm: Mutex::default(),
            failing: Mutex::default(),
            alone: Mutex::default(),
        }
    }

    /// Returns the store itself.
    pub(super) fn inner(&self) -> Arc<dyn Store> {
        Arc::clone(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with what was opened anew.
    pub(super) fn replace(&self, inner: Arc<dyn Store>) {
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = inner;
        lock(&self.failing).clear();
        lock(&self.alone).clear();
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
            self.linger().await;
            let fate = self.fate(call);
            if fate == Fate::CrashBefore {
                return self.crash().await;
            }
            if fate == Fate::Fail {
                lock(&self.failing).insert(call);
                self.trace(call, &"fails");
                return Err(failed());
            }
            let inner = self.inner();
            let mut answer = make(&*inner).await;
            if fate == Fate::FailAfter {
                answer = Err(failed());
            }
            self.trace(call, &answer);
            if fate == Fate::CrashAfter {
                return self.crash().await;
            }
            self.linger().await;
            let mut failing = lock(&self.failing);
            match &answer {
                Err(StoreError::Unavailable { .. }) => failing.insert(call),
                Ok(_) | Err(_) => failing.remove(&call),
            };
            drop(failing);
            answer
        })
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

    fn fate(&self, call: StoreCall) -> Fate {
        let planned = lock(&self.plan).next(call);
        if planned != Fate::Pass {
            return planned;
        }
        lock(&self.storm).as_mut().map_or(Fate::Pass, |storm| storm.strike(call))
    }

    /// Lets others go first, where a seed decides that.
    async fn linger(&self) {
        let times = lock(&self.storm).as_mut().map_or(0, Storm::linger);
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
    }

    fn trace(&self, call: StoreCall, answer: &dyn fmt::Debug) {
        if let Some(storm) = lock(&self.storm).as_mut() {
            let now = self.world.upgrade().map(|world| world.clock.now());
            storm.note(now, call, answer);
        }
    }

    /// Lets the process die. What runs in it waits for ever; the body of a test learns it.
    async fn crash<T>(&self) -> Result<T, StoreError> {
        let Some(world) = self.world.upgrade() else { return Err(StoreError::Closed) };
        world.kill();
        if Node::is_inside() {
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

fn failed() -> StoreError {
    StoreError::Unavailable {
        location: "memory".to_owned(),
        reason: "this call fails, as the test asked for".to_owned(),
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("inner", &self.inner()).finish_non_exhaustive()
    }
}

/// Divides what concerns jobs that are performed alone from the rest, keeping the place of each in the answer.
fn divide<I, T>(
    items: Vec<I>,
    lease: impl Fn(&I) -> Lease,
    alone: &mut BTreeMap<JobId, Alone>,
    mut take: impl FnMut(&mut Alone, I) -> T,
) -> (Vec<I>, Vec<Option<T>>) {
    let (mut rest, mut taken) = (Vec::new(), Vec::new());
    for item in items {
        if let Some(alone) = alone.get_mut(&lease(&item).job) {
            taken.push(Some(take(alone, item)));
        } else {
            rest.push(item);
            taken.push(None);
        }
    }
    (rest, taken)
}

/// Puts what the store answered in the places that are free.
fn unite<T>(taken: Vec<Option<T>>, answers: Vec<T>) -> Vec<T> {
    let mut answers = answers.into_iter();
    taken.into_iter().filter_map(|taken| taken.or_else(|| answers.next())).collect()
}

impl Store for Probe {
    fn location(&self) -> String {
        self.inner().location()
    }

    fn submit(&self, batches: Vec<NewBatch>, jobs: Vec<NewJob>, now: Timestamp) -> Answer<'_, Vec<Enqueued>> {
        self.pass(StoreCall::Enqueue, move |store| store.submit(batches, jobs, now))
    }

    fn cancel_batch(&self, batch: BatchId, reason: Option<Arc<str>>, now: Timestamp) -> Answer<'_, bool> {
        self.pass(StoreCall::CancelBatch, move |store| store.cancel_batch(batch, reason, now))
    }

    fn command(&self, jobs: Vec<JobId>, command: Command, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.pass(StoreCall::Command, move |store| store.command(jobs, command, now))
    }

    fn claim(&self, offer: Arc<Offer>, workers: Vec<u32>, now: Timestamp) -> Answer<'_, Vec<Claimed>> {
        if self.open.load(Ordering::Relaxed) == 0 {
            return Box::pin(std::future::ready(Ok(Vec::new())));
        }
        self.pass(StoreCall::Claim, move |store| store.claim(offer, workers, now))
    }

    fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Answer<'_, Vec<Settled>> {
        let (rest, taken) = divide(
            settlements,
            |settlement| settlement.lease,
            &mut self.alone(),
            |alone, settlement| {
                alone.settlement = Some(settlement);
                Settled::Now(JobState::Succeeded)
            },
        );
        if rest.is_empty() {
            return Box::pin(std::future::ready(Ok(taken.into_iter().flatten().collect())));
        }
        Box::pin(async move {
            let settled = self.pass(StoreCall::Settle, move |store| store.settle(rest, now)).await?;
            Ok(unite(taken, settled))
        })
    }

    fn heartbeat(&self, leases: Vec<Lease>, until: Timestamp) -> Answer<'_, Heartbeat> {
        let (rest, _) = divide(leases, |lease| *lease, &mut self.alone(), |_, _| ());
        if rest.is_empty() {
            return Box::pin(std::future::ready(Ok(Heartbeat::default())));
        }
        self.pass(StoreCall::Heartbeat, move |store| store.heartbeat(rest, until))
    }

    fn record(&self, records: Vec<Record>, now: Timestamp) -> Answer<'_, Vec<bool>> {
        let (rest, taken) = divide(
            records,
            |record| record.lease,
            &mut self.alone(),
            |alone, record| {
                alone.notes.take(record.note);
                true
            },
        );
        if rest.is_empty() {
            return Box::pin(std::future::ready(Ok(taken.into_iter().flatten().collect())));
        }
        Box::pin(async move {
            let held = self.pass(StoreCall::Note, move |store| store.record(rest, now)).await?;
            Ok(unite(taken, held))
        })
    }

    fn due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.pass(StoreCall::Due, move |store| store.due(now))
    }

    fn fire(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.pass(StoreCall::Fire, move |store| store.fire(now))
    }

    fn reap(&self, max_crashes: u32, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.pass(StoreCall::Reap, move |store| store.reap(max_crashes, now))
    }

    fn expire(&self, retention: Retention, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.pass(StoreCall::Expire, move |store| store.expire(retention, now))
    }

    fn put_recurring(&self, definition: Definition, now: Timestamp) -> Answer<'_, bool> {
        self.pass(StoreCall::Recurring, move |store| store.put_recurring(definition, now))
    }

    fn declare_recurring(
        &self,
        declared: Vec<Definition>,
        crates: BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Arc<str>>> {
        self.pass(StoreCall::Recurring, move |store| store.declare_recurring(declared, crates, now))
    }

    fn recurring(&self, id: Arc<str>, command: RecurringCommand, now: Timestamp) -> Answer<'_, Option<bool>> {
        self.pass(StoreCall::Recurring, move |store| store.recurring(id, command, now))
    }

    fn announce(&self, offer: Arc<Offer>, now: Timestamp, until: Timestamp) -> Answer<'_, ()> {
        self.pass(StoreCall::Announce, move |store| store.announce(offer, now, until))
    }

    fn retire(&self, server: Arc<str>) -> Answer<'_, ()> {
        self.look(move |store| store.retire(server))
    }

    fn pause(&self, queue: Arc<str>, pause: bool, now: Timestamp) -> Answer<'_, bool> {
        self.pass(StoreCall::Pause, move |store| store.pause(queue, pause, now))
    }

    fn servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>> {
        self.look(move |store| store.servers(now))
    }

    fn queues(&self, now: Timestamp) -> Answer<'_, Vec<QueueInfo>> {
        self.look(move |store| store.queues(now))
    }

    fn explain(&self, id: JobId, now: Timestamp) -> Answer<'_, Explanation> {
        self.look(move |store| store.explain(id, now))
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Job>> {
        self.look(move |store| store.job(id))
    }

    fn notes(&self, id: JobId) -> Answer<'_, Option<Notes>> {
        if let Some(alone) = self.alone().get(&id) {
            let notes = Some(alone.notes.clone());
            return Box::pin(std::future::ready(Ok(notes)));
        }
        self.look(move |store| store.notes(id))
    }

    fn page(&self, query: PageQuery) -> Answer<'_, Page> {
        self.look(move |store| store.page(query))
    }

    fn count(&self, filter: JobFilter, after: Option<JobId>) -> Answer<'_, Tally> {
        self.look(move |store| store.count(filter, after))
    }

    fn batch(&self, id: BatchId) -> Answer<'_, Option<BatchStatus>> {
        self.look(move |store| store.batch(id))
    }

    fn batches(&self, after: Option<BatchId>, limit: usize) -> Answer<'_, Vec<BatchStatus>> {
        self.look(move |store| store.batches(after, limit))
    }

    fn counts(&self) -> Answer<'_, Counts> {
        self.look(move |store| store.counts())
    }

    fn recurring_jobs(&self) -> Answer<'_, Vec<RecurringJob>> {
        self.look(move |store| store.recurring_jobs())
    }

    fn watch(&self, interest: Interest) -> Watch {
        self.inner().watch(interest)
    }

    fn close(&self) -> Answer<'_, ()> {
        self.look(move |store| store.close())
    }
}
