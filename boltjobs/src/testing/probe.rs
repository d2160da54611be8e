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
    Action, Answer, Claimed, Command, Counts, Enqueued, Explanation, Heartbeat, JobFilter, Offer, Page,
    PageQuery, QueueInfo, Record, RecurringCommand, Retention, ServerInfo, Settled, Settlement, Store,
    StoreError, Tally,
};
use boltjobs_core::watch::{Interest, Watch};
use boltjobs_core::{BatchId, JobId, JobState, Timestamp};

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
        Box::pin(async move {
            let asked = self.audit.as_ref().map(|_| jobs.clone());
            let answer = self.pass(StoreCall::Enqueue, move |store| store.submit(batches, jobs, now)).await?;
            if let Some(asked) = asked {
                self.audit(|audit, opened| audit.acknowledged(&asked, &answer, opened));
            }
            Ok(answer)
        })
    }

    fn cancel_batch(&self, batch: BatchId, reason: Option<Arc<str>>, now: Timestamp) -> Answer<'_, bool> {
        self.pass(StoreCall::CancelBatch, move |store| store.cancel_batch(batch, reason, now))
    }

    fn command(&self, jobs: Vec<JobId>, command: Command, now: Timestamp) -> Answer<'_, Vec<bool>> {
        if !matches!(command.action, Action::Delete) {
            self.audit(|audit, _| audit.commanded(&jobs));
        }
        self.pass(StoreCall::Command, move |store| store.command(jobs, command, now))
    }

    fn claim(&self, offer: Arc<Offer>, workers: Vec<u32>, now: Timestamp) -> Answer<'_, Vec<Claimed>> {
        if self.open.load(Ordering::Relaxed) == 0 {
            return Box::pin(std::future::ready(Ok(Vec::new())));
        }
        Box::pin(async move {
            let asked = Arc::clone(&offer);
            let answer = self.pass(StoreCall::Claim, move |store| store.claim(offer, workers, now)).await?;
            self.audit(|audit, opened| audit.claimed(&answer, &asked, now, opened));
            Ok(answer)
        })
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
            let mut asked = (Vec::new(), Vec::new());
            self.audit(|audit, _| asked = (rest.clone(), audit.stale(rest.iter().map(|one| one.lease))));
            let settled = self.pass(StoreCall::Settle, move |store| store.settle(rest, now)).await?;
            self.audit(|audit, _| audit.settled(&asked.0, &asked.1, &settled));
            Ok(unite(taken, settled))
        })
    }

    fn heartbeat(&self, leases: Vec<Lease>, until: Timestamp) -> Answer<'_, Heartbeat> {
        let (rest, _) = divide(leases, |lease| *lease, &mut self.alone(), |_, _| ());
        if rest.is_empty() {
            return Box::pin(std::future::ready(Ok(Heartbeat::default())));
        }
        Box::pin(async move {
            let mut asked = (Vec::new(), Vec::new());
            self.audit(|audit, _| asked = (rest.clone(), audit.stale(rest.iter().copied())));
            let answer = self.pass(StoreCall::Heartbeat, move |store| store.heartbeat(rest, until)).await?;
            self.audit(|audit, _| audit.beat(&asked.0, &asked.1, &answer.lost));
            Ok(answer)
        })
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
            let mut asked = (Vec::new(), Vec::new());
            self.audit(|audit, _| asked = (rest.clone(), audit.stale(rest.iter().map(|one| one.lease))));
            let held = self.pass(StoreCall::Note, move |store| store.record(rest, now)).await?;
            self.audit(|audit, _| audit.recorded(&asked.0, &asked.1, &held));
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
        Box::pin(async move {
            if !pause {
                self.audit(|audit, _| audit.paused(&queue, false));
            }
            let asked = Arc::clone(&queue);
            let answer = self.pass(StoreCall::Pause, move |store| store.pause(queue, pause, now)).await?;
            if pause {
                self.audit(|audit, _| audit.paused(&asked, true));
            }
            Ok(answer)
        })
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
