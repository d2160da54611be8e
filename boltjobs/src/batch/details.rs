//! What the client shows of batches.

use boltjobs_core::batch::BatchStatus;
use boltjobs_core::{BatchId, JobState};
use chrono::{DateTime, Utc};

use crate::client::Client;
use crate::error::Result;

impl Client {
    /// Returns how a batch stands; `None` when it never was, or its retention is over.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn batch(&self, id: BatchId) -> Result<Option<BatchDetails>> {
        Ok(self.runtime()?.store.batch(id).await?.map(BatchDetails))
    }

    /// Returns at most `limit` batches, newest first: those older than `after`, which is the last one of the page
    /// before.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn batches(&self, after: Option<BatchId>, limit: usize) -> Result<Vec<BatchDetails>> {
        let batches = self.runtime()?.store.batches(after, limit).await?;
        Ok(batches.into_iter().map(BatchDetails).collect())
    }

    /// Deletes the jobs of a batch that have not started, with those of the batches in it, and asks those that run to
    /// stop. `false` when it does not exist, has ended, or was cancelled before.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn cancel_batch(&self, id: BatchId) -> Result<bool> {
        let runtime = self.runtime()?;
        Ok(runtime.store.cancel_batch(id, None, runtime.now()).await?)
    }
}

/// How a batch stood at the moment at which it was asked for. The counts are exact; a job whose retention is over is
/// counted as it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchDetails(BatchStatus);

impl BatchDetails {
    /// Returns its id.
    pub fn id(&self) -> BatchId {
        self.0.batch.id
    }

    /// Returns what people see.
    pub fn name(&self) -> &str {
        &self.0.batch.name
    }

    /// Returns the batch that it is in.
    pub fn parent(&self) -> Option<BatchId> {
        self.0.batch.parent
    }

    /// Returns the batches in it, oldest first.
    pub fn nested(&self) -> &[BatchId] {
        &self.0.nested
    }

    /// Returns when it was created.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.0.batch.created_at.to_datetime()
    }

    /// Returns how it ended first: as Succeeded, Failed or Deleted; `None` until it has. A job of it that is requeued
    /// later changes the counts, not this.
    pub fn state(&self) -> Option<JobState> {
        self.0.batch.ended.map(|(state, _)| state)
    }

    /// Returns when it ended first.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.batch.ended.map(|(_, at)| at.to_datetime())
    }

    /// Returns why it was cancelled.
    pub fn cancelled(&self) -> Option<&str> {
        self.0.batch.cancelled.as_deref()
    }

    /// Returns the number of its own jobs; those of the batches in it are counted there.
    pub fn total(&self) -> u64 {
        self.0.jobs.total()
    }

    /// Returns the number of its jobs that have not ended.
    pub fn unfinished(&self) -> u64 {
        self.0.jobs.unfinished()
    }

    /// Returns the number of its jobs in one state.
    pub fn count(&self, state: JobState) -> u64 {
        self.0.jobs.get(state)
    }

    /// Returns the number of its jobs that succeeded.
    pub fn succeeded(&self) -> u64 {
        self.count(JobState::Succeeded)
    }

    /// Returns the number of its jobs that failed for good.
    pub fn failed(&self) -> u64 {
        self.count(JobState::Failed)
    }

    /// Returns the number of its jobs that were deleted.
    pub fn deleted(&self) -> u64 {
        self.count(JobState::Deleted)
    }
}
