//! The live set with its indexes, and the one place where it changes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;
use std::sync::Arc;

use super::archive::Mark;
use super::definitions::Definitions;
use super::documents::Documents;
use super::entry::{Entry, Journal, Move, RecordId};
use super::failures::Failures;
use super::family::Family;
use super::flows::Flows;
use super::jobs::Jobs;
use super::limiting::Limiting;
use super::listing::Listing;
use super::ready::Ready;
use super::sorted::Sorted;
use super::unique::Keys;
use crate::job::{Epoch, Job, JobSpec, Lease};
use crate::notes::Notes;
use crate::sabotage::{self, Bug};
use crate::state::Actor;
use crate::store::{Counts, Retention, ServerInfo};
use crate::throughput::Flow;
use crate::watch::{Changes, Interest, Transition};
use crate::{JobId, JobState, Timestamp};

/// Everything that is live or retained, in memory.
#[derive(Debug, Default)]
pub struct Engine {
    pub(super) boot: u32,
    pub(super) jobs: Jobs,
    pub(super) listing: Listing,
    pub(super) failures: Failures,
    pub(super) flows: Flows,
    pub(super) documents: Documents,
    pub(super) keys: Keys,
    /// Of the jobs that noted something.
    pub(super) notes: HashMap<JobId, Notes>,
    pub(super) due: Sorted<(Timestamp, JobId)>,
    /// When jobs that have not started are deleted.
    pub(super) expiring: Sorted<(Timestamp, JobId)>,
    pub(super) ended: BTreeMap<JobState, Sorted<(Timestamp, JobId)>>,
    pub(super) ready: Ready,
    pub(super) limiting: Limiting,
    /// Not journaled: they are gone after a crash.
    pub(super) servers: BTreeMap<Arc<str>, ServerInfo>,
    /// Those that were not heard of in time, for a while.
    pub(super) lost: BTreeMap<Arc<str>, ServerInfo>,
    /// What watchers shall learn that no write is behind.
    pub(super) told: Changes,
    /// Until when each running job may be left alone. Not journaled: after a crash nobody holds a lease.
    pub(super) leases: Sorted<JobId, Timestamp>,
    pub(super) family: Family,
    pub(super) definitions: Definitions,
    pub(super) counts: Counts,
    pub(super) next_order: u64,
    /// The highest epoch of a job that is gone. Its id may come again, and with it a worker that still has a lease.
    pub(super) forgotten_epoch: Epoch,
    pub(super) weight: u64,
    pub(super) names: BTreeSet<Arc<str>>,
    pub(super) unpublished: Unpublished,
    /// Whether anybody watches transitions: then they are told. Not journaled.
    observed: bool,
    /// Jobs with an earlier place were here before this boot, and it followed a crash. Not journaled.
    pub(super) suspect_before: u64,
    /// Whether any server has a limit: then the end of a job may be what others wait for. Not journaled.
    pub(super) limited: bool,
    /// Rises with each change that can be seen. Not journaled.
    pub(super) revision: u64,
    /// What was asked for last: a job that is one too many starts its removal. Not journaled.
    pub(super) retention: Retention,
}

/// What entries made ready or worth waking for, until they are durable.
#[derive(Debug, Default)]
pub struct Unpublished {
    /// Each with the place, the epoch and the revision with which it became ready, as it may become so again meanwhile.
    pub(super) ready: Vec<(JobId, u64, Epoch, u32)>,
    pub(super) changes: Changes,
}

/// One command at one instant.
pub struct Turn<'a> {
    pub(super) engine: &'a mut Engine,
    pub(super) journal: &'a mut dyn Journal,
    pub(super) now: Timestamp,
    /// The jobs that ended in this turn, and whose followers have not been looked after yet.
    pub(super) ended: VecDeque<JobId>,
}

