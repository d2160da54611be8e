//! What the laws are written with: a fixture's store, driven one blocking call at a time by instants that the law
//! names itself.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pollster::block_on;

use super::Fixture;
use crate::batch::{BatchStatus, NewBatch};
use crate::continuation::{After, Parent};
use crate::handler_limit::{self, HandlerLimit, Limit, LimitKind};
use crate::job::{HistoryRow, Job, Lease, NewJob};
use crate::notes::{Note, Notes};
use crate::queue_limit::{self, QueueLimit};
use crate::recurring::{Definition, RecurringJob};
use crate::sabotage;
use crate::store::{
    Action, Change, Claimed, Command, Counts, Document, DocumentQuery, Enqueued, Explanation, FailureGroup,
    Heartbeat, JobFilter, Offer, Outcome, PageQuery, QueueInfo, Record, RecurringCommand, Refusal, Retention,
    ServerInfo, Settled, Settlement, Store, StoreError,
};
use crate::throughput::{Throughput, Window};
use crate::watch::{Changes, Watch};
use crate::{BatchId, JobId, JobState, Timestamp};

pub(super) use super::samples::{
    LEASE, REQUEST, at, batch, batch_id, done, error, failed, id, job, job_after, job_in, job_of, job_with,
    just_before, offer, retry, secs, strict, weighted,
};

/// A store under test.
#[derive(Clone)]
pub(super) struct Lab<'f> {
    fixture: &'f dyn Fixture,
    pub(super) store: Arc<dyn Store>,
}

impl<'f> Lab<'f> {
    pub(super) fn new(fixture: &'f dyn Fixture) -> Self {
        Self { fixture, store: fixture.open() }
    }

    /// Closes the store and opens it again.
    pub(super) fn reopen(&mut self) {
        block_on(self.store.close()).expect("the store closes");
        self.store = self.fixture.open();
    }

    /// The same, for a store of which anything is left then.
    pub(super) fn reopen_if_kept(&mut self) {
        if self.fixture.durable() {
            self.reopen();
        }
    }

    pub(super) fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Vec<Enqueued> {
        block_on(self.store.enqueue(jobs, now)).expect("the store enqueues")
    }

