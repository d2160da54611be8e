//! The live set with its indexes, and the one place where it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;
use std::sync::Arc;

use super::entry::{Entry, Journal, Move, RecordId};
use super::limiting::Limiting;
use super::ready::Ready;
use crate::job::{Epoch, HISTORY_ROWS, HistoryRow, Job, Lease, RowData};
use crate::recurring::RecurringJob;
use crate::state::Actor;
use crate::store::{Counts, ServerInfo};
use crate::watch::Changes;
use crate::{JobId, JobState, Timestamp};

/// Everything that is live or retained, in memory.
#[derive(Debug, Default)]
pub struct Engine {
    pub(super) boot: u32,
    pub(super) jobs: HashMap<JobId, Job>,
    pub(super) by_state: [BTreeSet<JobId>; JobState::ALL.len()],
    pub(super) due: BTreeSet<(Timestamp, JobId)>,
    pub(super) ended: BTreeMap<JobState, BTreeSet<(Timestamp, JobId)>>,
    pub(super) ready: Ready,
    pub(super) limiting: Limiting,
    /// Not journaled: they are gone after a crash.
    pub(super) servers: BTreeMap<Arc<str>, ServerInfo>,
    /// What watchers shall learn that no write is behind.
    pub(super) told: Changes,
    /// Until when each running job may be left alone. Not journaled: after a crash nobody holds a lease.
    pub(super) leases: HashMap<JobId, Timestamp>,
    pub(super) recurring: BTreeMap<Arc<str>, RecurringJob>,
    pub(super) recurring_due: BTreeSet<(Timestamp, Arc<str>)>,
    pub(super) counts: Counts,
    pub(super) next_order: u64,
    /// The highest epoch of a job that is gone. Its id may come again, and with it a worker that still has a lease.
    pub(super) forgotten_epoch: Epoch,
    weight: u64,
    names: HashSet<Arc<str>>,
    unpublished: Unpublished,
    /// Jobs with an earlier place were here before this boot, and it followed a crash. Not journaled.
    pub(super) suspect_before: u64,
    /// Whether any server has a limit: then the end of a job may be what others wait for. Not journaled.
    pub(super) limited: bool,
}

/// What entries made ready or worth waking for, until they are durable.
#[derive(Debug, Default)]
pub struct Unpublished {
    /// Each with the place and the epoch with which it became ready, as it may become so again meanwhile.
    ready: Vec<(JobId, u64, Epoch)>,
    changes: Changes,
}

/// One command at one instant.
pub struct Turn<'a> {
    pub(super) engine: &'a mut Engine,
    pub(super) journal: &'a mut dyn Journal,
    pub(super) now: Timestamp,
}

impl std::fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Turn<'_> {
    pub(super) fn commit(&mut self, entry: Entry) {
        self.journal.record(&entry);
        self.engine.apply(entry);
    }

    /// Makes a transition, if the table allows it to whoever asks.
    pub(super) fn transition(&mut self, change: Move, actor: Actor) -> bool {
        let Some(job) = self.engine.jobs.get(&change.id) else { return false };
        let (id, to) = (change.id, change.row.state);
        let legal = job.state.allows(to, actor);
        if legal {
            self.commit(Entry::Moved(change));
            if to.is_final() {
                self.follow_end(id);
            }
        }
        legal
    }
}

impl Engine {
    /// Begins a command.
    pub fn at<'a>(&'a mut self, now: Timestamp, journal: &'a mut dyn Journal) -> Turn<'a> {
        Turn { engine: self, journal, now }
    }

    /// Returns how often the engine was opened.
    pub fn boot(&self) -> u32 {
        self.boot
    }

    /// Estimates the bytes that a journal of nothing but what is live and retained would take.
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// Returns the record of a job.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    /// Returns the whole record of what is not a job, as an entry.
    pub fn record(&self, id: &RecordId) -> Option<Entry> {
        match id {
            RecordId::Recurring(id) => {
                self.recurring.get(id).map(|job| Entry::Recurring(Box::new(job.clone())))
            }
            RecordId::Starts(id) => self.limiting.starts_record(id),
            RecordId::Queue(queue) => self.limiting.pause_record(queue),
        }
    }

