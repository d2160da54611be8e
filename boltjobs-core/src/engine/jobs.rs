//! The records of jobs: in memory, or where the journal keeps them.
//!
//! A backlog of millions would fill the memory with records that nobody looks at, and so would what has ended and is
//! retained. So once they take more than a [limit](Engine::keep_records), more of them are *evicted* as soon as they are
//! on disk: what is left in memory of such a job is its place in the indexes and its [`Trail`]: where the journal has
//! its whole record, and the transitions since. A job that has changed otherwise stays until it is written whole again.
//!
//! A command loads what it is about to change. When a record can't be read, it changes nothing more, and whoever gave
//! it asks for the [fault](Engine::take_fault).

use std::borrow::Cow;
use std::cell::RefCell;
use std::mem;
use std::slice;
use std::sync::Arc;

use smallvec::SmallVec;

use super::archive::{Archive, Mark};
use super::sorted::Sorted;
use super::spare::{Evicted, Spare};
use super::{Engine, Entry};
use crate::job::Job;
use crate::store::StoreError;
use crate::{JobId, JobState};

/// Where the journal has a record as it is: the whole of it, and the transitions since. Empty where it has not.
pub(super) type Trail = SmallVec<[Mark; 1]>;

/// The most entries that a record is read back from.
const LONGEST_TRAIL: usize = 32;

/// What a record takes in memory beside what it takes on disk, in bytes; an estimate.
const OVERHEAD: u64 = 700;

/// Every job that is live or retained.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    slots: Sorted<JobId, Slot>,
    archive: Option<Arc<dyn Archive>>,
    /// How many bytes the records of waiting jobs may take.
    limit: u64,
    /// How many they take, and those of jobs that have ended.
    held: [u64; 2],
    /// What is to be evicted once it is on disk.
    leaving: Vec<JobId>,
    spare: Arc<Spare>,
    fault: RefCell<Option<StoreError>>,
}

#[derive(Debug)]
enum Slot {
    Resident(Box<Resident>),
    /// The journal has it as a whole.
    Evicted(Mark, JobState),
    /// The journal has the whole of it, and transitions since.
    Scattered(Box<[Mark]>, JobState),
    /// Whoever has taken it puts it back.
    Taken,
}

impl Slot {
    /// Takes the place of a record that the journal has.
    fn of_evicted(trail: Trail, state: JobState) -> Self {
        match *trail {
            [mark] => Self::Evicted(mark, state),
            _ => Self::Scattered(trail.into_boxed_slice(), state),
        }
    }

    /// Returns where the journal has a record that is not in memory.
    fn trail(&self) -> Option<&[Mark]> {
        match self {
            Self::Evicted(mark, _) => Some(slice::from_ref(mark)),
            Self::Scattered(trail, _) => Some(trail),
            Self::Resident(_) | Self::Taken => None,
        }
    }
}

/// A record in memory.
#[derive(Debug)]
pub(super) struct Resident {
    pub(super) job: Job,
    /// That of the record.
    pub(super) weight: u64,
    pub(super) trail: Trail,
}

impl Resident {
    /// Notes that the journal has the latest transition at the mark.
    fn moved(&mut self, mark: Option<Mark>) {
        match mark {
            Some(mark) if !self.trail.is_empty() && self.trail.len() < LONGEST_TRAIL => {
                if !self.trail.spilled() {
                    // Most jobs are claimed and end, and there is no more to come.
                    self.trail.reserve_exact(2);
                }
                self.trail.push(mark);
            }
            Some(_) | None => self.trail.clear(),
        }
    }
}

/// Why a record may be evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Waiting,
    Ended,
}

impl Kind {
    fn of(job: &Job) -> Option<Self> {
        match job.state {
            // Waiting runs of a recurring definition are looked at with each of its instants; there are few of them.
            JobState::Enqueued | JobState::Scheduled if job.spec.occurrence.is_none() => Some(Self::Waiting),
            JobState::Succeeded | JobState::Failed | JobState::Deleted => Some(Self::Ended),
            JobState::Enqueued | JobState::Scheduled | JobState::Awaiting | JobState::Processing => None,
        }
    }
}

impl Jobs {
    pub(super) fn contains(&self, id: JobId) -> bool {
        self.slots.get(&id).is_some()
    }

    /// Returns the state of a job, wherever its record is.
    pub(super) fn state(&self, id: JobId) -> Option<JobState> {
        match self.slots.get(&id)? {
            Slot::Resident(resident) => Some(resident.job.state),
            Slot::Evicted(_, state) | Slot::Scattered(_, state) => Some(*state),
            Slot::Taken => None,
        }
    }

