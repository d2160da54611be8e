//! What is written of each change.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::JobId;
use crate::job::{Epoch, HistoryRow, Job};
use crate::notes::{Note, Notes};
use crate::recurring::RecurringJob;

/// One change of the engine, as a journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// The engine was opened, for the time of this number, from 1.
    Boot(u32),
    /// The whole record of a job: a new one, or one whose older entries are about to go.
    Job(Box<Job>),
    /// A transition.
    Moved(Move),
    /// A running job shall stop.
    CancelRequested {
        /// The job.
        id: JobId,
        /// Why.
        reason: String,
    },
    /// The retention of a job is over.
    Forgotten(JobId),
    /// The whole record of a recurring definition.
    Recurring(Box<RecurringJob>),
    /// A recurring definition was removed.
    RecurringRemoved(Arc<str>),
    /// A running job noted something.
    Noted {
        /// The job.
        id: JobId,
        /// What it noted.
        note: Note,
    },
    /// Everything that a job has noted; it comes right after the whole record of the job.
    Notes(JobId, Box<Notes>),
}

/// A transition of a job, with everything that it sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// The job.
    pub id: JobId,
    /// The row that it adds; its state is the new one.
    pub row: HistoryRow,
    /// The attempts so far.
    pub attempt: u32,
    /// The latest claim.
    pub epoch: Epoch,
    /// The place among ready jobs of one priority.
    pub order: u64,
    /// The crashes in a row.
    pub crashes: u32,
}

/// What an entry keeps the whole record of, other than a job.
///
/// Each change of one may be written as its whole record, so a journal can be full of records that say nothing any
/// more. A journal that loses its oldest entries writes the latest one again when that goes, and no other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RecordId {
    /// A recurring definition.
    Recurring(Arc<str>),
}

impl Entry {
    /// Says what this is the whole record of, and whether it is there after it.
    pub fn record(&self) -> Option<(RecordId, bool)> {
        match self {
            Self::Recurring(job) => Some((RecordId::Recurring(Arc::clone(&job.definition.id)), true)),
            Self::RecurringRemoved(id) => Some((RecordId::Recurring(Arc::clone(id)), false)),
            Self::Boot(_)
            | Self::Job(_)
            | Self::Moved(_)
            | Self::CancelRequested { .. }
            | Self::Forgotten(_)
            | Self::Noted { .. }
            | Self::Notes(..) => None,
        }
    }
}

impl Move {
    /// Makes a transition that sets nothing but the state.
    pub(super) fn of(job: &Job, row: HistoryRow) -> Self {
        Self {
            id: job.id,
            row,
            attempt: job.attempt,
            epoch: job.epoch,
            order: job.order,
            crashes: job.crashes,
        }
    }
}

/// Where entries are written, in the order in which they apply.
pub trait Journal {
    /// Takes one entry. What can go wrong with writing it shows later, when the store makes it durable.
    fn record(&mut self, entry: &Entry);
}

/// Keeps nothing: what a store in memory needs.
impl Journal for () {
    fn record(&mut self, _: &Entry) {}
}

impl Journal for Vec<Entry> {
    fn record(&mut self, entry: &Entry) {
        self.push(entry.clone());
    }
}
