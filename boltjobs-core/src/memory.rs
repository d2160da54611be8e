//! The reference store: the engine behind a lock. Every other store is compared with it.

#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "the path of a method of `Turn` has one lifetime, a closure any"
)]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::batch::{BatchStatus, NewBatch};
use crate::engine::{Archive, Engine, Entry, Journal, Mark, Turn};
use crate::job::{Job, Lease, NewJob};
use crate::notes::Notes;
use crate::recurring::{Definition, RecurringJob};
use crate::store::{
    Answer, Change, Claimed, Command, Counts, Document, DocumentQuery, Enqueued, Explanation, FailureGroup,
    Heartbeat, JobFilter, Offer, Page, PageQuery, QueueInfo, Record, RecurringCommand, Retention, ServerInfo,
    Settled, Settlement, Store, StoreError, Tally,
};
use crate::throughput::{Throughput, Window};
use crate::watch::{Interest, Watch, Watchers};
use crate::{BatchId, JobId, Timestamp};

/// Keeps jobs in memory: nothing survives the process.
#[derive(Debug)]
pub struct MemoryStore {
    /// `None` once it is closed.
    engine: Mutex<Option<Engine>>,
    tape: Option<Tape>,
    watchers: Watchers,
}

/// A journal in memory: a store that is opened on the tape of another goes on where that one was.
///
/// So a test can end a process and start it again, without a process or a disk.
#[derive(Debug, Clone, Default)]
pub struct Tape(Arc<Mutex<Vec<Entry>>>);

#[cfg(test)]
impl Tape {
    /// Loses the latest entry, as a store must not.
    pub(crate) fn tear(&self) {
        self.lock().pop();
    }
}

impl Tape {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Tape {
    fn record(&mut self, entry: &Entry) -> Option<Mark> {
        self.lock().record(entry)
    }
}

impl Archive for Tape {
    fn record(&self, trail: &[Mark]) -> Result<Job, StoreError> {
        let tape = self.lock();
        let place = |mark: &Mark| usize::try_from(mark.chunk.get() - 1).unwrap_or(usize::MAX);
        let entries = trail.iter().map(|mark| tape.get(place(mark)).cloned());
        let entries: Vec<_> = entries.map_while(|entry| entry.map(Ok::<_, StoreError>)).collect();
        let corrupt = || StoreError::Corrupt {
            location: "a tape".to_owned(),
            reason: format!("there is no job at {trail:?}"),
        };
        let complete = entries.len() == trail.len();
        Job::from_entries(entries)?.filter(|_| complete).ok_or_else(corrupt)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::open(None)
    }

    /// Opens what is on a tape, and records on it from there on.
    pub fn on_tape(tape: &Tape) -> Self {
        Self::open(Some(tape.clone()))
    }

    fn open(tape: Option<Tape>) -> Self {
        let mut engine = Engine::default();
        if let Some(tape) = &tape {
            // Whatever can be evicted is, for tests are what tapes are for.
            engine.keep_records(0, Arc::new(tape.clone()));
            let entries = tape.lock().clone();
            for (number, entry) in (1..).zip(entries) {
                engine.apply_at(entry, Mark::of_entry(number));
            }
        }
        let store = Self { engine: Mutex::new(Some(engine)), tape, watchers: Watchers::default() };
        drop(store.turn(Timestamp::EPOCH, |turn| turn.boot()));
        store
    }

    /// Runs a command and publishes at once what it made ready.
    fn turn<T: Send + 'static>(
        &self,
        now: Timestamp,
        command: impl FnOnce(&mut Turn<'_>) -> T,
    ) -> Answer<'_, T> {
        self.try_turn(now, |turn| Ok(command(turn)))
    }

    /// The same for a command that may be refused.
    fn try_turn<T: Send + 'static>(
        &self,
        now: Timestamp,
        command: impl FnOnce(&mut Turn<'_>) -> Result<T, StoreError>,
    ) -> Answer<'_, T> {
        let mut guard = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(engine) = guard.as_mut() else { return Box::pin(ready(Err(StoreError::Closed))) };
        let mut tape = self.tape.clone();
        let journal: &mut dyn Journal = match &mut tape {
            Some(tape) => tape,
            None => &mut (),
        };
        let answer = command(&mut engine.at(now, journal));
        let answer = engine.take_fault().map_or(answer, Err);
        let unpublished = engine.take_unpublished();
        let mut changes = engine.publish(unpublished);
        changes.merge(engine.take_told());
        let leaving = engine.take_leaving();
        drop(engine.evict(leaving, u64::MAX));
        drop(guard);
        self.watchers.notify(&changes);
        Box::pin(ready(answer))
    }

    fn read<T: Send + 'static>(&self, look: impl FnOnce(&Engine) -> T) -> Answer<'_, T> {
        let guard = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(ready(guard.as_ref().map(look).ok_or(StoreError::Closed)))
    }
}

