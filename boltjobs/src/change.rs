//! Changing a job that waits, or has failed.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use boltjobs_core::job::Content;
use boltjobs_core::store::Change;
use boltjobs_core::{JobId, JobState, name};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::handler::BoxFuture;
use crate::pipeline::enqueue::legal_priority;
use crate::request::{Request, RequestInfo, RequestParts};

/// A change of a job that waits or has failed; nothing happens until it is awaited, and then it says whether the job is as was
/// asked.
///
/// `false` when the job does not exist, runs, has succeeded or was deleted, or is in a state that was not
/// [expected](Self::expecting). Its unique key, its tags and everything else that is not named stays.
///
/// # Errors
/// [`Error::NotStarted`]; [`Error::Name`] and [`Error::InvalidOption`] for a queue and a priority that can't be; [`Error::InvalidOption`]
/// when the job is of another request; [`Error::Encode`] for a request that is no JSON; [`Error::Store`] when the store can't
/// answer or write.
///
/// # Cancel safety
/// Once it has been polled it may happen although the future is dropped.
///
/// # Examples
///
/// ```
/// # async fn later(client: boltjobs::Client, id: boltjobs::JobId) -> boltjobs::Result<()> {
/// if client.change(id).queue("slow").priority(-10).await? {
///     println!("it waits in the queue `slow` now");
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens until it is awaited"]
pub struct JobChange {
    client: Client,
    id: JobId,
    queue: Option<String>,
    priority: Option<i32>,
    request: Option<(&'static RequestInfo, Result<RequestParts, String>)>,
    expected: Vec<JobState>,
}

impl Client {
    /// Begins to change a job that waits or has failed: its queue, its priority, its request.
    pub fn change(&self, id: JobId) -> JobChange {
        let client = self.clone();
        JobChange { client, id, queue: None, priority: None, request: None, expected: Vec::new() }
    }
}

impl JobChange {
    /// Moves it to another queue, where it has the place that its age gives it.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// Sets its priority: -100 to 100, higher goes first within the queue.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Has it do this instead. Its attempts are counted anew, and the steps, the progress and the log of the attempts before
    /// go. One that has failed stays so until it is requeued.
    pub fn request<R: Request>(mut self, request: &R) -> Self {
        self.request = Some((&R::INFO, RequestParts::of(request)));
        self
    }

    /// Does it only if the job is in this state; may be said several times.
    pub fn expecting(mut self, state: JobState) -> Self {
        self.expected.push(state);
        self
    }

    async fn run(self) -> Result<bool> {
        let runtime = self.client.runtime()?;
        let queue = self.queue.as_deref();
        queue.map(name::validate_queue).transpose()?;
        let mut change = Change {
            queue: queue.map(Arc::from),
            priority: self.priority.map(legal_priority).transpose()?,
            expected: self.expected,
            ..Change::default()
        };
        if let Some((info, parts)) = self.request {
            let Some(job) = runtime.store.job(self.id).await? else { return Ok(false) };
            let (asked, is) = (info.name(), &*job.spec.request);
            if asked != is && !info.aliases.contains(&is) {
                return Err(Error::InvalidOption(format!(
                    "job {} is of request `{is}`, and not of `{asked}`; enqueue a new one, and delete this one",
                    self.id
                )));
            }
            let parts = parts.map_err(|message| Error::Encode { request: asked.clone(), message })?;
            change.content = Some(content(info, parts));
        }
        let changed = runtime.store.change(vec![self.id], change, runtime.now()).await?;
        Ok(changed == [true])
    }
}

fn content(info: &RequestInfo, parts: RequestParts) -> Content {
    Content {
        version: info.version,
        title: parts.title,
        payload: parts.payload,
        sensitive: info.sensitive.iter().map(|path| (*path).to_owned()).collect(),
        concurrency_key: parts.concurrency_key.map(Arc::from),
    }
}

impl IntoFuture for JobChange {
    type Output = Result<bool>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for JobChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobChange")
            .field("id", &self.id)
            .field("queue", &self.queue)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}
