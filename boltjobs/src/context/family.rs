//! What a handler can ask of the jobs and batches around its own.

use std::any::type_name;
use std::sync::Arc;

use boltjobs_core::JobId;
use boltjobs_core::continuation::ParentId;
use serde::de::DeserializeOwned;

use super::JobContext;
use crate::batch::BatchHandle;
use crate::error::{Error, Result};

impl JobContext {
    /// Returns the jobs and batches that this one waited for, in the order in which they were named.
    pub fn parents(&self) -> impl ExactSizeIterator<Item = ParentId> + '_ {
        self.0.spec.parents.iter().map(|parent| parent.id)
    }

    /// Returns what the job that this one waited for has returned; with several, the first of them.
    ///
    /// It is `None` when there is no such job, when it returned nothing or did not succeed, and when its retention was
    /// over before this job was requeued: until this one has ended for the first time, its parents are kept.
    ///
    /// # Errors
    /// [`Error::Decode`] when the result is no `T`, [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn parent_result<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        match self.parent_jobs().next() {
            Some(parent) => self.result_of(parent).await,
            None => Ok(None),
        }
    }

    /// Returns what each of the jobs that this one waited for has returned, in the order in which they were named.
    ///
    /// # Errors
    /// As for [`parent_result`](Self::parent_result).
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn parent_results<T: DeserializeOwned>(&self) -> Result<Vec<Option<T>>> {
        let mut results = Vec::new();
        for parent in self.parent_jobs() {
            results.push(self.result_of(parent).await?);
        }
        Ok(results)
    }

    /// Returns what one of the jobs that this one waited for has returned, where they return different types; `None` for
    /// any other job.
    ///
    /// # Errors
    /// As for [`parent_result`](Self::parent_result).
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn parent_result_of<T: DeserializeOwned>(&self, parent: JobId) -> Result<Option<T>> {
        match self.parent_jobs().find(|id| *id == parent) {
            Some(parent) => self.result_of(parent).await,
            None => Ok(None),
        }
    }

    /// Returns the batch that this job belongs to, to add jobs to it or to look at it.
    pub fn batch(&self) -> Option<BatchHandle> {
        let claim = self.0.claim.as_ref()?;
        Some(BatchHandle::new(self.0.spec.batch?, Arc::clone(&claim.runtime)))
    }

    fn parent_jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        self.parents().filter_map(|parent| match parent {
            ParentId::Job(id) => Some(id),
            ParentId::Batch(_) => None,
        })
    }

    async fn result_of<T: DeserializeOwned>(&self, parent: JobId) -> Result<Option<T>> {
        let Some(claim) = &self.0.claim else { return Ok(None) };
        let Some(job) = claim.runtime.store.job(parent).await? else { return Ok(None) };
        let Some(result) = job.result() else { return Ok(None) };
        serde_json::from_slice(result).map(Some).map_err(|error| Error::Decode {
            job: parent,
            expected: type_name::<T>(),
            message: error.to_string(),
        })
    }
}
