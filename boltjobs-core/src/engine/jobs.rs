//! The records of jobs: in memory, or where the journal keeps them.
//!
//! A backlog of millions would fill the memory with records that nobody looks at. So once the records of waiting jobs
//! take more than a [limit](Engine::keep_records), more of them are *evicted* as soon as they are on disk: what is left in
//! memory of such a job is its place in the indexes and the [`Mark`] of its record. Only a record that the journal holds
//! whole is evicted; a job that has changed since stays.
//!
//! A command loads what it is about to change. When a record can't be read, it changes nothing more, and whoever gave
//! it asks for the [fault](Engine::take_fault).

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::num::NonZeroU64;
use std::sync::Arc;

use super::Engine;
use super::sorted::Sorted;
use crate::job::Job;
use crate::store::StoreError;
use crate::{JobId, JobState};

/// Where in a journal an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The number of the piece of the journal that it begins in, from 1.
    pub chunk: NonZeroU64,
    /// Its place in that piece.
    pub at: u32,
}

impl Mark {
    /// Returns the place of the entry with this number, from 1, in a journal whose pieces are its entries.
    pub(crate) fn of_entry(number: usize) -> Option<Self> {
        Some(Self { chunk: NonZeroU64::new(number as u64)?, at: 0 })
    }
}

/// Reads records back that are on disk.
pub trait Archive: fmt::Debug + Send + Sync {
    /// Returns the record that was written at a mark.
    ///
    /// # Errors
    /// Says why it can't be read.
    fn record(&self, mark: Mark) -> Result<Job, StoreError>;
}

/// What a waiting job takes in memory beside what it takes on disk, in bytes; an estimate.
const OVERHEAD: u64 = 700;

/// Every job that is live or retained.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    slots: Sorted<JobId, Slot>,
    archive: Option<Arc<dyn Archive>>,
    /// How many bytes the records of waiting jobs may take.
    limit: u64,
    /// How many they take.
    waiting: u64,
    /// What is to be evicted once it is on disk.
    leaving: Vec<JobId>,
    fault: RefCell<Option<StoreError>>,
}

#[derive(Debug)]
enum Slot {
    Resident(Box<Resident>),
    Evicted(Mark),
    /// Whoever has taken it puts it back.
    Taken,
}

/// A record in memory.
#[derive(Debug)]
pub(super) struct Resident {
    pub(super) job: Job,
    /// Where the journal has it as it is.
    mark: Option<Mark>,
}

impl Jobs {
    pub(super) fn contains(&self, id: JobId) -> bool {
        self.slots.get(&id).is_some()
    }

    /// Returns a record that is in memory, as every record is whose job does not wait for a worker or for its time.
    pub(super) fn get(&self, id: JobId) -> Option<&Job> {
        match self.slots.get(&id)? {
            Slot::Resident(resident) => Some(&resident.job),
            Slot::Evicted(_) | Slot::Taken => None,
        }
    }

    /// Returns a record to look at, wherever it is.
    pub(super) fn look(&self, id: JobId) -> Option<Cow<'_, Job>> {
        match self.slots.get(&id)? {
            Slot::Resident(resident) => Some(Cow::Borrowed(&resident.job)),
            Slot::Evicted(mark) => self.read(*mark).map(Cow::Owned),
            Slot::Taken => None,
        }
    }

    fn read(&self, mark: Mark) -> Option<Job> {
        let read = self.archive.as_ref()?.record(mark);
        read.map_err(|error| *self.fault.borrow_mut() = Some(error)).ok()
    }

    /// Gets a record into memory, if it can be read.
    pub(super) fn load(&mut self, id: JobId) -> Option<&Job> {
        if let Some(Slot::Evicted(mark)) = self.slots.get(&id) {
            let mark = *mark;
            let job = self.read(mark)?;
            self.waiting += footprint(&job, job.weight() as u64);
            // If nothing comes of it, it goes again.
            self.put(job, Some(mark));
        }
        self.get(id)
    }

    /// Changes a record that stays where it is in the indexes.
    pub(super) fn change(&mut self, id: JobId, change: impl FnOnce(&mut Job)) -> bool {
        let Some(Slot::Resident(resident)) = self.slots.get_mut(&id) else { return false };
        resident.mark = None;
        change(&mut resident.job);
        true
    }

    /// Takes a record to change it, if it can be read.
    pub(super) fn take(&mut self, id: JobId) -> Option<Box<Resident>> {
        self.load(id)?;
        let slot = self.slots.get_mut(&id)?;
        match mem::replace(slot, Slot::Taken) {
            Slot::Resident(resident) => Some(resident),
            other @ (Slot::Evicted(_) | Slot::Taken) => {
                *slot = other;
                None
            }
        }
    }

    /// Puts it back.
    pub(super) fn put_back(&mut self, mut resident: Box<Resident>) {
        resident.mark = None;
        if let Some(slot) = self.slots.get_mut(&resident.job.id) {
            *slot = Slot::Resident(resident);
        }
    }

    /// Removes a record, if it can be read.
    pub(super) fn remove(&mut self, id: JobId) -> Option<Job> {
        let resident = self.take(id)?;
        self.slots.remove(&id);
        Some(resident.job)
    }

    /// Takes a record that the journal has at the mark.
    pub(super) fn put(&mut self, job: Job, mark: Option<Mark>) {
        let id = job.id;
        self.slots.insert(id, Slot::Resident(Box::new(Resident { job, mark })));
        self.noted(id);
    }

    /// Says that the journal has a record again, at another place.
    pub(super) fn moved(&mut self, id: JobId, to: Option<Mark>) {
        match self.slots.get_mut(&id) {
            Some(Slot::Resident(resident)) => {
                resident.mark = to;
                self.noted(id);
            }
            Some(Slot::Evicted(_) | Slot::Taken) | None => {}
        }
    }

    /// Lets a record go that is on disk once the next write is, if there are enough others.
    fn noted(&mut self, id: JobId) {
        let Some(Slot::Resident(resident)) = self.slots.get(&id) else { return };
        // Those that wait for their time make room for those that wait for a worker.
        let limit = if resident.job.state == JobState::Scheduled { self.limit / 2 } else { self.limit };
        if self.archive.is_some()
            && self.waiting > limit
            && resident.mark.is_some()
            && is_evictable(&resident.job)
        {
            self.leaving.push(id);
        }
    }

    /// Counts what a record takes.
    pub(super) fn count(&mut self, job: &Job, weight: u64) {
        self.waiting += footprint(job, weight);
    }

    /// Counts it no more.
    pub(super) fn discount(&mut self, job: &Job, weight: u64) {
        self.waiting -= footprint(job, weight);
    }

    fn evict(&mut self, id: JobId, next: u64) {
        if let Some(slot) = self.slots.get_mut(&id)
            && let Slot::Resident(resident) = slot
            && let Some(mark) = resident.mark.filter(|mark| mark.chunk.get() < next)
            && is_evictable(&resident.job)
        {
            self.waiting -= footprint(&resident.job, resident.job.weight() as u64);
            *slot = Slot::Evicted(mark);
        }
    }

    /// Counts the records in memory.
    #[cfg(test)]
    pub(super) fn resident(&self) -> usize {
        let resident = |id: &JobId| matches!(self.slots.get(id), Some(Slot::Resident(_)));
        self.slots.after(None).filter(resident).count()
    }

    /// Returns all records, in the order of their ids.
    pub(super) fn all(&self) -> impl Iterator<Item = Cow<'_, Job>> {
        self.slots.after(None).filter_map(|id| self.look(id))
    }
}