    /// Adds batches and jobs, and says why if they do not fit.
    pub(super) fn submit(
        &self,
        batches: Vec<NewBatch>,
        jobs: Vec<NewJob>,
        now: Timestamp,
    ) -> Result<Vec<Enqueued>, Refusal> {
        match block_on(self.store.submit(batches, jobs, now)) {
            Ok(enqueued) => Ok(enqueued),
            Err(StoreError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("the store takes jobs: {error}"),
        }
    }

    /// Enqueues job `n`.
    pub(super) fn add(&self, n: u64, now: Timestamp) -> JobId {
        self.enqueue(vec![job(n)], now)[0].id
    }

    pub(super) fn claim(&self, offer: &Offer, slots: usize, now: Timestamp) -> Vec<Claimed> {
        let workers = (1..=u32::try_from(slots).unwrap_or(u32::MAX)).collect();
        block_on(self.store.claim(Arc::new(offer.clone()), workers, now)).expect("the store hands out jobs")
    }

    /// Claims, and returns the ids alone.
    pub(super) fn claim_ids(&self, offer: &Offer, slots: usize, now: Timestamp) -> Vec<JobId> {
        self.claim(offer, slots, now).into_iter().map(|claimed| claimed.lease.job).collect()
    }

    /// Claims the one job that is first.
    pub(super) fn take(&self, now: Timestamp) -> Claimed {
        self.claim(&offer(), 1, now).pop().expect("a job is ready")
    }

    pub(super) fn settle(&self, lease: Lease, outcome: Outcome, now: Timestamp) -> Settled {
        let settlement = Settlement { lease, ran: Duration::from_millis(250), outcome };
        self.settle_all(vec![settlement], now)[0]
    }

    pub(super) fn settle_all(&self, settlements: Vec<Settlement>, now: Timestamp) -> Vec<Settled> {
        block_on(self.store.settle(settlements, now)).expect("the store settles")
    }

    /// Asks for an action in any state.
    pub(super) fn ask(&self, id: JobId, action: Action, now: Timestamp) -> bool {
        self.command(id, Command { action, expected: Vec::new(), reason: None }, now)
    }

    pub(super) fn command(&self, id: JobId, command: Command, now: Timestamp) -> bool {
        self.command_all(vec![id], command, now) == [true]
    }

    pub(super) fn command_all(&self, ids: Vec<JobId>, command: Command, now: Timestamp) -> Vec<bool> {
        block_on(self.store.command(ids, command, now)).expect("the store takes the command")
    }

    pub(super) fn change(&self, id: JobId, change: &Change, now: Timestamp) -> bool {
        self.change_all(vec![id], change, now) == [true]
    }

    pub(super) fn change_all(&self, ids: Vec<JobId>, change: &Change, now: Timestamp) -> Vec<bool> {
        block_on(self.store.change(ids, change.clone(), now)).expect("the store changes jobs")
    }

    pub(super) fn due(&self, now: Timestamp) -> Option<Timestamp> {
        block_on(self.store.due(now)).expect("the store looks for what is due")
    }

    pub(super) fn reap(&self, now: Timestamp) -> Option<Timestamp> {
        block_on(self.store.reap(5, now)).expect("the store takes jobs back")
    }

    pub(super) fn heartbeat(&self, leases: Vec<Lease>, until: Timestamp) -> Heartbeat {
        block_on(self.store.heartbeat(leases, until)).expect("the store takes the heartbeat")
    }

    pub(super) fn record(&self, notes: Vec<(Lease, Note)>, now: Timestamp) -> Vec<bool> {
        let records = notes.into_iter().map(|(lease, note)| Record { lease, note }).collect();
        block_on(self.store.record(records, now)).expect("the store takes notes")
    }

    /// Writes notes of one job.
    pub(super) fn note_all(&self, lease: Lease, notes: Vec<Note>, now: Timestamp) -> Vec<bool> {
        self.record(notes.into_iter().map(|note| (lease, note)).collect(), now)
    }

    pub(super) fn notes(&self, id: JobId) -> Option<Notes> {
        block_on(self.store.notes(id)).expect("the store reads")
    }

    pub(super) fn expire(&self, retention: Retention, now: Timestamp) -> Option<Timestamp> {
        block_on(self.store.expire(retention, now)).expect("the store removes jobs")
    }

    pub(super) fn put(&self, definition: Definition, now: Timestamp) -> bool {
        block_on(self.store.put_recurring(definition, now)).expect("the store takes the definition")
    }

    pub(super) fn declare(
        &self,
        declared: Vec<Definition>,
        crates: &[&str],
        now: Timestamp,
    ) -> Vec<Arc<str>> {
        let crates = crates.iter().map(|krate| Arc::from(*krate)).collect();
        block_on(self.store.declare_recurring(declared, crates, now))
            .expect("the store takes what is declared")
    }

    pub(super) fn fire(&self, now: Timestamp) -> Option<Timestamp> {
        block_on(self.store.fire(now)).expect("the store fires")
    }

    pub(super) fn steer(&self, name: &str, command: RecurringCommand, now: Timestamp) -> Option<bool> {
        block_on(self.store.recurring(name.into(), command, now)).expect("the store takes the command")
    }

    pub(super) fn definitions(&self) -> Vec<RecurringJob> {
        block_on(self.store.recurring_jobs()).expect("the store reads")
    }

    pub(super) fn announce(&self, offer: Offer, now: Timestamp, until: Timestamp) {
        block_on(self.store.announce(Arc::new(offer), now, until)).expect("the store takes the server");
    }

    pub(super) fn retire(&self, server: &str) {
        block_on(self.store.retire(server.into())).expect("the store lets the server go");
    }

    pub(super) fn servers(&self, now: Timestamp) -> Vec<ServerInfo> {
        block_on(self.store.servers(now)).expect("the store reads")
    }

    pub(super) fn lost_servers(&self, now: Timestamp) -> Vec<ServerInfo> {
        block_on(self.store.lost_servers(now)).expect("the store reads")
    }

    pub(super) fn pause(&self, queue: &str, pause: bool, now: Timestamp) -> bool {
        block_on(self.store.pause(queue.into(), pause, now)).expect("the store pauses")
    }

    /// Sets the limit of a queue, or removes the one that was set.
    pub(super) fn set_limit(&self, queue: &str, at_most: Option<u32>, now: Timestamp) -> bool {
        let store = &*self.store;
        let Some(at_most) = at_most else {
            return block_on(queue_limit::remove(store, queue, now)).expect("the store removes it");
        };
        let limit = QueueLimit { queue: queue.into(), at_most, actor: "a law".to_owned(), at: now };
        block_on(queue_limit::set(store, &limit)).expect("the store keeps it")
    }

    /// Sets a limit of the handler of [`REQUEST`], or removes the one that was set.
    pub(super) fn set_handler_limit(&self, kind: LimitKind, text: Option<&str>, now: Timestamp) -> bool {
        let store = &*self.store;
        let Some(text) = text else {
            return block_on(handler_limit::remove(store, REQUEST, kind, now)).expect("the store removes it");
        };
        let limit = Limit::parse(kind, text).expect("the law knows what can be set");
        let limit = HandlerLimit { request: REQUEST.into(), limit, actor: "a law".to_owned(), at: now };
        block_on(handler_limit::set(store, &limit)).expect("the store keeps it")
    }

    pub(super) fn queues(&self, now: Timestamp) -> Vec<QueueInfo> {
        block_on(self.store.queues(now)).expect("the store reads")
    }

    pub(super) fn throughput(&self, window: Window) -> Throughput {
        block_on(self.store.throughput(window)).expect("the store answers")
    }

    pub(super) fn failures(&self, limit: usize) -> Vec<FailureGroup> {
        block_on(self.store.failures(limit)).expect("the store answers")
    }

    pub(super) fn keep(&self, kept: Vec<Document>, removed: &[&str], now: Timestamp) {
        let removed = removed.iter().map(|key| Arc::from(*key)).collect();
        block_on(self.store.keep(kept, removed, now)).expect("the store answers");
    }

    pub(super) fn documents(&self, query: DocumentQuery) -> Vec<Document> {
        block_on(self.store.documents(query)).expect("the store answers")
    }

    pub(super) fn explain(&self, id: JobId, now: Timestamp) -> Explanation {
        block_on(self.store.explain(id, now)).expect("the store reads")
    }

    pub(super) fn find(&self, id: JobId) -> Option<Job> {
        block_on(self.store.job(id)).expect("the store reads")
    }

    pub(super) fn job(&self, id: JobId) -> Job {
        self.find(id).expect("the job is there")
    }

    pub(super) fn state(&self, id: JobId) -> JobState {
        self.job(id).state
    }

    pub(super) fn last_row(&self, id: JobId) -> HistoryRow {
        self.job(id).history.pop().expect("a job has a history")
    }

    /// Runs the job with this id, which must be ready, to its end.
    pub(super) fn run(&self, id: JobId, outcome: Outcome, now: Timestamp) -> Settled {
        let mut claimed = self.claim(&offer(), 64, now);
        let place = claimed.iter().position(|claimed| claimed.lease.job == id).expect("the job is ready");
        let lease = claimed.remove(place).lease;
        for other in claimed {
            self.settle(other.lease, Outcome::Released("not yet".into()), now);
        }
        self.settle(lease, outcome, now)
    }

    /// Ends everything and removes it, so that ids can come again.
    pub(super) fn remove_all(&self) {
        for job in self.jobs() {
            self.ask(job.id, Action::Delete, at(10_000));
        }
        let none = secs(0);
        let retention = Retention::default().succeeded(none).failed(none).deleted(none).batches(none);
        self.expire(retention, at(20_000));
        assert_eq!(self.jobs(), []);
    }

    pub(super) fn cancel_batch(&self, id: BatchId, now: Timestamp) -> bool {
        block_on(self.store.cancel_batch(id, Some("enough".into()), now)).expect("the store cancels")
    }

    pub(super) fn batch(&self, id: BatchId) -> Option<BatchStatus> {
        block_on(self.store.batch(id)).expect("the store reads")
    }

    /// Returns every batch, newest first.
    pub(super) fn batches(&self) -> Vec<BatchStatus> {
        block_on(self.store.batches(None, usize::MAX)).expect("the store reads")
    }

    pub(super) fn counts(&self) -> Counts {
        block_on(self.store.counts()).expect("the store counts")
    }

    pub(super) fn page(&self, state: JobState, after: Option<JobId>, limit: usize) -> Vec<JobId> {
        let filter = JobFilter { states: vec![state], ..JobFilter::default() };
        let page = self.list(PageQuery { filter, after, limit, ..PageQuery::default() });
        page.into_iter().map(|job| job.id).collect()
    }

    /// Lists jobs up to the limit of the query, with as many looks as that takes.
    pub(super) fn list(&self, mut query: PageQuery) -> Vec<Job> {
        let mut jobs = Vec::new();
        loop {
            let page = block_on(self.store.page(query.clone())).expect("the store reads");
            assert!(page.jobs.len() <= query.limit, "a page has more jobs than it may");
            query.limit -= page.jobs.len();
            jobs.extend(page.jobs);
            query.after = page.next;
            if page.next.is_none() || query.limit == 0 {
                return jobs;
            }
        }
    }

    /// Counts jobs, with as many looks as that takes.
    pub(super) fn count(&self, filter: &JobFilter) -> u64 {
        let (mut jobs, mut after) = (0, None);
        loop {
            let tally = block_on(self.store.count(filter.clone(), after)).expect("the store counts");
            (jobs, after) = (jobs + tally.jobs, tally.next);
            if after.is_none() {
                return jobs;
            }
        }
    }

    /// Returns every job, in the order of the ids.
    pub(super) fn jobs(&self) -> Vec<Job> {
        self.list(PageQuery { oldest_first: true, limit: usize::MAX, ..PageQuery::default() })
    }

    /// Does what shall change nothing, and checks that it did not.
    pub(super) fn unchanged<T>(&self, act: impl FnOnce() -> T) -> T {
        let before = (self.jobs(), self.counts());
        let answer = act();
        assert_eq!((self.jobs(), self.counts()), before, "something was changed");
        answer
    }

    /// Adds job `n`, brings it to a state, and returns it. It has a queue of its own, so others stay where they are.
    pub(super) fn add_in(&self, state: JobState, n: u64, now: Timestamp) -> Job {
        let queue = format!("queue-{n}");
        let start_at = Some(now.plus(secs(3_600))).filter(|_| state == JobState::Scheduled);
        let mut job = NewJob { start_at, ..job_in(&queue, n) };
        if state == JobState::Awaiting {
            // Its parent is in a queue that nobody works.
            let parent = job_in("parents", n + 1_000_000);
            job.spec_mut().parents.push(Parent { id: parent.id.into(), when: After::Succeeded });
            self.enqueue(vec![parent], now);
        }
        self.enqueue(vec![job], now);
        let outcome = match state {
            JobState::Scheduled | JobState::Enqueued | JobState::Awaiting => return self.job(id(n)),
            JobState::Processing => None,
            JobState::Succeeded => Some(done()),
            JobState::Failed => Some(failed()),
            JobState::Deleted => {
                Some(Outcome::Failed { error: error("no route"), reason: None, delete: true })
            }
        };
        let lease = self.claim(&strict(&[&queue]), 1, now)[0].lease;
        if let Some(outcome) = outcome {
            assert_eq!(self.settle(lease, outcome, now), Settled::Now(state));
        }
        self.job(id(n))
    }
}

/// Waits for a watch that must be woken.
pub(super) fn woken(mut watch: Watch) -> (Changes, Watch) {
    let (told, waits) = mpsc::channel();
    thread::spawn(move || {
        let changes = block_on(watch.changed());
        told.send((changes, watch))
    });
    // The limit only turns a wake-up that never comes into a failure. Where one is expected, nobody waits for long.
    let patience = if sabotage::named().is_some() { secs(2) } else { secs(20) };
    waits.recv_timeout(patience).expect("the watch is woken")
}
