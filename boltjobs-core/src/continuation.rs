//! What a job waits for besides time: other jobs, and batches.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::BatchId;
use crate::{JobId, JobState};

/// The end of a parent that lets its continuation run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum After {
    /// It succeeded: a job ended in Succeeded, a batch with nothing but such jobs. The default.
    #[default]
    Succeeded,
    /// It failed for good: a job ended in Failed, a batch with at least one such job.
    Failed,
    /// It ended, however it did.
    Finished,
}

/// Something whose end others wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ParentId {
    /// A job.
    Job(JobId),
    /// A batch.
    Batch(BatchId),
}

/// One parent of a continuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Parent {
    /// The parent.
    pub id: ParentId,
    /// The end that lets the continuation run.
    pub when: After,
}

impl After {
    /// Says whether the end of a job in a final state is the one that is waited for.
    pub fn is_met_by(self, state: JobState) -> bool {
        match self {
            Self::Succeeded => state == JobState::Succeeded,
            Self::Failed => state == JobState::Failed,
            Self::Finished => state.is_final(),
        }
    }
}

impl fmt::Display for ParentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(id) => write!(f, "job {id}"),
            Self::Batch(id) => write!(f, "batch {id}"),
        }
    }
}

impl From<JobId> for ParentId {
    fn from(id: JobId) -> Self {
        Self::Job(id)
    }
}

impl From<BatchId> for ParentId {
    fn from(id: BatchId) -> Self {
        Self::Batch(id)
    }
}