    /// Returns a record that is in memory, as that of every job is which runs or waits for others.
    pub(super) fn get(&self, id: JobId) -> Option<&Job> {
        match self.slots.get(&id)? {
            Slot::Resident(resident) => Some(&resident.job),
            Slot::Evicted(..) | Slot::Scattered(..) | Slot::Taken => None,
        }
    }

    /// Returns a record to look at, wherever it is.
    pub(super) fn look(&self, id: JobId) -> Option<Cow<'_, Job>> {
        match self.slots.get(&id)? {
            Slot::Resident(resident) => Some(Cow::Borrowed(&resident.job)),
            slot @ (Slot::Evicted(..) | Slot::Scattered(..) | Slot::Taken) => {
                self.read(slot.trail()?).map(Cow::Owned)
            }
        }
    }

    fn read(&self, trail: &[Mark]) -> Option<Job> {
        let read = self.archive.as_ref()?.record(trail);
        read.map_err(|error| *self.fault.borrow_mut() = Some(error)).ok()
    }

    /// Gets a record into memory, if it can be read.
    pub(super) fn load(&mut self, id: JobId) -> Option<&Job> {
        if let Some(trail) = self.slots.get(&id)?.trail() {
            let (job, trail) = (self.read(trail)?, Trail::from_slice(trail));
            let weight = job.weight() as u64;
            self.count(&job, weight);
            // If nothing comes of it, it goes again.
            let resident = self.spare.put(job, weight, trail);
            self.keep(resident);
        }
        self.get(id)
    }

    /// Changes a record that stays where it is in the indexes.
    pub(super) fn change(&mut self, id: JobId, change: impl FnOnce(&mut Job)) -> bool {
        let Some(Slot::Resident(resident)) = self.slots.get_mut(&id) else { return false };
        resident.trail.clear();
        change(&mut resident.job);
        true
    }

    /// Takes a record to change it, if it can be read.
    pub(super) fn take(&mut self, id: JobId) -> Option<Box<Resident>> {
        self.take_resident(id).or_else(|| {
            self.load(id)?;
            self.take_resident(id)
        })
    }

    fn take_resident(&mut self, id: JobId) -> Option<Box<Resident>> {
        let slot = self.slots.get_mut(&id)?;
        match mem::replace(slot, Slot::Taken) {
            Slot::Resident(resident) => Some(resident),
            other @ (Slot::Evicted(..) | Slot::Scattered(..) | Slot::Taken) => {
                *slot = other;
                None
            }
        }
    }

    /// Puts it back, after a transition that the journal has at the mark.
    pub(super) fn put_back(&mut self, mut resident: Box<Resident>, mark: Option<Mark>) {
        resident.moved(mark);
        self.keep(resident);
    }

    /// Removes a record, if it can be read.
    pub(super) fn remove(&mut self, id: JobId) -> Option<Box<Resident>> {
        let resident = self.take(id)?;
        self.slots.remove(&id);
        Some(resident)
    }

    /// Takes a record that the journal has at the mark.
    pub(super) fn put(&mut self, job: Job, weight: u64, mark: Option<Mark>) {
        let resident = self.spare.put(job, weight, mark.into_iter().collect());
        self.keep(resident);
    }

    fn keep(&mut self, resident: Box<Resident>) {
        self.ask_to_leave(&resident);
        let id = resident.job.id;
        self.slots.insert(id, Slot::Resident(resident));
    }

    /// Says that the journal has a record again, at another place.
    pub(super) fn moved(&mut self, id: JobId, to: Option<Mark>) {
        if let Some(Slot::Resident(resident)) = self.slots.get_mut(&id) {
            resident.trail = to.into_iter().collect();
        }
        self.may_leave(id);
    }

    /// Says that nothing keeps a record in memory any more that may have been kept.
    pub(super) fn may_leave(&mut self, id: JobId) {
        if let Some(slot @ Slot::Resident(_)) = self.slots.get_mut(&id)
            && let Slot::Resident(resident) = mem::replace(slot, Slot::Taken)
        {
            self.keep(resident);
        }
    }

    /// Lets a record go that is on disk once the next write is, if there are enough others.
    fn ask_to_leave(&mut self, resident: &Resident) {
        let Some(kind) = Kind::of(&resident.job) else { return };
        let limit = match kind {
            // Those that wait for their time make room for those that wait for a worker.
            Kind::Waiting if resident.job.state == JobState::Scheduled => self.limit / 2,
            Kind::Waiting => self.limit,
            Kind::Ended => self.limit / 4,
        };
        if self.archive.is_some() && self.held[kind as usize] > limit && !resident.trail.is_empty() {
            self.leaving.push(resident.job.id);
        }
    }

    /// Counts what a record takes.
    pub(super) fn count(&mut self, job: &Job, weight: u64) {
        if let Some(kind) = Kind::of(job) {
            self.held[kind as usize] += weight + OVERHEAD;
        }
    }

    /// Counts it no more.
    pub(super) fn discount(&mut self, job: &Job, weight: u64) {
        if let Some(kind) = Kind::of(job) {
            self.held[kind as usize] -= weight + OVERHEAD;
        }
    }

    fn evict(&mut self, id: JobId, next: u64) -> Option<Box<Resident>> {
        let slot = self.slots.get_mut(&id)?;
        let Slot::Resident(resident) = slot else { return None };
        resident.trail.last().filter(|mark| mark.chunk.get() < next)?;
        Kind::of(&resident.job)?;
        let evicted = Slot::of_evicted(mem::take(&mut resident.trail), resident.job.state);
        let Slot::Resident(resident) = mem::replace(slot, evicted) else { return None };
        self.discount(&resident.job, resident.weight);
        Some(resident)
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
    /// Keeps no more than about so many bytes of the records of waiting jobs in memory, and a quarter of that of jobs that
    /// have ended. The others are read back from here; their entries must have got marks, from the first one on.
    pub fn keep_records(&mut self, limit: u64, archive: Arc<dyn Archive>) {
        (self.jobs.limit, self.jobs.archive) = (limit, Some(archive));
    }

    /// Takes the jobs whose records may be evicted once everything up to here is on disk.
    pub fn take_leaving(&mut self) -> Vec<JobId> {
        mem::take(&mut self.jobs.leaving)
    }

    /// Evicts the records of jobs, but those that have changed since. The journal is on disk up to the piece before `next`.
    ///
    /// What is returned is to be dropped where it holds up nobody.
    pub fn evict(&mut self, leaving: Vec<JobId>, next: u64) -> Evicted {
        let mut records = Vec::new();
        for id in leaving {
            // The end of a child starts the retention of a parent that has ended.
            let kept =
                self.family.has_children(id.into()) && self.jobs.state(id).is_some_and(JobState::is_final);
            if !kept {
                records.extend(self.jobs.evict(id, next));
            }
        }
        Evicted { records, spare: Arc::clone(&self.jobs.spare) }
    }

    /// Gets records into memory, and says whether all are there whose jobs are known.
    pub(super) fn load_all(&mut self, ids: &[JobId]) -> bool {
        // As they lie in the journal, so that each piece of it is read once.
        let place = |id| self.jobs.slots.get(&id)?.trail()?.first().copied();
        let mut away: Vec<_> = ids.iter().filter_map(|id| Some((place(*id)?, *id))).collect();
        away.sort_unstable();
        away.into_iter().all(|(_, id)| self.jobs.load(id).is_some())
    }

    /// Takes why a record could not be read since the last call.
    pub fn take_fault(&self) -> Option<StoreError> {
        self.jobs.fault.take()
    }

    /// Gets what [`rescue`](Self::rescue) will need of these entries into memory, so that nothing of it can fail.
    ///
    /// # Errors
    /// Says what can't be read.
    pub fn prepare_rescue(&mut self, entries: &[(Entry, Mark)]) -> Result<(), StoreError> {
        for (entry, mark) in entries {
            if let Some(record) = entry.job()
                && let Some(trail) = self.jobs.slots.get(&record.id).and_then(Slot::trail)
                && trail.first() == Some(mark)
            {
                self.jobs.load(record.id);
            }
        }
        self.take_fault().map_or(Ok(()), Err)
    }

    /// Returns what has to be written again before a journal loses this record, which it has at the mark.
    pub fn rescue(&self, record: &Job, mark: Mark) -> Rescue<'_> {
        match self.jobs.slots.get(&record.id) {
            None | Some(Slot::Taken) => Rescue::Gone,
            // One at this mark was prepared for.
            Some(Slot::Evicted(..) | Slot::Scattered(..)) => Rescue::Newer,
            // That of this life is further on, and has its turn.
            Some(Slot::Resident(resident)) if resident.job.created_at != record.created_at => Rescue::Gone,
            Some(Slot::Resident(resident)) if resident.trail.first().is_some_and(|first| *first != mark) => {
                Rescue::Newer
            }
            Some(Slot::Resident(resident)) => Rescue::Write(&resident.job),
        }
    }

    /// Says where a record is that was written again.
    pub fn rescued(&mut self, id: JobId, mark: Option<Mark>) {
        self.jobs.moved(id, mark);
    }
}
