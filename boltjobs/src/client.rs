//! Looking at jobs and steering them.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::store::{Action, Command, Explanation};
use boltjobs_core::{JobId, JobState};

use crate::details::{JobDetails, Stats};
use crate::error::{Error, Result};
use crate::handler::BoxFuture;
use crate::pipeline::enqueue::IntoInstant;
use crate::query::JobQuery;
use crate::queues::{QueueDetails, QueueRef};
use crate::recurring::{RecurringDetails, RecurringRef};
use crate::runtime::{self, Runtime};
use crate::servers::ServerDetails;

/// Returns the client of the server that runs: within a handler its own, elsewhere the first that was started.
///
/// It never fails; what it is asked to do does, when nothing was started.
pub fn client() -> Client {
    Client(runtime::current())
}

/// Looks at jobs and steers them. Cheap to clone.
#[derive(Clone)]
pub struct Client(Option<Arc<Runtime>>);

impl Client {
    pub(crate) fn of(runtime: Arc<Runtime>) -> Self {
        Self(Some(runtime))
    }

    pub(crate) fn runtime(&self) -> Result<&Arc<Runtime>> {
        self.0.as_ref().ok_or(Error::NotStarted)
    }

    /// Runs a future so that what it enqueues, and `boltjobs::client()`, mean this client's server.
    ///
    /// It matters only where one process runs several servers.
    ///
    /// # Errors
    /// [`Error::NotStarted`].
    ///
    /// # Cancel safety
    /// That of the future.
    pub async fn scope<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        Ok(runtime::scope(Arc::clone(self.runtime()?), future).await)
    }

    /// Returns everything that is known of a job; `None` when there is none, or its retention is over.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn job(&self, id: JobId) -> Result<Option<JobDetails>> {
        let store = &self.runtime()?.store;
        let Some(job) = store.job(id).await? else { return Ok(None) };
        // Afterwards, so that with the end of a job there is all that it has noted.
        let notes = store.notes(id).await?;
        Ok(Some(JobDetails::new(job).with_notes(notes)))
    }

    /// Deletes a job; one that runs is asked to stop, and stays Processing until its handler has ended. Awaited, it
    /// says whether that happened: `false` when the job does not exist, or has ended (but a Failed one is deleted).
    pub fn delete(&self, id: JobId) -> JobCommand {
        self.command(id, Asked::Delete)
    }

    /// Enqueues a job that waits for a time, or that has ended; then its attempts are counted anew. Awaited, it says
    /// whether that happened: `false` when the job does not exist, is Enqueued already, or runs.
    pub fn requeue(&self, id: JobId) -> JobCommand {
        self.command(id, Asked::Requeue)
    }

    /// Schedules a job anew, `delay` from now. Awaited, it says whether that happened: `false` when the job does not
    /// exist, runs, is Enqueued and the delay is zero, or has ended and another job holds its unique key by now.
    pub fn reschedule(&self, id: JobId, delay: Duration) -> JobCommand {
        self.command(id, Asked::In(delay))
    }

    /// Schedules a job anew, for an instant. Awaited, it says whether that happened: `false` when the job does not
    /// exist, runs, is Enqueued and the instant has passed, or has ended and another job holds its unique key by now.
    pub fn reschedule_at(&self, id: JobId, at: impl IntoInstant) -> JobCommand {
        self.command(id, Asked::At(at.into_instant()))
    }

    fn command(&self, id: JobId, asked: Asked) -> JobCommand {
        JobCommand { client: self.clone(), id, asked, expected: Vec::new(), reason: None }
    }

    /// Begins a query: a list of jobs, their number, or something to do with all of them.
    pub fn jobs(&self) -> JobQuery {
        JobQuery::new(self.clone())
    }

    /// Counts the jobs, exactly; it costs the same with ten jobs and with ten million.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn stats(&self) -> Result<Stats> {
        Ok(Stats::new(self.runtime()?.store.counts().await?))
    }

    /// Says why a job stands where it stands, and what would move it on: in a sentence, and as a typed reason.
    ///
    /// It is the decision of a claim, asked about one job, and costs the same with ten jobs and with ten million. A job
    /// that is unknown is explained, too.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn explain(&self, id: JobId) -> Result<Explanation> {
        let runtime = self.runtime()?;
        Ok(runtime.store.explain(id, runtime.now()).await?)
    }

    /// Names a queue, to pause it. That the name is legal is checked when something is asked of it.
    pub fn queue(&self, name: impl Into<String>) -> QueueRef {
        QueueRef::new(self.clone(), name.into())
    }

    /// Returns the queues that have jobs, are paused or are named by a server, in the order of their names.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn queues(&self) -> Result<Vec<QueueDetails>> {
        let runtime = self.runtime()?;
        let queues = runtime.store.queues(runtime.now()).await?;
        Ok(queues.into_iter().map(QueueDetails::new).collect())
    }

    /// Returns the servers that are there and run jobs, in the order of their names.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn servers(&self) -> Result<Vec<ServerDetails>> {
        let runtime = self.runtime()?;
        let servers = runtime.store.servers(runtime.now()).await?;
        Ok(servers.into_iter().map(ServerDetails::new).collect())
    }

    /// Returns the recurring definitions, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn recurring_jobs(&self) -> Result<Vec<RecurringDetails>> {
        let runtime = self.runtime()?;
        let jobs = runtime.store.recurring_jobs().await?;
        Ok(jobs.into_iter().map(|job| RecurringDetails::new(job, runtime)).collect())
    }

    /// Names a recurring definition, to steer it. That it exists is not checked here.
    pub fn recurring(&self, id: impl Into<String>) -> RecurringRef {
        RecurringRef::new(self.clone(), id.into())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.0.as_ref().map(|runtime| runtime.store.location());
        f.debug_struct("Client").field("store", &store).finish()
    }
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    Delete,
    Requeue,
    In(Duration),
    At(boltjobs_core::Timestamp),
}

/// What a client asks of one job; nothing happens until it is awaited, and then it says whether it did.
///
/// # Errors
/// [`Error::NotStarted`], [`Error::Store`] when the store can't write.
///
/// # Cancel safety
/// Once it has been polled it may happen although the future is dropped.
#[derive(Debug)]
#[must_use = "nothing happens until it is awaited"]
pub struct JobCommand {
    client: Client,
    id: JobId,
    asked: Asked,
    expected: Vec<JobState>,
    reason: Option<String>,
}

impl JobCommand {
    /// Does it only if the job is in this state; may be said several times.
    pub fn expecting(mut self, state: JobState) -> Self {
        self.expected.push(state);
        self
    }

    /// Says why, for the history of the job.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    async fn run(self) -> Result<bool> {
        let runtime = self.client.runtime()?;
        let now = runtime.now();
        let action = match self.asked {
            Asked::Delete => Action::Delete,
            Asked::Requeue => Action::Requeue,
            Asked::In(delay) => Action::Reschedule(now.plus(delay)),
            Asked::At(at) => Action::Reschedule(at),
        };
        let command = Command { action, expected: self.expected, reason: self.reason.map(Arc::from) };
        let happened = runtime.store.command(vec![self.id], command, now).await?;
        Ok(happened == [true])
    }
}

impl IntoFuture for JobCommand {
    type Output = Result<bool>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
