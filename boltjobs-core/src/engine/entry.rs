//! What is written of each change.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::archive::Mark;
use super::flows::Minute;
use super::limiting::{RateId, Starts};
use crate::batch::Batch;
use crate::continuation::ParentId;
use crate::job::{Epoch, HistoryRow, Job, JobSpec};
use crate::notes::{Note, Notes};
use crate::recurring::{Past, RecurringJob, Run, RunOutcome};
use crate::store::Document;
use crate::{BatchId, JobId, Timestamp};

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
    /// A parent of a job that waits for others, too, has ended as it shall.
    ParentEnded {
        /// The job that waits.
        child: JobId,
        /// The parent that it no longer waits for.
        parent: ParentId,
    },
    /// The whole record of a batch.
    Batch(Box<Batch>),
    /// The retention of a batch is over.
    BatchForgotten(BatchId),
    /// Every start that a rate counts.
    Starts(Box<Starts>),
    /// One more start that it counts.
    Started {
        /// Whose start it is.
        id: RateId,
        /// When it was.
        at: Timestamp,
    },
    /// Nothing counts any more that a rate had counted.
    StartsOver(RateId),
    /// A queue was paused.
    QueuePaused {
        /// The queue.
        queue: Arc<str>,
        /// When it was.
        since: Timestamp,
    },
    /// A queue goes on.
    QueueResumed(Arc<str>),
    /// A job that waits took over from another one with its unique key.
    Respecified {
        /// The job.
        id: JobId,
        /// What it is to do from now on.
        spec: Arc<JobSpec>,
        /// Its time, as in [`Job::due`].
        due: Option<Timestamp>,
        /// When it is deleted, if it has not started by then.
        expires: Option<Timestamp>,
    },
    /// The schedule of a definition has come further, or it was triggered.
    Advanced(Box<Advance>),
    /// The job of a run has ended, or waits and runs again.
    Ran(Box<Ran>),
    /// A running job noted something.
    Noted {
        /// The job.
        id: JobId,
        /// What it noted.
        note: Note,
    },
    /// Everything that a job has noted; it comes right after the whole record of the job.
    Notes(JobId, Box<Notes>),
    /// Everything that happened in a minute.
    Minute(Box<Minute>),
    /// A minute is too old to be kept.
    MinuteForgotten(u64),
    /// A document was written.
    Document(Box<Document>),
    /// A document was removed.
    DocumentRemoved(Arc<str>),
    /// The whole record of a job that has just been enqueued and asks for nothing special, written in short. Only
    /// [`record_of`](Self::record_of) makes one: whatever else there was to say of the job would be lost.
    #[serde(with = "super::plain")]
    Plain(Box<Job>),
}

/// How far a schedule has come, and the run that it made with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advance {
    /// The definition.
    pub recurring: Arc<str>,
    /// When it fires next.
    pub next: Option<Timestamp>,
    /// What it has left behind.
    pub past: Past,
    /// What fired, if anything did.
    pub run: Option<Run>,
}

/// What has become of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// The definition.
    pub recurring: Arc<str>,
    /// The job of the run.
    pub job: JobId,
    /// What came of it.
    pub outcome: RunOutcome,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How long the handler ran in the attempt that ended it.
    pub ran: Option<Duration>,
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
    /// A batch.
    Batch(BatchId),
    /// What a rate counts.
    Starts(RateId),
    /// The pause of a queue.
    Queue(Arc<str>),
    /// What happened in a minute.
    Minute(u64),
    /// A document.
    Document(Arc<str>),
}

impl Entry {
    /// Makes the whole record of a job.
    pub fn record_of(job: Box<Job>) -> Self {
        if job.is_plain() { Self::Plain(job) } else { Self::Job(job) }
    }

    /// Returns the job that this is the whole record of.
    pub fn job(&self) -> Option<&Job> {
        if let Self::Job(job) | Self::Plain(job) = self { Some(job) } else { None }
    }

    /// Says what this is the whole record of, and whether it is there after it.
    pub fn record(&self) -> Option<(RecordId, bool)> {
        match self {
            Self::Recurring(job) => Some((RecordId::Recurring(Arc::clone(&job.definition.id)), true)),
            Self::RecurringRemoved(id) => Some((RecordId::Recurring(Arc::clone(id)), false)),
            Self::Batch(batch) => Some((RecordId::Batch(batch.id), true)),
            Self::BatchForgotten(id) => Some((RecordId::Batch(*id), false)),
            Self::Starts(starts) => Some((RecordId::Starts(starts.id.clone()), true)),
            Self::StartsOver(id) => Some((RecordId::Starts(id.clone()), false)),
            Self::QueuePaused { queue, .. } => Some((RecordId::Queue(Arc::clone(queue)), true)),
            Self::QueueResumed(queue) => Some((RecordId::Queue(Arc::clone(queue)), false)),
            Self::Minute(minute) => Some((RecordId::Minute(minute.number), true)),
            Self::MinuteForgotten(number) => Some((RecordId::Minute(*number), false)),
            Self::Document(document) => Some((RecordId::Document(Arc::clone(&document.key)), true)),
            Self::DocumentRemoved(key) => Some((RecordId::Document(Arc::clone(key)), false)),
            Self::Boot(_)
            | Self::Started { .. }
            | Self::Job(_)
            | Self::Plain(_)
            | Self::Moved(_)
            | Self::Respecified { .. }
            | Self::CancelRequested { .. }
            | Self::Forgotten(_)
            | Self::ParentEnded { .. }
            | Self::Advanced(_)
            | Self::Ran(_)
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
    /// Takes one entry, and says where it will be, if it can be read back from there. What can go wrong with writing it
    /// shows later, when the store makes it durable.
    fn record(&mut self, entry: &Entry) -> Option<Mark>;
}

/// Keeps nothing: what a store in memory needs.
impl Journal for () {
    fn record(&mut self, _: &Entry) -> Option<Mark> {
        None
    }
}

impl Journal for Vec<Entry> {
    fn record(&mut self, entry: &Entry) -> Option<Mark> {
        self.push(entry.clone());
        Mark::of_entry(self.len())
    }
}
