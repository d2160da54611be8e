//! A job that was enqueued, with the type of what it returns.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use boltjobs_core::continuation::ParentId;
use boltjobs_core::job::Job;
use boltjobs_core::store::Enqueued;
use boltjobs_core::{JobId, JobState};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::request::Request;
use crate::runtime::Runtime;

/// A job that was enqueued. Dropping it changes nothing.
pub struct JobHandle<R> {
    id: JobId,
    duplicate: bool,
    runtime: Arc<Runtime>,
    request: PhantomData<fn() -> R>,
}

impl<R: Request> JobHandle<R> {
    pub(crate) fn new(job: Enqueued, runtime: Arc<Runtime>) -> Self {
        Self { id: job.id, duplicate: job.duplicate, runtime, request: PhantomData }
    }

    /// Returns the id of the job.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Says whether the job was there before, so that nothing was added: it holds the unique key of what was enqueued,
    /// and may have taken over its payload or its schedule.
    pub fn is_duplicate(&self) -> bool {
        self.duplicate
    }

    /// Returns where the job stands.
    ///
    /// # Errors
    /// [`Error::UnknownJob`] once its retention is over, [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn state(&self) -> Result<JobState> {
        self.look().await.map(|job| job.state)
    }

    /// Waits until the job ends, and returns what its handler returned.
    ///
    /// Nothing is said about how long that takes: combine it with `tokio::time::timeout` where it matters. A handler
    /// that waits for another job holds its own worker meanwhile; if all workers wait so, none is left to run it.
    ///
    /// # Errors
    /// [`Error::JobEnded`] when it ended in Failed or Deleted, [`Error::NoResult`] when it succeeded with a result that
    /// could not be kept, [`Error::Decode`] when its result is of another type
    /// by now, [`Error::UnknownJob`] once its retention is over, [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It can be dropped and called again.
    pub async fn wait(&self) -> Result<R::Response> {
        #[cfg(feature = "testing")]
        crate::testing::run_to_the_end(self.id).await;
        loop {
            // Subscribed before the look, so that an end between the two is not missed.
            let ended = self.runtime.ended.subscribe(&self.runtime.store, self.id);
            let job = self.look().await?;
            if job.state.is_final() {
                return self.response(&job);
            }
            ended.done().await;
        }
    }

    /// Deletes the job; one that runs is asked to stop. `false` when it has ended (but a Failed one is deleted).
    ///
    /// # Errors
    /// [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn delete(&self) -> Result<bool> {
        self.client().delete(self.id).await
    }

    /// Enqueues the job again, with its attempts counted anew if it had ended. `false` when it is Enqueued or runs, or has
    /// ended and another job holds its unique key by now.
    ///
    /// # Errors
    /// [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn requeue(&self) -> Result<bool> {
        self.client().requeue(self.id).await
    }

    fn client(&self) -> Client {
        Client::of(Arc::clone(&self.runtime))
    }

    async fn look(&self) -> Result<Job> {
        self.runtime.store.job(self.id).await?.ok_or(Error::UnknownJob(self.id))
    }

    fn response(&self, job: &Job) -> Result<R::Response> {
        if job.state != JobState::Succeeded {
            let latest = job.history.last();
            let error = latest.and_then(|row| Some(row.error.as_ref()?.to_string()));
            let reason = latest.and_then(|row| Some(row.reason.as_ref()?.to_string()));
            // A failure is told by its error, a deletion by whoever asked for it.
            let told = if job.state == JobState::Failed { error.or(reason) } else { reason.or(error) };
            let reason = told.unwrap_or_else(|| "no reason was given".to_owned());
            return Err(Error::JobEnded { job: self.id, state: job.state, reason });
        }
        let why = job.history.last().and_then(|row| row.reason.clone());
        if let Some(reason) = why.filter(|_| job.result().is_none()) {
            return Err(Error::NoResult { job: self.id, reason: reason.to_string() });
        }
        // Nothing is stored for `()`.
        serde_json::from_slice(job.result().unwrap_or(b"null")).map_err(|error| Error::Decode {
            job: self.id,
            expected: type_name::<R::Response>(),
            message: error.to_string(),
        })
    }
}

impl<R> From<&JobHandle<R>> for ParentId {
    fn from(job: &JobHandle<R>) -> Self {
        job.id.into()
    }
}

impl<R> Clone for JobHandle<R> {
    fn clone(&self) -> Self {
        Self { runtime: Arc::clone(&self.runtime), ..*self }
    }
}

impl<R> fmt::Debug for JobHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("id", &self.id)
            .field("duplicate", &self.duplicate)
            .finish_non_exhaustive()
    }
}