    /// Says that the boot before this one ended in a crash: each job that is here may have been its cause.
    pub fn suspect_all(&mut self) {
        self.suspect_before = self.next_order;
    }

    /// Says whether a job may have been the cause of the last crash. The claim of such a job must be durable before
    /// it runs, so that the next crash can be counted.
    pub fn is_suspect(&self, id: JobId) -> bool {
        self.jobs.get(&id).is_some_and(|job| job.order < self.suspect_before)
    }

    /// Takes what was made ready since the last call.
    pub fn take_unpublished(&mut self) -> Unpublished {
        mem::take(&mut self.unpublished)
    }

    /// Takes what watchers shall learn at once, as it waits for no write.
    pub fn take_told(&mut self) -> Changes {
        mem::take(&mut self.told)
    }

    /// Lets what is durable by now be claimed, and returns what watchers shall learn.
    pub fn publish(&mut self, unpublished: Unpublished) -> Changes {
        let mut changes = unpublished.changes;
        for (id, order, epoch) in unpublished.ready {
            // It may have been deleted or rescheduled since; and what made it ready again is not durable yet.
            let same = |job: &&Job| (job.state, job.order, job.epoch) == (JobState::Enqueued, order, epoch);
            if let Some(job) = self.jobs.get(&id).filter(same) {
                self.ready.insert(job);
                changes.ready = true;
            }
        }
        changes
    }

