//! A store that fails when it is told.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use boltjobs::{BatchId, JobId, MemoryStore, Store, StoreError, Timestamp};
use boltjobs_core::batch::{BatchStatus, NewBatch};
use boltjobs_core::job::{Job, Lease, NewJob};
use boltjobs_core::notes::Notes;
use boltjobs_core::recurring::{Definition, RecurringJob};
use boltjobs_core::store::{
    Answer, Change, Claimed, Command, Counts, Document, DocumentQuery, Enqueued, Explanation, FailureGroup,
    Heartbeat, JobFilter, Offer, Page, PageQuery, QueueInfo, Record, RecurringCommand, Retention, ServerInfo,
    Settled, Settlement, Space, Tally,
};
use boltjobs_core::throughput::{Throughput, Window};
use boltjobs_core::watch::{Interest, Watch};

/// A memory store whose `settle` fails as often as it is told, and that can be looked at after its server is gone.
#[derive(Debug, Default)]
pub struct Flaky {
    store: MemoryStore,
    failures: AtomicU32,
    records: AtomicU32,
    record_failures: AtomicU32,
    due_failures: AtomicU32,
    stalled: AtomicBool,
    silent: AtomicBool,
    stays_open: bool,
    reads_slowly: bool,
    space: Mutex<Option<Space>>,
}

impl Flaky {
    /// Makes a store that can't be closed.
    pub fn staying_open() -> Self {
        Self { stays_open: true, ..Self::default() }
    }

    /// Makes a store that answers what definitions there are once others have had a turn.
    pub fn reading_slowly() -> Self {
        Self { reads_slowly: true, ..Self::default() }
    }

    /// Lets the next settles fail.
    pub fn fail(&self, times: u32) {
        self.failures.store(times, Ordering::SeqCst);
    }

    /// Lets the next writes of notes fail.
    pub fn fail_records(&self, times: u32) {
        self.record_failures.store(times, Ordering::SeqCst);
    }

    /// Lets the next looks for what is due fail.
    pub fn fail_due(&self, times: u32) {
        self.due_failures.store(times, Ordering::SeqCst);
    }

    /// Lets claims and settles wait for ever, and looks fail, as a store does that keeps what it can't write.
    pub fn stall(&self) {
        self.stalled.store(true, Ordering::SeqCst);
    }

    /// Lets whatever pages are made of fail, until it is told otherwise. Jobs come and go as ever.
    pub fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    fn refuse<T: Send + 'static>(&self, failures: &AtomicU32) -> Option<Answer<'_, T>> {
        failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).ok()?;
        Some(Box::pin(std::future::ready(Err(self.unavailable()))))
    }

    fn silenced<T: Send + 'static>(&self) -> Option<Answer<'_, T>> {
        let silent = self.silent.load(Ordering::SeqCst);
        silent.then(|| Box::pin(std::future::ready(Err(self.unavailable()))) as Answer<'_, T>)
    }

    fn unavailable(&self) -> StoreError {
        let (location, reason) = (self.location(), "no space left on device".to_owned());
        StoreError::Unavailable { location, reason }
    }

    /// Says that its volume has so many bytes left, of so many.
    pub fn leave(&self, free: u64, total: u64) {
        *self.space.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Space { bytes: 1 << 20, volume: Some((free, total)) });
    }

    /// Returns how often notes of running jobs were written.
    pub fn records(&self) -> u32 {
        self.records.load(Ordering::SeqCst)
    }

    /// Returns how many failures are left.
    pub fn left(&self) -> u32 {
        self.failures.load(Ordering::SeqCst)
    }
}

impl Store for Flaky {
    fn location(&self) -> String {
        "flaky".to_owned()
    }

