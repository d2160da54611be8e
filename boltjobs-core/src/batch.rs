//! Jobs that belong together: created in one write, and ended when all of them have.

use serde::{Deserialize, Serialize};

use crate::store::StateCounts;
use crate::{BatchId, JobState, Timestamp};

/// A batch as it comes to the store, in one write with its first jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch {
    /// Its id. A batch whose id is there already is taken for the same one.
    pub id: BatchId,
    /// What people see.
    pub name: String,
    /// The batch that ends only when this one has.
    pub parent: Option<BatchId>,
}

/// The stored record of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// What people see.
    pub name: String,
    /// The batch that ends only when this one has.
    pub parent: Option<BatchId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// How it ended first, and when. A job of it that is requeued later changes the counts, not this.
    pub ended: Option<(JobState, Timestamp)>,
    /// Why it was cancelled.
    pub cancelled: Option<String>,
    /// The jobs of it whose retention is over, by how they ended.
    pub gone: StateCounts,
}

impl Batch {
    /// Makes the record of a new batch.
    pub fn new(new: NewBatch, now: Timestamp) -> Self {
        let NewBatch { id, name, parent } = new;
        let (created_at, gone) = (now, StateCounts::default());
        Self { id, name, parent, created_at, ended: None, cancelled: None, gone }
    }

    /// Estimates the bytes that the record takes on disk.
    pub(crate) fn weight(&self) -> usize {
        self.name.len() + self.cancelled.as_ref().map_or(0, String::len) + 64
    }
}

/// How a batch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStatus {
    /// Its record.
    pub batch: Batch,
    /// How many of its jobs are in each state; those whose retention is over are counted as they ended.
    pub jobs: StateCounts,
    /// The batches in it, oldest first.
    pub nested: Vec<BatchId>,
}

/// Decides how a batch ended: by the worst that became of any part of it.
pub fn ended_as(jobs: &StateCounts, nested: impl IntoIterator<Item = JobState>) -> JobState {
    let worse = |one: JobState, other: JobState| match (one, other) {
        (JobState::Failed, _) | (_, JobState::Failed) => JobState::Failed,
        (JobState::Deleted, _) | (_, JobState::Deleted) => JobState::Deleted,
        (
            JobState::Awaiting
            | JobState::Scheduled
            | JobState::Enqueued
            | JobState::Processing
            | JobState::Succeeded,
            other,
        ) => other,
    };
    let own = [JobState::Deleted, JobState::Failed].into_iter().filter(|state| jobs.get(*state) > 0);
    own.chain(nested).fold(JobState::Succeeded, worse)
}
