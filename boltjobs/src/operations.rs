//! Doing something to many jobs in the background.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use boltjobs_core::JobId;
use boltjobs_core::operation::{self, Bulk, Operation, Order, Worker};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::handler::BoxFuture;
use crate::query::JobQuery;
use crate::runtime::Runtime;

/// Something to do to all jobs of a query in the background; nothing happens until it is awaited.
///
/// It is stored, and goes on where it was after a restart. It takes the newest jobs first, so that it ends however many come
/// meanwhile, and 500 in each write; one that has left the states that were asked for by then is skipped. Dashboards show it
/// under "Operations", where it can be paused, stopped and, unless it requeues, taken back. Spans until now, as of
/// [`JobQuery::waited`], are counted from when it is begun.
///
/// # Errors
/// [`Error::NotStarted`]; [`Error::InvalidOption`] for a queue or a priority that can't be; [`Error::Store`] when the store can't
/// answer or write.
///
/// # Cancel safety
/// Once it has been polled it may be begun although the future is dropped.
///
/// # Examples
///
/// ```
/// # use boltjobs::{Bulk, Client, JobState};
/// # async fn later(client: Client) -> boltjobs::Result<()> {
/// let failed = client.jobs().state(JobState::Failed).queue("mail");
/// let operation = failed.in_background(Bulk::Requeue).careful().by("ada").await?;
/// println!("{:?}", operation.wait().await?.status);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens until it is awaited"]
#[derive(Debug)]
pub struct BulkOperation {
    query: JobQuery,
    bulk: Bulk,
    careful: bool,
    held: bool,
    actor: Option<String>,
}

impl JobQuery {
    /// Does something to all of the jobs in the background: as many as the [limit](Self::limit) says, default all.
    pub fn in_background(self, bulk: Bulk) -> BulkOperation {
        BulkOperation { query: self, bulk, careful: false, held: false, actor: None }
    }
}

impl BulkOperation {
    /// Begins with one job, goes on with ten, then a hundred, then the others, and stops as soon as one of those that it
    /// watches fails again: of each step up to ten. It is for [`Bulk::Requeue`]; elsewhere nothing is watched.
    pub fn careful(mut self) -> Self {
        self.careful = true;
        self
    }

    /// Begins only once a server starts with another [version](crate::Builder::version) of the program than the one before it:
    /// what failed because of the code may go well then. It can be stopped meanwhile.
    pub fn after_next_deploy(mut self) -> Self {
        self.held = true;
        self
    }

    /// Says who wants it, for the history of the jobs. Default `the program`.
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    async fn run(self) -> Result<OperationHandle> {
        let Self { query, bulk, careful, held, actor } = self;
        let (client, filter, limit) = query.into_parts();
        let runtime = Arc::clone(client.runtime()?);
        // A name or a number that somebody has put together is checked as one that was typed.
        let bulk = Bulk::read(bulk.name(), &bulk.to()).map_err(Error::InvalidOption)?;
        let actor = actor.unwrap_or_else(|| "the program".to_owned());
        let careful = careful && bulk == Bulk::Requeue;
        let order = Order { bulk, filter, careful, held, limit: limit.map(|limit| limit as u64), actor };
        let id = runtime.next_id(runtime.now());
        let (_, work) = runtime.operations.begin(id, order).await?;
        if let Some(work) = work {
            spawn(&runtime, work);
        }
        Ok(OperationHandle { id, client })
    }
}

fn spawn(runtime: &Runtime, work: Worker) {
    runtime.services.spawn(runtime.steer(work));
}

/// Goes on with what a process has left that has ended.
pub(crate) async fn take_up(runtime: &Runtime) {
    for work in runtime.operations.take_up().await {
        spawn(runtime, work);
    }
}

impl IntoFuture for BulkOperation {
    type Output = Result<OperationHandle>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl Client {
    /// Returns the operations, the latest first; about the latest 200 are kept.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn operations(&self) -> Result<Vec<Operation>> {
        Ok(operation::all(&*self.runtime()?.store).await?)
    }

    /// Names an operation, to steer it. That it exists is not checked here.
    pub fn operation(&self, id: JobId) -> OperationHandle {
        OperationHandle { id, client: self.clone() }
    }
}

/// An operation. Dropping it changes nothing.
#[derive(Clone)]
pub struct OperationHandle {
    id: JobId,
    client: Client,
}

impl OperationHandle {
    /// Returns the id of the operation.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Returns how it stands.
    ///
    /// # Errors
    /// [`Error::UnknownOperation`], [`Error::NotStarted`], [`Error::Store`] when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn details(&self) -> Result<Operation> {
        let store = &self.client.runtime()?.store;
        operation::find(&**store, self.id).await?.ok_or(Error::UnknownOperation(self.id))
    }

    /// Waits until it has come to its end, was paused or was stopped, and returns how it stands then. Where another process
    /// works on it, it returns at once.
    ///
    /// # Errors
    /// Those of [`details`](Self::details).
    ///
    /// # Cancel safety
    /// It can be dropped and called again.
    pub async fn wait(&self) -> Result<Operation> {
        self.client.runtime()?.operations.settled(self.id).await;
        self.details().await
    }

    /// Lets it pause. `false` when nothing in this process works on it.
    ///
    /// # Errors
    /// [`Error::NotStarted`].
    pub fn pause(&self) -> Result<bool> {
        Ok(self.client.runtime()?.operations.pause(self.id))
    }

    /// Lets it stop. `false` when nothing in this process works on it.
    ///
    /// # Errors
    /// [`Error::NotStarted`].
    pub fn stop(&self) -> Result<bool> {
        Ok(self.client.runtime()?.operations.stop(self.id))
    }

    /// Goes on with one that was paused or stopped. `false` when it is neither.
    ///
    /// # Errors
    /// Those of [`details`](Self::details).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn resume(&self) -> Result<bool> {
        let runtime = self.client.runtime()?;
        let Some(work) = runtime.operations.resume(self.details().await?) else { return Ok(false) };
        spawn(runtime, work);
        Ok(true)
    }

    /// Takes it back, and returns for how many jobs: up to 10,000, until ten minutes after its end. Jobs that it has deleted wait
    /// again, if they waited; those that it has moved or prioritized get back the queue or the priority that they had, if they
    /// are still where it has put them. [`Operation::left`] says which were left as they are, and why. `None` when it can't be
    /// taken back, or no more: to requeue can't be.
    ///
    /// # Errors
    /// Those of [`details`](Self::details); [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn take_back(&self) -> Result<Option<u64>> {
        let operation = self.details().await?;
        Ok(self.client.runtime()?.operations.take_back(operation, "the program").await?)
    }
}

impl fmt::Debug for OperationHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationHandle").field("id", &self.id).finish_non_exhaustive()
    }
}