    fn submit(&self, batches: Vec<NewBatch>, jobs: Vec<NewJob>, now: Timestamp) -> Answer<'_, Vec<Enqueued>> {
        self.store.submit(batches, jobs, now)
    }

    fn cancel_batch(&self, batch: BatchId, reason: Option<Arc<str>>, now: Timestamp) -> Answer<'_, bool> {
        self.store.cancel_batch(batch, reason, now)
    }

    fn command(&self, jobs: Vec<JobId>, command: Command, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.store.command(jobs, command, now)
    }

    fn change(&self, jobs: Vec<JobId>, change: Change, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.store.change(jobs, change, now)
    }

    fn claim(&self, offer: Arc<Offer>, workers: Vec<u32>, now: Timestamp) -> Answer<'_, Vec<Claimed>> {
        if self.stalled.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        self.store.claim(offer, workers, now)
    }

    fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Answer<'_, Vec<Settled>> {
        if self.stalled.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        self.refuse(&self.failures).unwrap_or_else(|| self.store.settle(settlements, now))
    }

    fn heartbeat(&self, leases: Vec<Lease>, until: Timestamp) -> Answer<'_, Heartbeat> {
        self.store.heartbeat(leases, until)
    }

    fn record(&self, records: Vec<Record>, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.records.fetch_add(1, Ordering::SeqCst);
        self.refuse(&self.record_failures).unwrap_or_else(|| self.store.record(records, now))
    }

    fn due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.refuse(&self.due_failures).unwrap_or_else(|| self.store.due(now))
    }

    fn fire(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.store.fire(now)
    }

    fn reap(&self, max_crashes: u32, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.store.reap(max_crashes, now)
    }

    fn expire(&self, retention: Retention, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.store.expire(retention, now)
    }

    fn put_recurring(&self, definition: Definition, now: Timestamp) -> Answer<'_, bool> {
        self.store.put_recurring(definition, now)
    }

    fn declare_recurring(
        &self,
        declared: Vec<Definition>,
        crates: BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Arc<str>>> {
        self.store.declare_recurring(declared, crates, now)
    }

    fn recurring(&self, id: Arc<str>, command: RecurringCommand, now: Timestamp) -> Answer<'_, Option<bool>> {
        self.store.recurring(id, command, now)
    }

    fn announce(&self, offer: Arc<Offer>, now: Timestamp, until: Timestamp) -> Answer<'_, ()> {
        self.store.announce(offer, now, until)
    }

    fn retire(&self, server: Arc<str>) -> Answer<'_, ()> {
        self.store.retire(server)
    }

    fn pause(&self, queue: Arc<str>, pause: bool, now: Timestamp) -> Answer<'_, bool> {
        self.store.pause(queue, pause, now)
    }

    fn keep(&self, kept: Vec<Document>, removed: Vec<Arc<str>>, now: Timestamp) -> Answer<'_, ()> {
        self.store.keep(kept, removed, now)
    }

    fn documents(&self, query: DocumentQuery) -> Answer<'_, Vec<Document>> {
        self.store.documents(query)
    }

    fn revision(&self) -> Answer<'_, u64> {
        self.silenced().unwrap_or_else(|| self.store.revision())
    }

    fn throughput(&self, window: Window) -> Answer<'_, Throughput> {
        self.store.throughput(window)
    }

    fn failures(&self, limit: usize) -> Answer<'_, Vec<FailureGroup>> {
        self.store.failures(limit)
    }

    fn servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>> {
        self.store.servers(now)
    }

    fn space(&self) -> Answer<'_, Option<Space>> {
        let space = *self.space.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(std::future::ready(Ok(space)))
    }

    fn lost_servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>> {
        self.store.lost_servers(now)
    }

    fn queues(&self, now: Timestamp) -> Answer<'_, Vec<QueueInfo>> {
        self.store.queues(now)
    }

    fn explain(&self, id: JobId, now: Timestamp) -> Answer<'_, Explanation> {
        self.store.explain(id, now)
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Job>> {
        self.store.job(id)
    }

    fn notes(&self, id: JobId) -> Answer<'_, Option<Notes>> {
        self.store.notes(id)
    }

    fn page(&self, query: PageQuery) -> Answer<'_, Page> {
        self.silenced().unwrap_or_else(|| self.store.page(query))
    }

    fn batch(&self, id: BatchId) -> Answer<'_, Option<BatchStatus>> {
        self.store.batch(id)
    }

    fn batches(&self, after: Option<BatchId>, limit: usize) -> Answer<'_, Vec<BatchStatus>> {
        self.store.batches(after, limit)
    }

    fn count(&self, filter: JobFilter, after: Option<JobId>) -> Answer<'_, Tally> {
        self.store.count(filter, after)
    }

    fn counts(&self) -> Answer<'_, Counts> {
        if self.stalled.load(Ordering::SeqCst) {
            return Box::pin(std::future::ready(Err(self.unavailable())));
        }
        self.silenced().unwrap_or_else(|| self.store.counts())
    }

    fn recurring_jobs(&self) -> Answer<'_, Vec<RecurringJob>> {
        let read = self.store.recurring_jobs();
        if !self.reads_slowly {
            return read;
        }
        Box::pin(async move {
            let read = read.await;
            tokio::task::yield_now().await;
            read
        })
    }

    fn watch(&self, interest: Interest) -> Watch {
        self.store.watch(interest)
    }

    fn close(&self) -> Answer<'_, ()> {
        if self.stays_open {
            return Box::pin(std::future::ready(Ok(())));
        }
        self.store.close()
    }
}