impl std::fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Turn<'_> {
    pub(super) fn commit(&mut self, entry: Entry) {
        self.end_minute();
        self.write(entry);
    }

    pub(super) fn write(&mut self, entry: Entry) {
        let mark = sabotage::written(&entry).and_then(|entry| self.journal.record(&entry));
        self.engine.apply_at(entry, mark);
    }

    /// Makes a transition, if the table allows it to whoever asks.
    pub(super) fn transition(&mut self, change: Move, actor: Actor) -> bool {
        let Some(job) = self.engine.jobs.get(change.id) else { return false };
        let (id, from, to) = (change.id, job.state, change.row.state);
        let legal = from.allows(to, actor);
        if legal {
            self.commit(Entry::Moved(change));
            if sabotage::is(Bug::ContinuationBeforeParent) && to == JobState::Processing {
                self.follow_parent(id.into(), JobState::Succeeded);
            }
            if to.is_final() {
                self.follow_end(id);
            } else if from.is_final() {
                self.note_run(id);
            }
        }
        legal
    }
}

impl Engine {
    /// Begins a command.
    pub fn at<'a>(&'a mut self, now: Timestamp, journal: &'a mut dyn Journal) -> Turn<'a> {
        Turn { engine: self, journal, now, ended: VecDeque::new() }
    }

    /// Returns how often the engine was opened.
    pub fn boot(&self) -> u32 {
        self.boot
    }

    /// Estimates the bytes that a journal of nothing but what is live and retained would take.
    pub fn weight(&self) -> u64 {
        self.weight + self.definitions.weight() + self.flows.weight() + self.documents.weight()
    }

