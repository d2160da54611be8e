//! Around enqueueing: one call for each write.

use std::future::poll_fn;
use std::pin::pin;
use std::slice;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use boltjobs_core::batch::NewBatch;
use boltjobs_core::job::NewJob;
use boltjobs_core::store::Enqueued;
use boltjobs_core::{JobId, Timestamp, name};
use chrono::{DateTime, Utc};

use super::order::EnqueueLink;
use crate::error::{Error, Failure, Result};
use crate::panic::{blame, catch_of};
use crate::pipeline::enqueue::{Work, legal_priority, legal_timeout, store};
use crate::request::Request;
use crate::runtime::Runtime;

/// The jobs of one write, before it happens: one of `enqueue()`, all of `enqueue_all(..)`, those of a batch with what
/// follows it.
#[derive(Debug)]
pub struct Submission {
    batches: Vec<NewBatch>,
    jobs: Vec<SubmittedJob>,
}

impl Submission {
    /// Returns how many jobs there are.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Says whether there are none, as in an `enqueue_all` of nothing.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Looks at the jobs, in their order.
    pub fn iter(&self) -> slice::Iter<'_, SubmittedJob> {
        self.jobs.iter()
    }

    /// Looks at the jobs, in their order, to change them.
    pub fn iter_mut(&mut self) -> slice::IterMut<'_, SubmittedJob> {
        self.jobs.iter_mut()
    }
}

impl Submission {
    fn into_work(self) -> Work {
        let jobs = self.jobs.into_iter().map(|job| job.0).collect();
        Work { batches: self.batches, jobs }
    }
}

impl<'a> IntoIterator for &'a Submission {
    type Item = &'a SubmittedJob;
    type IntoIter = slice::Iter<'a, SubmittedJob>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Submission {
    type Item = &'a mut SubmittedJob;
    type IntoIter = slice::IterMut<'a, SubmittedJob>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

/// A job that is about to be written.
#[derive(Debug)]
pub struct SubmittedJob(NewJob);

impl SubmittedJob {
    /// Returns the id that it will have.
    pub fn id(&self) -> JobId {
        self.0.id
    }

    /// Returns the name of its request.
    pub fn request_name(&self) -> &str {
        &self.0.spec.request
    }

    /// Returns what people will see for it: the `Display` of its request, or the name.
    pub fn title(&self) -> &str {
        self.0.spec.title()
    }

    /// Reads the request, if it is of this type. It is a copy, made of what will be stored.
    pub fn request<R: Request>(&self) -> Option<R> {
        let same = R::INFO.name() == self.request_name();
        same.then(|| serde_json::from_slice(&self.0.spec.payload).ok()).flatten()
    }

    /// Returns its queue.
    pub fn queue(&self) -> &str {
        &self.0.spec.queue
    }

    /// Returns its priority: -100 to 100.
    pub fn priority(&self) -> i32 {
        self.0.spec.priority.into()
    }

    /// Returns its tags.
    pub fn tags(&self) -> &[String] {
        &self.0.spec.tags
    }

    /// Returns what is attached under this key.
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.0.spec.meta.get(key).map(String::as_str)
    }

    /// Returns when it may start; `None` for at once.
    pub fn start_at(&self) -> Option<DateTime<Utc>> {
        self.0.start_at.map(Timestamp::to_datetime)
    }

    /// Puts it in another queue: `[a-z0-9_-]`, 1 to 64 characters.
    ///
    /// # Errors
    /// [`Error::Name`] for another name; the queue stays what it was.
    pub fn set_queue(&mut self, queue: &str) -> Result<()> {
        name::validate_queue(queue)?;
        self.0.spec_mut().queue = queue.into();
        Ok(())
    }

    /// Sets the priority within the queue: -100 to 100, higher goes first.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] outside of that; the priority stays what it was.
    pub fn set_priority(&mut self, priority: i32) -> Result<()> {
        self.0.spec_mut().priority = legal_priority(priority)?;
        Ok(())
    }

    /// Sets how often a failed attempt is followed by another; 0 fails at once.
    pub fn set_retries(&mut self, retries: u32) {
        self.0.spec_mut().retries = Some(retries);
    }

