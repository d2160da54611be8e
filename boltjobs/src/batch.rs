//! Batches: jobs that are created together and end together.

use std::fmt;
use std::sync::Arc;

use boltjobs_core::batch::{BatchStatus, NewBatch};
use boltjobs_core::continuation::{After, Parent, ParentId};
use boltjobs_core::job::NewJob;
use boltjobs_core::{BatchId, JobState, Timestamp};
use chrono::{DateTime, Utc};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::handle::JobHandle;
use crate::pipeline::enqueue::{Enqueue, Work, handles, submit};
use crate::request::Request;
use crate::runtime::{self, Runtime};

/// The most characters of a batch's name.
const LONGEST_NAME: usize = 200;

/// What can be put into a batch, or follow one: a request, or what its `enqueue()` and its siblings return, with
/// options of its own.
pub trait IntoJob: Send + 'static {
    /// The request.
    type Request: Request;

    #[doc(hidden)]
    fn into_job(self) -> Enqueue<Self::Request>;
}

impl<R: Request> IntoJob for R {
    type Request = R;

    fn into_job(self) -> Enqueue<R> {
        Enqueue::new(self)
    }
}

impl<R: Request> IntoJob for Enqueue<R> {
    type Request = R;

    fn into_job(self) -> Self {
        self
    }
}

type Plan = Box<dyn FnOnce(&Runtime, Timestamp) -> Result<Vec<NewJob>> + Send>;

fn plan<J: IntoJob>(jobs: Vec<J>) -> Plan {
    Box::new(move |runtime, now| jobs.into_iter().map(|job| job.into_job().job(runtime, now)).collect())
}

/// Jobs that are created in one durable write, all or none, and end together.
///
/// A batch ends when all of its jobs have, and all batches in it: as Succeeded if every job did, as Failed if one
/// failed for good, and as Deleted if one was deleted and none failed. An empty one ends at once. What follows it is
/// released in the write that ends it, or deleted if it waited for another end.
///
/// ```
/// # use boltjobs::prelude::*;
/// # #[request]
/// # pub struct Resize { pub image: u32 }
/// # #[handler]
/// # async fn resize(_: Resize) {}
/// # #[request]
/// # pub struct Publish;
/// # #[handler]
/// # async fn publish(_: Publish) {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> boltjobs::Result<()> {
/// # let server = boltjobs::builder().store("memory").start().await?;
/// let batch = Batch::new("album 7")
///     .extend((0..20).map(|image| Resize { image }))
///     .on_success(Publish)
///     .submit()
///     .await?;
/// assert_eq!(batch.wait().await?.succeeded(), 20);
/// # server.shutdown().await
/// # }
/// ```
#[must_use = "nothing is created until `submit` is awaited"]
pub struct Batch {
    name: String,
    jobs: Vec<Plan>,
    followers: Vec<(After, Plan)>,
    nested: Vec<Batch>,
}

impl Batch {
    /// Begins a batch. The name is what people see: 1 to 200 characters; several batches may have the same.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), jobs: Vec::new(), followers: Vec::new(), nested: Vec::new() }
    }

    /// Adds a job of this request.
    pub fn push<R: Request>(self, request: R) -> Self {
        self.push_job(Enqueue::new(request))
    }

    /// Adds a job with options of its own.
    pub fn push_job<R: Request>(mut self, job: Enqueue<R>) -> Self {
        self.jobs.push(plan(vec![job]));
        self
    }

    /// Adds a job of each request.
    pub fn extend<J: IntoJob>(mut self, jobs: impl IntoIterator<Item = J>) -> Self {
        self.jobs.push(plan(jobs.into_iter().collect()));
        self
    }

    /// Puts another batch into this one, which ends only when that one has.
    pub fn nest(mut self, batch: Self) -> Self {
        self.nested.push(batch);
        self
    }

    /// Runs a job once every job of the batch has succeeded.
    pub fn on_success(self, job: impl IntoJob) -> Self {
        self.follow(After::Succeeded, job)
    }

    /// Runs a job once the batch has ended and a job of it has failed for good.
    pub fn on_failure(self, job: impl IntoJob) -> Self {
        self.follow(After::Failed, job)
    }

    /// Runs a job once the batch has ended, however it did.
    pub fn on_finish(self, job: impl IntoJob) -> Self {
        self.follow(After::Finished, job)
    }

    fn follow(mut self, when: After, job: impl IntoJob) -> Self {
        self.followers.push((when, plan(vec![job])));
        self
    }

    /// Creates the batch with everything in it and after it, in one durable write.
    ///
    /// # Errors
    /// Those of [`Enqueue`], and [`Error::InvalidOption`] for a name that is empty or too long. Then nothing is
    /// created.
    ///
    /// # Cancel safety
    /// Once it has been polled the batch may be created although the future is dropped.
    pub async fn submit(self) -> Result<BatchHandle> {
        let runtime = runtime::current().ok_or(Error::NotStarted)?;
        self.submit_in(runtime, None).await
    }

    async fn submit_in(self, runtime: Arc<Runtime>, parent: Option<BatchId>) -> Result<BatchHandle> {
        let mut work = Work::default();
        let id = self.plan(parent, &runtime, runtime.now(), &mut work)?;
        submit(&runtime, work).await?;
        Ok(BatchHandle { id, runtime })
    }

    fn plan(
        self,
        parent: Option<BatchId>,
        runtime: &Runtime,
        now: Timestamp,
        work: &mut Work,
    ) -> Result<BatchId> {
        let Self { name, jobs, followers, nested } = self;
        let length = name.chars().count();
        if name.trim().is_empty() || length > LONGEST_NAME {
            return Err(Error::InvalidOption(format!(
                "the name of a batch has {length} characters; give it 1 to {LONGEST_NAME}"
            )));
        }
        let id = BatchId::from(runtime.next_id(now));
        work.batches.push(NewBatch { id, name, parent });
        for plan in jobs {
            work.jobs.extend(plan(runtime, now)?.into_iter().map(|job| member(job, id)));
        }
        for batch in nested {
            batch.plan(Some(id), runtime, now, work)?;
        }
        for (when, plan) in followers {
            for mut job in plan(runtime, now)? {
                job.spec.parents.push(Parent { id: id.into(), when });
                work.jobs.push(job);
            }
        }
        Ok(id)
    }
}

fn member(mut job: NewJob, batch: BatchId) -> NewJob {
    job.spec.batch = Some(batch);
    job
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A batch that was created. Dropping it changes nothing.
#[derive(Clone)]
pub struct BatchHandle {
    id: BatchId,
    runtime: Arc<Runtime>,
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
    /// Those of [`Enqueue`]; [`Error::Store`] with [`Refusal`](boltjobs_core::store::Refusal) when the batch has
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

impl Client {
    /// Returns how a batch stands; `None` when it never was, or its retention is over.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
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
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
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
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't write.
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
