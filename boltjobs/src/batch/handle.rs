//! A batch that was created: what can be added to it, and how it ends.

use std::fmt;
use std::sync::Arc;

use boltjobs_core::BatchId;
use boltjobs_core::continuation::ParentId;

use super::build::member;
use super::{Batch, BatchDetails, IntoJob};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::handle::JobHandle;
use crate::pipeline::enqueue::{Work, handles};
use crate::runtime::Runtime;

/// A batch that was created. Dropping it changes nothing.
#[derive(Clone)]
pub struct BatchHandle {
    pub(super) id: BatchId,
    pub(super) runtime: Arc<Runtime>,
}

impl BatchHandle {
    pub(crate) fn new(id: BatchId, runtime: Arc<Runtime>) -> Self {
        Self { id, runtime }
    }

    /// Returns the id of the batch.
    pub fn id(&self) -> BatchId {
        self.id
    }

    /// Adds a job to the batch.
    ///
    /// From inside of a running job of the batch that always works; from elsewhere only while the batch has not ended.
    ///
    /// # Errors
    /// Those of [`Enqueue`](crate::Enqueue); [`Error::Store`] with [`Refusal`](boltjobs_core::store::Refusal) when the batch has
    /// ended, was cancelled, or is gone.
    ///
    /// # Cancel safety
    /// Once it has been polled the job may be written although the future is dropped.
    pub async fn push<J: IntoJob>(&self, job: J) -> Result<JobHandle<J::Request>> {
        let handles = self.extend([job]).await?;
        // One job in, one answer out.
        handles.into_iter().next().ok_or(Error::NotStarted)
    }

    /// Adds jobs to the batch, all or none, in one durable write.
    ///
    /// # Errors
    /// Those of [`push`](Self::push); then none is added.
    ///
    /// # Cancel safety
    /// Once it has been polled the jobs may be written although the future is dropped.
    pub async fn extend<J: IntoJob>(
        &self,
        jobs: impl IntoIterator<Item = J>,
    ) -> Result<Vec<JobHandle<J::Request>>> {
        let (runtime, now) = (&self.runtime, self.runtime.now());
        let jobs = jobs.into_iter().map(|job| Ok(member(job.into_job().job(runtime, now)?, self.id)));
        let jobs = jobs.collect::<Result<_>>()?;
        handles(runtime, Work { batches: Vec::new(), jobs }).await
    }

    /// Puts another batch into this one, which ends only when that one has.
    ///
    /// # Errors
    /// Those of [`Batch::submit`] and of [`push`](Self::push).
    ///
    /// # Cancel safety
    /// Once it has been polled the batch may be created although the future is dropped.
    pub async fn nest(&self, batch: Batch) -> Result<Self> {
        batch.submit_in(Arc::clone(&self.runtime), Some(self.id)).await
    }

    /// Returns how the batch stands.
    ///
    /// # Errors
    /// [`Error::UnknownBatch`] once its retention is over, [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn details(&self) -> Result<BatchDetails> {
        Client::of(Arc::clone(&self.runtime)).batch(self.id).await?.ok_or(Error::UnknownBatch(self.id))
    }

    /// Waits until the batch has ended, and returns how it stands then.
    ///
    /// # Errors
    /// Those of [`details`](Self::details). That jobs of it failed is no error.
    ///
    /// # Cancel safety
    /// It can be dropped and called again.
    pub async fn wait(&self) -> Result<BatchDetails> {
        #[cfg(feature = "testing")]
        crate::testing::run_all().await;
        loop {
            // Subscribed before the look, so that an end between the two is not missed.
            let ended = self.runtime.ended.subscribe(&self.runtime.store, self.id.into());
            let batch = self.details().await?;
            if batch.state().is_some() {
                return Ok(batch);
            }
            ended.done().await;
        }
    }

    /// Deletes the jobs of the batch that have not started, with those of the batches in it, and asks those that run
    /// to stop. `false` when it has ended or was cancelled before.
    ///
    /// # Errors
    /// [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn cancel(&self) -> Result<bool> {
        Client::of(Arc::clone(&self.runtime)).cancel_batch(self.id).await
    }
}

impl From<&BatchHandle> for ParentId {
    fn from(batch: &BatchHandle) -> Self {
        batch.id.into()
    }
}

impl fmt::Debug for BatchHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchHandle").field("id", &self.id).finish_non_exhaustive()
    }
}