    /// Returns the record of a job.
    pub fn job(&self, id: JobId) -> Option<Cow<'_, Job>> {
        self.jobs.look(id)
    }

    /// Returns the whole record of what is not a job, as an entry.
    pub fn record(&self, id: &RecordId) -> Option<Entry> {
        match id {
            RecordId::Recurring(id) => {
                self.definitions.get(id).map(|job| Entry::Recurring(Box::new(job.clone())))
            }
            RecordId::Batch(id) => self.family.batches.get(id).map(|it| Entry::Batch(Box::new(it.clone()))),
            RecordId::Starts(id) => self.limiting.starts_record(id),
            RecordId::Queue(queue) => self.limiting.pause_record(queue),
            RecordId::Minute(number) => self.flows.record(*number).map(|it| Entry::Minute(Box::new(it))),
            RecordId::Document(key) => self.documents.get(key).map(|it| Entry::Document(Box::new(it))),
        }
    }

    /// Returns a number that is another one after each change that can be seen.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Says that the boot before this one ended in a crash: each job that is here may have been its cause.
    pub fn suspect_all(&mut self) {
        self.suspect_before = self.next_order;
    }

    /// Says whether a job may have been the cause of the last crash. The claim of such a job must be durable before
    /// it runs, so that the next crash can be counted.
    pub fn is_suspect(&self, id: JobId) -> bool {
        self.suspect_before > 0 && self.jobs.get(id).is_some_and(|job| job.order < self.suspect_before)
    }

    /// Says that somebody watches: what only they want is collected from now on.
    pub fn watched(&mut self, interest: Interest) {
        self.observed |= interest == Interest::Moved;
    }

    /// Says whether a job was made ready since the last call of [`take_unpublished`](Self::take_unpublished).
    pub fn has_unpublished_jobs(&self) -> bool {
        !self.unpublished.ready.is_empty()
    }

    /// Takes what was made ready since the last call.
    pub fn take_unpublished(&mut self) -> Unpublished {
        mem::take(&mut self.unpublished)
    }

    /// Takes what watchers shall learn at once, as it waits for no write.
    pub fn take_told(&mut self) -> Changes {
        mem::take(&mut self.told)
    }

    /// Wakes those who claim, once everything up to here is durable.
    pub(super) fn ask_again(&mut self) {
        self.unpublished.changes.ready = true;
    }

    /// Lets what is durable by now be claimed, and returns what watchers shall learn.
    pub fn publish(&mut self, unpublished: Unpublished) -> Changes {
        let mut changes = unpublished.changes;
        for (id, order, epoch, revision) in unpublished.ready {
            // It may have been deleted or rescheduled since; and what made it ready again is not durable yet.
            let same = |job: &&Job| {
                job.state == JobState::Enqueued
                    && (job.order, job.epoch, job.revision) == (order, epoch, revision)
            };
            if let Some(job) = self.jobs.get(id).filter(same) {
                self.ready.insert(job);
                changes.ready |= !sabotage::is(Bug::WakeUpLostWhenReadyAgain) || job.history.len() == 1;
            }
        }
        changes
    }

    /// Applies one entry that can't be read back. What it speaks of may be gone when older entries were compacted away.
    pub fn apply(&mut self, entry: Entry) {
        self.apply_at(entry, None);
    }

    /// The same for one that can be, once it is on disk.
    pub fn apply_at(&mut self, entry: Entry, mark: Option<Mark>) {
        self.revision += 1;
        match entry {
            Entry::Boot(boot) => self.boot = boot,
            Entry::Job(job) | Entry::Plain(job) => self.put(*job, mark),
            Entry::Moved(change) => self.move_job(change, mark),
            Entry::Respecified { id, spec, due, expires } => self.respecify(id, spec, due, expires),
            Entry::CancelRequested { id, reason } => {
                if self.jobs.change(id, |job| job.cancel = Some(reason)) {
                    self.unpublished.changes.cancelled.push(id);
                }
            }
            Entry::Forgotten(id) => {
                if let Some(gone) = self.jobs.remove(id) {
                    self.forgotten_epoch = self.forgotten_epoch.max(gone.job.epoch);
                    self.unindex(&gone.job, gone.weight);
                    self.forget_member(&gone.job);
                    self.forget_notes(id);
                }
            }
            Entry::Noted { id, note } => self.note(id, note),
            Entry::Notes(id, notes) => self.put_notes(id, *notes),
            Entry::Recurring(record) => self.unpublished.changes.due |= self.definitions.put(*record),
            Entry::RecurringRemoved(id) => self.definitions.remove(&id),
            Entry::Advanced(advance) => self.definitions.advance(*advance),
            Entry::Ran(ran) => self.definitions.ran(*ran),
            Entry::ParentEnded { child, parent } => {
                self.jobs.change(child, |job| job.waits_for.retain(|awaited| awaited.id != parent));
            }
            Entry::Batch(batch) => self.put_batch(*batch),
            Entry::BatchForgotten(id) => self.remove_batch(id),
            Entry::Starts(starts) => {
                self.weight += starts.weight();
                self.weight -= self.limiting.put_starts(*starts).map_or(0, |before| before.weight());
            }
            Entry::Started { id, at } => self.limiting.note_start(&id, at),
            Entry::StartsOver(id) => {
                self.weight -= self.limiting.remove_starts(&id).map_or(0, |before| before.weight());
            }
            Entry::QueuePaused { queue, since } => drop(self.limiting.paused.insert(queue, since)),
            Entry::QueueResumed(queue) => {
                self.limiting.paused.remove(&queue);
                self.unpublished.changes.ready = true;
            }
            Entry::Minute(minute) => self.flows.put(*minute),
            Entry::MinuteForgotten(number) => self.flows.remove(number),
            Entry::Document(document) => self.documents.put(*document),
            Entry::DocumentRemoved(key) => self.documents.remove(&key),
        }
    }

    fn put(&mut self, mut job: Job, mark: Option<Mark>) {
        if self.jobs.load(job.id).is_some_and(|known| *known == job) {
            // Written again because its older entries go: nothing has changed, and who runs it keeps the lease.
            return self.jobs.moved(job.id, mark);
        }
        self.intern_names(&mut job.spec);
        self.next_order = self.next_order.max(job.order + 1);
        if let Some(older) = self.jobs.take(job.id) {
            self.unindex(&older.job, older.weight);
            // Either they belong to an earlier life of the job, or they come right after this record.
            self.forget_notes(job.id);
        } else {
            let enqueued = Flow { enqueued: 1, ..Flow::default() };
            self.flows.count(&job.spec.queue, job.created_at, &enqueued);
            self.tell(&job, None);
            self.failures.count(&job);
        }
        let weight = job.weight() as u64;
        self.index(&job, weight);
        self.jobs.put(job, weight, mark);
    }

    /// Keeps one copy of names that repeat a million times.
    fn intern_names(&mut self, spec: &mut Arc<JobSpec>) {
        if let Some(spec) = Arc::get_mut(spec) {
            spec.request = intern(&mut self.names, &spec.request);
            spec.queue = intern(&mut self.names, &spec.queue);
        }
    }

    fn respecify(
        &mut self,
        id: JobId,
        mut spec: Arc<JobSpec>,
        due: Option<Timestamp>,
        expires: Option<Timestamp>,
    ) {
        let Some(mut resident) = self.jobs.take(id) else { return };
        let job = &mut resident.job;
        self.unindex(job, resident.weight);
        self.intern_names(&mut spec);
        if (spec.version, &spec.payload) != (job.spec.version, &job.spec.payload) {
            // What was done and tried was another payload.
            self.forget_notes(id);
            job.attempt = 0;
        }
        (job.spec, job.due, job.expires) = (spec, due, expires);
        job.revision += 1;
        resident.weight = job.weight() as u64;
        self.index(job, resident.weight);
        self.jobs.put_back(resident, None);
    }

    fn move_job(&mut self, change: Move, mark: Option<Mark>) {
        let Some(mut resident) = self.jobs.take(change.id) else { return };
        let job = &mut resident.job;
        let (from, spec, before) = (job.state, Arc::clone(&job.spec), job.own_weight());
        self.unweigh(job, resident.weight);
        self.unindex_state(job);
        self.spoil(job, &change);
        if job.state == JobState::Succeeded {
            // Whoever asks for a job that has succeeded wants all of it done again.
            self.forget_notes(job.id);
        }
        if let Some(flow) = Flow::of(&change.row) {
            self.flows.count(&job.spec.queue, change.row.at, &flow);
        }
        job.make(change);
        self.next_order = self.next_order.max(job.order + 1);
        resident.weight += job.own_weight() as u64;
        resident.weight -= before as u64;
        self.weigh(job, resident.weight);
        self.relist(job, &spec, from);
        self.index_state(job);
        self.failures.count(job);
        self.tell(job, Some(from));
        if job.state.is_final() {
            self.unpublished.changes.ended.push(job.id);
        }
        self.jobs.put_back(resident, mark);
    }

    /// Keeps the latest transition of a job for those who watch.
    fn tell(&mut self, job: &Job, from: Option<JobState>) {
        if let Some(row) = job.history.last().filter(|_| self.observed) {
            let (spec, row) = (Arc::clone(&job.spec), row.clone());
            let transition = Transition { job: job.id, spec, from, attempt: job.attempt, row };
            self.unpublished.changes.moved.push(Arc::new(transition));
        }
    }

    /// Returns the job of a lease that still holds.
    pub(super) fn leased(&self, lease: Lease, by_id_only: Bug) -> Option<&Job> {
        let holds = |job: &&Job| job.epoch == lease.epoch || sabotage::is(by_id_only);
        self.jobs.get(lease.job).filter(|job| job.state == JobState::Processing).filter(holds)
    }

    /// Sums up everything that is journaled, so that a replay can be compared with what it replays.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let jobs: BTreeMap<_, _> = self.jobs.all().map(|job| (job.id, job.into_owned())).collect();
        let definitions: Vec<_> = self.definitions.all().collect();
        format!("{} {jobs:?} {definitions:?} {:?} {:?}", self.boot, self.counts, self.family.batches)
            .hash(&mut hasher);
        let notes: BTreeMap<_, _> = self.notes.iter().collect();
        format!("{notes:?} {:?} {:?}", self.limiting.rates, self.limiting.paused).hash(&mut hasher);
        let minutes: Vec<_> = self.flows.all().collect();
        format!("{minutes:?} {:?}", self.documents.all()).hash(&mut hasher);
        hasher.finish()
    }
}

fn intern(names: &mut BTreeSet<Arc<str>>, name: &Arc<str>) -> Arc<str> {
    if let Some(known) = names.get(name) {
        return Arc::clone(known);
    }
    names.insert(Arc::clone(name));
    Arc::clone(name)
}
