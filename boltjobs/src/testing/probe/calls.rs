//! Each call of the store, and what a simulation checks about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use boltjobs_core::batch::{BatchStatus, NewBatch};
use boltjobs_core::job::{Job, Lease, NewJob};
use boltjobs_core::notes::Notes;
use boltjobs_core::recurring::{Definition, RecurringJob};
use boltjobs_core::store::{
    Action, Answer, Change, Claimed, Command, Counts, Document, DocumentQuery, Enqueued, Explanation,
    FailureGroup, Heartbeat, JobFilter, Offer, Page, PageQuery, QueueInfo, Record, RecurringCommand,
    Retention, ServerInfo, Settled, Settlement, Store, Tally,
};
use boltjobs_core::throughput::{Throughput, Window};
use boltjobs_core::watch::{Interest, Watch};
use boltjobs_core::{BatchId, JobId, JobState, Timestamp};

use super::{Alone, Probe};
use crate::testing::faults::StoreCall;

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

    fn change(&self, jobs: Vec<JobId>, change: Change, now: Timestamp) -> Answer<'_, Vec<bool>> {
        self.audit(|audit, _| audit.changed(&jobs));
        self.pass(StoreCall::Command, move |store| store.change(jobs, change, now))
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

    fn keep(&self, kept: Vec<Document>, removed: Vec<Arc<str>>, now: Timestamp) -> Answer<'_, ()> {
        self.look(move |store| store.keep(kept, removed, now))
    }

    fn documents(&self, query: DocumentQuery) -> Answer<'_, Vec<Document>> {
        self.look(move |store| store.documents(query))
    }

    fn revision(&self) -> Answer<'_, u64> {
        self.look(move |store| store.revision())
    }

    fn throughput(&self, window: Window) -> Answer<'_, Throughput> {
        self.look(move |store| store.throughput(window))
    }

    fn failures(&self, limit: usize) -> Answer<'_, Vec<FailureGroup>> {
        self.look(move |store| store.failures(limit))
    }

    fn servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>> {
        self.look(move |store| store.servers(now))
    }

    fn lost_servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>> {
        self.look(move |store| store.lost_servers(now))
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
