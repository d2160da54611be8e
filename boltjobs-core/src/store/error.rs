//! Why a store refuses.

use crate::continuation::ParentId;
use crate::text::shown;
use crate::{BatchId, JobId};

/// Why a store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store does not work right now; nothing of the call has been acknowledged.
    #[error("the store `{location}` is not available: {reason}")]
    Unavailable {
        /// Which store.
        location: String,
        /// What is wrong, and how to mend it.
        reason: String,
    },
    /// Somebody else owns the store.
    #[error("the store `{location}` is in use by another process; {advice}")]
    InUse {
        /// Which store.
        location: String,
        /// The ways out.
        advice: String,
    },
    /// What is stored can't be trusted. Nothing was overwritten.
    #[error("the store `{location}` is damaged: {reason}")]
    Corrupt {
        /// Which store.
        location: String,
        /// What was found.
        reason: String,
    },
    /// The store was written by a newer release.
    #[error(
        "the store `{location}` has format {found}, and this release reads up to {supported}; \
         upgrade boltjobs, or open another store"
    )]
    NewerFormat {
        /// Which store.
        location: String,
        /// Its format.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// There is no store of that kind, or none can be made there.
    #[error("can't open the store `{}`: {reason}", shown(.location))]
    Location {
        /// Which store.
        location: String,
        /// What is wrong, and how to mend it.
        reason: String,
    },
    /// What was to be enqueued does not fit what is there; none of it was.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store was closed.
    #[error("the store is closed; the server that owned it was shut down")]
    Closed,
}

/// Why jobs were not enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A parent is not there.
    #[error(
        "{0} does not exist, so nothing can wait for its end; it may have been removed after its retention"
    )]
    UnknownParent(ParentId),
    /// A job would wait for itself.
    #[error("job {0} would wait for its own end; let it wait for jobs that were enqueued before it")]
    Cycle(JobId),
    /// A batch is not there.
    #[error("batch {0} does not exist; it may have been removed after its retention")]
    UnknownBatch(BatchId),
    /// A batch takes no more jobs.
    #[error("batch {0} has ended, so no job can be added to it; add jobs from inside of a job of the batch")]
    BatchEnded(BatchId),
    /// A job of a batch has a unique key that a job outside of the batch holds, so the batch would go on without it.
    #[error(
        "job {0} holds the unique key of a job that is to belong to a batch; let what follows the batch wait for it, too, \
         with `after`, or leave out `unique`"
    )]
    KeyHeld(JobId),
    /// A batch takes no more jobs.
    #[error("batch {0} was cancelled, so no job can be added to it")]
    BatchCancelled(BatchId),
}
