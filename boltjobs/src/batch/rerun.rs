//! Running a part of a batch again.

use std::fmt;
use std::future::IntoFuture;

use boltjobs_core::rerun::{self, RerunFrom};
use boltjobs_core::{BatchId, JobId};

use super::BatchHandle;
use crate::client::Client;
use crate::details::JobDetails;
use crate::error::{Error, Result};
use crate::handler::BoxFuture;

/// A part of a batch that is to run again; nothing happens until it is awaited.
///
/// That is the jobs that failed, or with [`from_job`](Self::from_job) one job, and each time whatever in the batch comes after them,
/// however it ended. What has ended stays as it is: new jobs are made of them, in a new batch, in one write. They have the
/// payloads and options of the old ones and are ready at once; what came after one of them comes after its new one, and the
/// result of what did not run again is that of the old job. In `boltjobs.rerun_of` of its metadata each names the old one.
///
/// The batch must have ended, and batches in it are not run again: they can be for themselves. It is looked for among at most
/// 10,000 jobs, and at most 1,000 run again. What the jobs came after is not waited for where its retention is over.
///
/// # Errors
/// [`Error::NotStarted`] before `start()`; [`Error::UnknownBatch`] when it is not there; [`Error::InvalidOption`] when it has not
/// ended, nothing of it failed, the job is not in it, or there are too many; [`Error::Store`] when the store can't write.
///
/// # Cancel safety
/// Once it has been polled it may be written although the future is dropped.
///
/// # Examples
///
/// ```
/// # async fn later(client: boltjobs::Client, batch: boltjobs::BatchId) -> boltjobs::Result<()> {
/// let rerun = client.rerun(batch);
/// println!("{} jobs run again", rerun.dry_run().await?.len());
/// rerun.await?.wait().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing runs again until it is awaited"]
pub struct Rerun {
    client: Client,
    batch: BatchId,
    from: RerunFrom,
}

impl Client {
    /// Begins to run a part of a batch that has ended again: by default what failed, and whatever comes after it.
    pub fn rerun(&self, batch: BatchId) -> Rerun {
        Rerun { client: self.clone(), batch, from: RerunFrom::Failed }
    }
}

impl Rerun {
    /// Takes this job and whatever comes after it, instead of those that failed.
    pub fn from_job(mut self, job: JobId) -> Self {
        self.from = RerunFrom::Job(job);
        self
    }

    /// Says which jobs would run again, oldest first, and does nothing.
    ///
    /// # Errors
    /// Those of the rerun.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn dry_run(&self) -> Result<Vec<JobDetails>> {
        let plan = self.plan().await?;
        Ok(plan.jobs().iter().cloned().map(JobDetails::new).collect())
    }

    async fn plan(&self) -> Result<rerun::Rerun> {
        let store = &*self.client.runtime()?.store;
        let status = store.batch(self.batch).await?.ok_or(Error::UnknownBatch(self.batch))?;
        Ok(rerun::Rerun::plan(store, &status, self.from).await?)
    }

    async fn run(self) -> Result<BatchHandle> {
        let plan = self.plan().await?;
        let runtime = self.client.runtime()?;
        let now = runtime.now();
        let id = BatchId::from(runtime.next_id(now));
        plan.submit(&*runtime.store, id, now).await?;
        Ok(BatchHandle::new(id, runtime.clone()))
    }
}

impl IntoFuture for Rerun {
    type Output = Result<BatchHandle>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Rerun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rerun").field("batch", &self.batch).field("from", &self.from).finish_non_exhaustive()
    }
}
