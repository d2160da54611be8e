//! The commands, each with what its answer waits for.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the methods are not general over a turn's lifetime"
)]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::future::ready;
use std::path::Path;
use std::sync::Arc;

use boltjobs_core::batch::{BatchStatus, NewBatch};
use boltjobs_core::engine::{Engine, Turn};
use boltjobs_core::job::{Job, Lease, NewJob};
use boltjobs_core::notes::{Note, Notes};
use boltjobs_core::recurring::{Definition, RecurringJob};
use boltjobs_core::store::{
    Answer, Change, Claimed, Command, Counts, Document, DocumentQuery, Enqueued, Explanation, FailureGroup,
    Heartbeat, JobFilter, Offer, Page, PageQuery, QueueInfo, Record, RecurringCommand, Retention, ServerInfo,
    Settled, Settlement, Space, Store, StoreError, Tally,
};
use boltjobs_core::throughput::{Throughput, Window};
use boltjobs_core::watch::{Interest, Watch};
use boltjobs_core::{BatchId, JobId, Timestamp};

use crate::gate::Wait;
use crate::space;
use crate::store::SledStore;

impl Store for SledStore {
    fn location(&self) -> String {
        self.shared.location.clone()
    }

    fn submit(&self, batches: Vec<NewBatch>, jobs: Vec<NewJob>, now: Timestamp) -> Answer<'_, Vec<Enqueued>> {
        let submit = |turn: &mut Turn<'_>| turn.submit(batches, jobs).map_err(StoreError::from);
        self.turn_then(now, submit, |_, _| Wait::Durable)
    }

    fn cancel_batch(&self, batch: BatchId, reason: Option<Arc<str>>, now: Timestamp) -> Answer<'_, bool> {
        self.turn(now, Wait::Durable, |turn| turn.cancel_batch(batch, reason))
    }

    fn command(&self, jobs: Vec<JobId>, command: Command, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.turn(now, Wait::Durable, |turn| turn.command(&jobs, &command))
    }

    fn change(&self, jobs: Vec<JobId>, change: Change, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.turn(now, Wait::Durable, |turn| turn.change(&jobs, &change))
    }

    fn claim(&self, offer: Arc<Offer>, workers: Vec<u32>, now: Timestamp) -> Answer<'_, Vec<Claimed>> {
        self.look_ahead(workers.len());
        // After a crash a claim is written before the job runs, for a job that brings down the process must leave a
        // trace; otherwise it is written with the next group, and soon.
        let suspect = |engine: &Engine, claims: &Vec<Claimed>| {
            let any = claims.iter().any(|claimed| engine.is_suspect(claimed.lease.job));
            if any { Wait::AtLast } else { Wait::No }
        };
        self.step(now, |turn| turn.claim(&offer, &workers), suspect)
    }

    fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Answer<'_, Vec<Settled>> {
        // A settlement that came again would find its lease gone.
        self.turn(now, Wait::AtLast, |turn| turn.settle(settlements))
    }

    fn heartbeat(&self, leases: Vec<Lease>, until: Timestamp) -> Answer<'_, Heartbeat> {
        self.live(until, |turn| turn.heartbeat(&leases, until))
    }

    fn record(&self, records: Vec<Record>, now: Timestamp) -> Answer<'_, Vec<bool>> {
        // A step is not done again, so it must not be lost; of the rest a crash may cost what is latest.
        let steps = records.iter().any(|record| matches!(record.note, Note::Step(_)));
        let wait = if steps { Wait::AtLast } else { Wait::No };
        self.turn(now, wait, |turn| turn.record(records))
    }

    fn due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.look_ahead(usize::MAX);
        self.step(now, |turn| turn.due(), |_, _| Wait::Changed)
    }

    fn fire(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.step(now, |turn| turn.fire(), |_, _| Wait::Changed)
    }

    fn reap(&self, max_crashes: u32, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.step(now, |turn| turn.reap(max_crashes), |_, _| Wait::Changed)
    }

    fn expire(&self, retention: Retention, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.step(now, |turn| turn.expire(retention), |_, _| Wait::Changed)
    }

    fn put_recurring(&self, definition: Definition, now: Timestamp) -> Answer<'_, bool> {
        self.turn(now, Wait::Durable, |turn| turn.put_recurring(definition))
    }

    fn declare_recurring(
        &self,
        declared: Vec<Definition>,
        crates: BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Arc<str>>> {
        self.turn(now, Wait::Durable, |turn| turn.declare_recurring(declared, &crates))
    }

    fn recurring(&self, id: Arc<str>, command: RecurringCommand, now: Timestamp) -> Answer<'_, Option<bool>> {
        self.turn(now, Wait::Durable, |turn| turn.recurring(&id, command))
    }

    fn announce(&self, offer: Arc<Offer>, now: Timestamp, until: Timestamp) -> Answer<'_, ()> {
        self.live(now, |turn| turn.announce(offer, until))
    }

    fn retire(&self, server: Arc<str>) -> Answer<'_, ()> {
        self.live(Timestamp::EPOCH, |turn| turn.retire(&server))
    }

    fn pause(&self, queue: Arc<str>, pause: bool, now: Timestamp) -> Answer<'_, bool> {
        self.turn(now, Wait::Durable, |turn| turn.pause(&queue, pause))
    }

    fn keep(&self, kept: Vec<Document>, removed: Vec<Arc<str>>, now: Timestamp) -> Answer<'_, ()> {
        self.turn(now, Wait::Durable, |turn| turn.keep(kept, removed))
    }

    fn documents(&self, query: DocumentQuery) -> Answer<'_, Vec<Document>> {
        self.read(|engine| engine.documents(&query))
    }

    fn revision(&self) -> Answer<'_, u64> {
        let state = self.shared.lock();
        let answer =
            state.refusal().or_else(|| state.stalled.clone()).map_or(Ok(state.engine.revision()), Err);
        drop(state);
        Box::pin(ready(answer))
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

    fn space(&self) -> Answer<'_, Option<Space>> {
        let directory = self.shared.location.strip_prefix("sled:").map(Path::new);
        Box::pin(ready(Ok(directory.and_then(space::measure))))
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
        self.read(move |engine| engine.notes(id).cloned())
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
        let watch = self.shared.watchers.watch(interest);
        self.shared.lock().engine.watched(interest);
        watch
    }

    fn close(&self) -> Answer<'_, ()> {
        self.begin_to_close();
        let closed = self.shared.closed.passed();
        Box::pin(closed)
    }
}