    /// Applies one entry. What it speaks of may be gone when older entries were compacted away.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Boot(boot) => self.boot = boot,
            Entry::Job(job) => self.put(*job),
            Entry::Moved(change) => self.move_job(change),
            Entry::CancelRequested { id, reason } => {
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.cancel = Some(reason);
                    self.unpublished.changes.cancelled.push(id);
                }
            }
            Entry::Forgotten(id) => {
                if let Some(job) = self.jobs.remove(&id) {
                    self.forgotten_epoch = self.forgotten_epoch.max(job.epoch);
                    self.unindex(&job);
                }
            }
            Entry::Recurring(job) => {
                self.remove_recurring(&Arc::clone(&job.definition.id));
                if let Some(next) = job.next {
                    let first = self.recurring_due.first().is_none_or(|(first, _)| next < *first);
                    self.unpublished.changes.due |= first;
                    self.recurring_due.insert((next, Arc::clone(&job.definition.id)));
                }
                self.weight += job.weight() as u64;
                self.recurring.insert(Arc::clone(&job.definition.id), *job);
            }
            Entry::RecurringRemoved(id) => self.remove_recurring(&id),
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
        }
    }

    fn remove_recurring(&mut self, id: &Arc<str>) {
        let Some(job) = self.recurring.remove(id) else { return };
        self.weight -= job.weight() as u64;
        if let Some(next) = job.next {
            self.recurring_due.remove(&(next, Arc::clone(id)));
        }
    }

    fn put(&mut self, mut job: Job) {
        if self.jobs.get(&job.id).is_some_and(|known| *known == job) {
            // Written again because its older entries go: nothing has changed, and who runs it keeps the lease.
            return;
        }
        if let Some(spec) = Arc::get_mut(&mut job.spec) {
            // Names repeat a million times; one copy of each is enough.
            spec.request = intern(&mut self.names, &spec.request);
            spec.queue = intern(&mut self.names, &spec.queue);
        }
        self.next_order = self.next_order.max(job.order + 1);
        if let Some(older) = self.jobs.remove(&job.id) {
            self.unindex(&older);
        }
        self.index(&job);
        self.jobs.insert(job.id, job);
    }

    fn move_job(&mut self, change: Move) {
        let Some(mut job) = self.jobs.remove(&change.id) else { return };
        self.unindex(&job);
        job.state = change.row.state;
        job.since = change.row.at;
        job.due = match change.row.data {
            RowData::Scheduled { due } => Some(due),
            RowData::None
            | RowData::Processing { .. }
            | RowData::Succeeded { .. }
            | RowData::Ended { .. } => None,
        };
        job.attempt = change.attempt;
        job.epoch = change.epoch;
        job.order = change.order;
        job.crashes = change.crashes;
        job.cancel = None;
        job.remember(change.row);
        self.next_order = self.next_order.max(job.order + 1);
        self.index(&job);
        if job.state.is_final() {
            self.unpublished.changes.ended.push(job.id);
        }
        self.jobs.insert(job.id, job);
    }

    fn index(&mut self, job: &Job) {
        self.weight += job.weight() as u64;
        self.counts.states.add(job.state);
        self.counts.queues.entry(Arc::clone(&job.spec.queue)).or_default().add(job.state);
        self.counts.requests.entry(Arc::clone(&job.spec.request)).or_default().add(job.state);
        self.by_state[job.state as usize].insert(job.id);
        match job.state {
            JobState::Scheduled => {
                let due = job.due.unwrap_or(job.since);
                self.unpublished.changes.due |= self.due.first().is_none_or(|(first, _)| due < *first);
                self.due.insert((due, job.id));
            }
            JobState::Enqueued => self.unpublished.ready.push((job.id, job.order, job.epoch)),
            JobState::Succeeded | JobState::Failed | JobState::Deleted => {
                let ended = self.ended.entry(job.state).or_default();
                // The first one to be retained starts the clock of its removal.
                self.unpublished.changes.due |= ended.is_empty();
                ended.insert((job.since, job.id));
            }
            JobState::Processing => self.limiting.begin(job),
            JobState::Awaiting => {}
        }
    }

    fn unindex(&mut self, job: &Job) {
        self.weight -= job.weight() as u64;
        self.counts.states.subtract(job.state);
        subtract(&mut self.counts.queues, &job.spec.queue, job.state);
        subtract(&mut self.counts.requests, &job.spec.request, job.state);
        self.by_state[job.state as usize].remove(&job.id);
        match job.state {
            JobState::Scheduled => {
                self.due.remove(&(job.due.unwrap_or(job.since), job.id));
            }
            JobState::Enqueued => self.ready.remove(job),
            JobState::Processing => {
                self.leases.remove(&job.id);
                self.limiting.end(job);
                if let Some(key) = &job.spec.concurrency_key {
                    self.ready.open(key);
                }
                self.unpublished.changes.ready |= self.limited;
            }
            JobState::Succeeded | JobState::Failed | JobState::Deleted => {
                if let Some(ended) = self.ended.get_mut(&job.state) {
                    ended.remove(&(job.since, job.id));
                }
            }
            JobState::Awaiting => {}
        }
    }

    /// Returns the job of a lease that still holds.
    pub(super) fn leased(&self, lease: Lease) -> Option<&Job> {
        self.jobs.get(&lease.job).filter(|job| job.state == JobState::Processing && job.epoch == lease.epoch)
    }

    /// Sums up everything that is journaled, so that a replay can be compared with what it replays.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let jobs: BTreeMap<_, _> = self.jobs.iter().collect();
        format!("{} {jobs:?} {:?} {:?}", self.boot, self.recurring, self.counts).hash(&mut hasher);
        format!("{:?} {:?}", self.limiting.rates, self.limiting.paused).hash(&mut hasher);
        hasher.finish()
    }
}

fn subtract(counts: &mut BTreeMap<Arc<str>, crate::store::StateCounts>, name: &Arc<str>, state: JobState) {
    if let Some(count) = counts.get_mut(name) {
        count.subtract(state);
        if count.total() == 0 {
            counts.remove(name);
        }
    }
}

fn intern(names: &mut HashSet<Arc<str>>, name: &Arc<str>) -> Arc<str> {
    if let Some(known) = names.get(name) {
        return Arc::clone(known);
    }
    names.insert(Arc::clone(name));
    Arc::clone(name)
}

impl Job {
    fn remember(&mut self, row: HistoryRow) {
        self.history.push(row);
        if self.history.len() > HISTORY_ROWS {
            // The row that created the job stays: it says where the job came from.
            self.history.remove(1);
            self.forgotten_rows += 1;
        }
    }
}
