//! Putting a batch together.

use std::fmt;
use std::sync::Arc;

use boltjobs_core::batch::NewBatch;
use boltjobs_core::continuation::{After, Parent};
use boltjobs_core::job::NewJob;
use boltjobs_core::{BatchId, Timestamp};

use super::BatchHandle;
use crate::error::{Error, Result};
use crate::pipeline::enqueue::{Enqueue, Work, submit};
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

    pub(super) async fn submit_in(
        self,
        runtime: Arc<Runtime>,
        parent: Option<BatchId>,
    ) -> Result<BatchHandle> {
        let mut work = Work::default();
        let id = self.plan(parent, &runtime, runtime.now(), &mut work)?;
        submit(&runtime, work).await?;
        Ok(BatchHandle::new(id, runtime))
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
                job.spec_mut().parents.push(Parent { id: id.into(), when });
                work.jobs.push(job);
            }
        }
        Ok(id)
    }
}

pub(super) fn member(mut job: NewJob, batch: BatchId) -> NewJob {
    job.spec_mut().batch = Some(batch);
    job
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("name", &self.name).finish_non_exhaustive()
    }
}