impl Store for MemoryStore {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    fn submit(&self, batches: Vec<NewBatch>, jobs: Vec<NewJob>, now: Timestamp) -> Answer<'_, Vec<Enqueued>> {
        self.try_turn(now, |turn| turn.submit(batches, jobs).map_err(StoreError::from))
    }

    fn cancel_batch(&self, batch: BatchId, reason: Option<Arc<str>>, now: Timestamp) -> Answer<'_, bool> {
        self.turn(now, |turn| turn.cancel_batch(batch, reason))
    }

    fn command(&self, jobs: Vec<JobId>, command: Command, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.turn(now, |turn| turn.command(&jobs, &command))
    }

    fn change(&self, jobs: Vec<JobId>, change: Change, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.turn(now, move |turn| turn.change(&jobs, &change))
    }

    fn claim(&self, offer: Arc<Offer>, workers: Vec<u32>, now: Timestamp) -> Answer<'_, Vec<Claimed>> {
        self.turn(now, |turn| turn.claim(&offer, &workers))
    }

    fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Answer<'_, Vec<Settled>> {
        self.turn(now, |turn| turn.settle(settlements))
    }

    fn heartbeat(&self, leases: Vec<Lease>, until: Timestamp) -> Answer<'_, Heartbeat> {
        self.turn(until, |turn| turn.heartbeat(&leases, until))
    }

    fn record(&self, records: Vec<Record>, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.turn(now, |turn| turn.record(records))
    }

    fn due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.turn(now, |turn| turn.due())
    }

    fn fire(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.turn(now, |turn| turn.fire())
    }

    fn reap(&self, max_crashes: u32, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.turn(now, |turn| turn.reap(max_crashes))
    }

    fn expire(&self, retention: Retention, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.turn(now, |turn| turn.expire(retention))
    }

    fn put_recurring(&self, definition: Definition, now: Timestamp) -> Answer<'_, bool> {
        self.turn(now, |turn| turn.put_recurring(definition))
    }

    fn declare_recurring(
        &self,
        declared: Vec<Definition>,
        crates: BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Arc<str>>> {
        self.turn(now, |turn| turn.declare_recurring(declared, &crates))
    }

    fn recurring(&self, id: Arc<str>, command: RecurringCommand, now: Timestamp) -> Answer<'_, Option<bool>> {
        self.turn(now, |turn| turn.recurring(&id, command))
    }

    fn announce(&self, offer: Arc<Offer>, now: Timestamp, until: Timestamp) -> Answer<'_, ()> {
        self.turn(now, |turn| turn.announce(offer, until))
    }

    fn retire(&self, server: Arc<str>) -> Answer<'_, ()> {
        self.turn(Timestamp::EPOCH, |turn| turn.retire(&server))
    }

    fn pause(&self, queue: Arc<str>, pause: bool, now: Timestamp) -> Answer<'_, bool> {
        self.turn(now, |turn| turn.pause(&queue, pause))
    }

    fn keep(&self, kept: Vec<Document>, removed: Vec<Arc<str>>, now: Timestamp) -> Answer<'_, ()> {
        self.turn(now, |turn| turn.keep(kept, removed))
    }

    fn documents(&self, query: DocumentQuery) -> Answer<'_, Vec<Document>> {
        self.read(|engine| engine.documents(&query))
    }

    fn revision(&self) -> Answer<'_, u64> {
        self.read(Engine::revision)
    }

    fn throughput(&self, window: Window) -> Answer<'_, Throughput> {
        self.read(|engine| engine.throughput(&window))
    }

    fn failures(&self, limit: usize) -> Answer<'_, Vec<FailureGroup>> {
        self.read(|engine| engine.failures(limit))
    }

    fn servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>> {
        self.read(|engine| engine.servers(now))
    }

    fn lost_servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>> {
        self.read(|engine| engine.lost_servers(now))
    }

    fn queues(&self, now: Timestamp) -> Answer<'_, Vec<QueueInfo>> {
        self.read(|engine| engine.queues(now))
    }

    fn explain(&self, id: JobId, now: Timestamp) -> Answer<'_, Explanation> {
        self.read(|engine| engine.explain(id, now))
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Job>> {
        self.read(|engine| engine.job(id).map(Cow::into_owned))
    }

    fn notes(&self, id: JobId) -> Answer<'_, Option<Notes>> {
        self.read(|engine| engine.notes(id).cloned())
    }

    fn page(&self, query: PageQuery) -> Answer<'_, Page> {
        self.read(|engine| engine.page(&query))
    }

    fn batch(&self, id: BatchId) -> Answer<'_, Option<BatchStatus>> {
        self.read(|engine| engine.batch(id))
    }

    fn batches(&self, after: Option<BatchId>, limit: usize) -> Answer<'_, Vec<BatchStatus>> {
        self.read(|engine| engine.batches(after, limit))
    }

    fn count(&self, filter: JobFilter, after: Option<JobId>) -> Answer<'_, Tally> {
        self.read(|engine| engine.count(&filter, after))
    }

    fn counts(&self) -> Answer<'_, Counts> {
        self.read(Engine::counts)
    }

    fn recurring_jobs(&self) -> Answer<'_, Vec<RecurringJob>> {
        self.read(Engine::recurring_jobs)
    }

    fn watch(&self, interest: Interest) -> Watch {
        let watch = self.watchers.watch(interest);
        if let Some(engine) = self.engine.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            engine.watched(interest);
        }
        watch
    }

    fn close(&self) -> Answer<'_, ()> {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Box::pin(ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use crate::conformance::InMemory;

    mod in_memory {
        use super::*;
        crate::store_conformance!(InMemory::default());
    }

    mod on_a_tape {
        use super::*;
        crate::store_conformance!(InMemory::with_tape());
    }
}