    /// Sets how long an attempt may take before it counts as failed.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for zero; the timeout stays what it was.
    pub fn set_timeout(&mut self, timeout: Duration) -> Result<()> {
        legal_timeout(timeout)?;
        self.0.spec_mut().timeout = Some(timeout);
        Ok(())
    }

    /// Adds a word to find the job by.
    pub fn add_tag(&mut self, tag: impl Into<String>) {
        self.0.spec_mut().tags.push(tag.into());
    }

    /// Attaches a value that the handler finds with `ctx.meta(key)`, in place of one that is there.
    pub fn set_meta(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.spec_mut().meta.insert(key.into(), value.into());
    }
}

/// The proof that jobs were written. The write makes it, and nobody else can.
#[derive(Debug)]
pub struct Receipt(Vec<Enqueued>);

impl Receipt {
    /// Returns the ids of the jobs, in their order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = JobId> + '_ {
        self.0.iter().map(|job| job.id)
    }
}

/// What is inside of an interceptor around enqueueing: the others, and then the write.
#[derive(Debug)]
#[must_use = "the jobs are written when `run` is awaited, and only then"]
pub struct NextSubmission {
    runtime: Arc<Runtime>,
    at: usize,
}

impl NextSubmission {
    /// Writes the jobs, through what is inside.
    ///
    /// # Errors
    /// Those of the interceptors inside, and [`Error::Store`] when the store can't write. Then nothing was written,
    /// unless one of them turned a success into an error.
    ///
    /// # Cancel safety
    /// Once it has been polled the jobs may be written although the future is dropped.
    pub async fn run(self, jobs: Submission) -> Result<Receipt> {
        let mut written = pin!(self.write(jobs));
        poll_fn(|context| blame(None, || written.as_mut().poll(context))).await
    }

    async fn write(self, jobs: Submission) -> Result<Receipt> {
        let Self { runtime, at } = self;
        let rest = runtime.registry.interceptors.around_enqueue().get(at..).unwrap_or_default();
        match rest.iter().position(|link| concerns(link, &jobs)) {
            Some(skipped) => {
                let next = Self { runtime: Arc::clone(&runtime), at: at + skipped + 1 };
                intercept(&rest[skipped], jobs, next, &runtime).await
            }
            None => store(&runtime, jobs.into_work()).await.map(Receipt),
        }
    }
}

/// Stores jobs through all interceptors.
pub(crate) async fn submit(runtime: &Arc<Runtime>, work: Work) -> Result<Vec<Enqueued>> {
    let jobs = work.jobs.into_iter().map(SubmittedJob).collect();
    let jobs = Submission { batches: work.batches, jobs };
    let receipt = NextSubmission { runtime: Arc::clone(runtime), at: 0 }.run(jobs).await?;
    Ok(receipt.0)
}

fn concerns(link: &EnqueueLink, jobs: &Submission) -> bool {
    let named = |job: &SubmittedJob| link.only.iter().any(|name| name == job.request_name());
    link.only.is_empty() || jobs.iter().any(named)
}

/// Runs one interceptor. What goes wrong in its own code is an error that names it.
async fn intercept(
    link: &EnqueueLink,
    jobs: Submission,
    next: NextSubmission,
    runtime: &Runtime,
) -> Result<Receipt> {
    let failed = |message: String| Error::Interceptor { name: link.name.to_owned(), message };
    let providers = runtime.providers().with(link.dependencies).await;
    let providers = providers.map_err(|failure| failed(failure.to_string()))?;
    let mut interceptor = (link.run)(jobs, next, providers);
    let ended = poll_fn(|context| match catch_of(link.name, || interceptor.as_mut().poll(context)) {
        Ok(polled) => {
            polled.map_err(|failure| failed(Failure::of_interceptor(link.name, failure).to_string()))
        }
        Err(panic) => Poll::Ready(Err(failed(panic.message))),
    });
    match ended.await? {
        Err(Error::Refused { by, reason }) if by.is_empty() => {
            Err(Error::Refused { by: link.name.to_owned(), reason })
        }
        returned => returned,
    }
}