fn is_evictable(job: &Job) -> bool {
    // Runs of a recurring definition are looked at with each of its instants; there are few of them.
    matches!(job.state, JobState::Enqueued | JobState::Scheduled) && job.spec.occurrence.is_none()
}

fn footprint(job: &Job, weight: u64) -> u64 {
    if is_evictable(job) { weight + OVERHEAD } else { 0 }
}

/// What becomes of a record that a journal is about to lose.
#[derive(Debug)]
pub enum Rescue<'a> {
    /// Its job is no longer known, or lives again.
    Gone,
    /// The journal has a newer record of it.
    Newer,
    /// This has to be written again.
    Write(&'a Job),
}

impl Engine {
    /// Keeps no more than about so many bytes of the records of waiting jobs in memory. The others are read back from
    /// here; their entries must have got marks, from the first one on.
    pub fn keep_records(&mut self, limit: u64, archive: Arc<dyn Archive>) {
        (self.jobs.limit, self.jobs.archive) = (limit, Some(archive));
    }

    /// Takes the jobs whose records may be evicted once everything up to here is on disk.
    pub fn take_leaving(&mut self) -> Vec<JobId> {
        mem::take(&mut self.jobs.leaving)
    }

    /// Evicts the records of jobs, but those that have changed since. The journal is on disk up to the piece before `next`.
    pub fn evict(&mut self, leaving: Vec<JobId>, next: u64) {
        for id in leaving {
            self.jobs.evict(id, next);
        }
    }

    /// Gets records into memory, and says whether all are there whose jobs are known.
    pub(super) fn load_all(&mut self, ids: &[JobId]) -> bool {
        ids.iter().all(|id| self.jobs.load(*id).is_some() || !self.jobs.contains(*id))
    }

    /// Takes why a record could not be read since the last call.
    pub fn take_fault(&self) -> Option<StoreError> {
        self.jobs.fault.take()
    }

    /// Returns what has to be written again before a journal loses this record, which it has at the mark.
    pub fn rescue(&mut self, record: &Job, mark: Mark) -> Rescue<'_> {
        match self.jobs.slots.get(&record.id) {
            None | Some(Slot::Taken) => return Rescue::Gone,
            Some(Slot::Evicted(latest)) if *latest != mark => return Rescue::Newer,
            Some(Slot::Evicted(_)) => {
                self.jobs.waiting += footprint(record, record.weight() as u64);
                let resident = Resident { job: record.clone(), mark: None };
                self.jobs.slots.insert(record.id, Slot::Resident(Box::new(resident)));
            }
            Some(Slot::Resident(resident)) => {
                if resident.job.created_at != record.created_at {
                    // That of this life is further on, and has its turn.
                    return Rescue::Gone;
                }
                if resident.mark.is_some_and(|latest| latest != mark) {
                    return Rescue::Newer;
                }
            }
        }
        self.jobs.get(record.id).map_or(Rescue::Gone, Rescue::Write)
    }

    /// Says where a record is that was written again.
    pub fn rescued(&mut self, id: JobId, mark: Option<Mark>) {
        self.jobs.moved(id, mark);
    }
}
