//! From a request to a stored job.

use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::{Timestamp, name};
use chrono::{DateTime, TimeZone};

use crate::error::{Error, Result};
use crate::handle::JobHandle;
use crate::handler::BoxFuture;
use crate::request::Request;
use crate::runtime::{self, Runtime};
use crate::trace::{self, TraceParent};

/// An instant that a job can be scheduled for: a `DateTime` of any zone, or a `Timestamp`.
pub trait IntoInstant {
    #[doc(hidden)]
    fn into_instant(self) -> Timestamp;
}

impl<Z: TimeZone> IntoInstant for DateTime<Z> {
    fn into_instant(self) -> Timestamp {
        self.into()
    }
}

impl IntoInstant for Timestamp {
    fn into_instant(self) -> Timestamp {
        self
    }
}

/// When a job may start.
#[derive(Debug, Clone, Copy)]
enum Start {
    Now,
    In(Duration),
    At(Timestamp),
}

/// What may be said of one job; it wins over what the request and the handler say.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobOptions {
    pub(crate) queue: Option<String>,
    pub(crate) priority: Option<i32>,
    pub(crate) retries: Option<u32>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) tags: Vec<String>,
    pub(crate) meta: BTreeMap<String, String>,
    pub(crate) traceparent: Option<String>,
}

impl JobOptions {
    /// Makes what is stored of a request.
    pub(crate) fn spec<R: Request>(self, request: &R, runtime: &Runtime) -> Result<JobSpec> {
        let info = &R::INFO;
        // A request of this program is registered; the name is spelled out again only if that failed.
        let known = runtime.registry.of_type::<R>();
        let name = known.map_or_else(|| info.name().into(), |known| Arc::clone(&known.name));
        let encoded = serde_json::to_vec(request);
        let payload = encoded
            .map_err(|error| Error::Encode { request: name.to_string(), message: error.to_string() })?;
        let queue = self.queue.as_deref().unwrap_or(info.queue);
        name::validate_queue(queue)?;
        let priority = self.priority.unwrap_or_else(|| info.priority.into());
        let legal = i8::try_from(priority).ok().filter(|priority| (-100..=100).contains(priority));
        let priority = legal.ok_or_else(|| {
            Error::InvalidOption(format!(
                "priority {priority} is out of range; use -100 to 100, higher goes first"
            ))
        })?;
        if self.timeout == Some(Duration::ZERO) {
            let mend = "leave `timeout` out for no limit, or give it a span";
            return Err(Error::InvalidOption(format!("a timeout of zero would fail every attempt; {mend}")));
        }
        if let Some(text) = self.traceparent.as_deref().filter(|text| TraceParent::parse(text).is_none()) {
            let form = "00-<32 hex digits>-<16 hex digits>-<2 hex digits>";
            return Err(Error::InvalidOption(format!(
                "`{text}` is no W3C traceparent; its form is `{form}`"
            )));
        }
        let tags = info.tags.iter().map(|tag| (*tag).to_owned()).chain(self.tags).collect();
        Ok(JobSpec {
            version: info.version,
            title: request.title(),
            sensitive: info.sensitive.iter().map(|path| (*path).to_owned()).collect(),
            queue: queue.into(),
            priority,
            concurrency_key: request.concurrency_key(),
            tags,
            meta: self.meta,
            trace: self.traceparent,
            retries: self.retries,
            timeout: self.timeout,
            ..JobSpec::new(name, payload)
        })
    }
}

/// The options that a job may have, as methods of whatever builds one; they win over what its request and its handler
/// say.
macro_rules! job_options {
    () => {
        /// Puts the job in another queue than its request says: `[a-z0-9_-]`, 1 to 64 characters.
        pub fn queue(mut self, queue: impl Into<String>) -> Self {
            self.options.queue = Some(queue.into());
            self
        }

        /// Sets the priority within the queue: -100 to 100, higher goes first.
        pub fn priority(mut self, priority: i32) -> Self {
            self.options.priority = Some(priority);
            self
        }

        /// Sets how often a failed attempt is followed by another; 0 fails at once.
        pub fn retries(mut self, retries: u32) -> Self {
            self.options.retries = Some(retries);
            self
        }

        /// Sets how long an attempt may take before it counts as failed.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.timeout = Some(timeout);
            self
        }

        /// Adds a word to find the job by.
        pub fn tag(mut self, tag: impl Into<String>) -> Self {
            self.options.tags.push(tag.into());
            self
        }

        /// Attaches a value that the handler finds with `ctx.meta(key)`.
        pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
            self.options.meta.insert(key.into(), value.into());
            self
        }

        /// Sets the trace context that the job belongs to, as a W3C `traceparent`.
        pub fn traceparent(mut self, traceparent: impl Into<String>) -> Self {
            self.options.traceparent = Some(traceparent.into());
            self
        }
    };
}
pub(crate) use job_options;

/// A request on its way to the store; nothing happens until it is awaited.
///
/// Made by the helpers of a request: `enqueue()`, `schedule_in(span)` and `schedule_at(instant)`. Awaiting it gives
/// the [`JobHandle`] once the job is on disk.
///
/// # Errors
/// [`Error::NotStarted`] before `start()`, [`Error::Name`] and [`Error::InvalidOption`] for an option that is out of
/// its range, [`Error::Encode`] for a request that is no JSON, [`Error::Store`] when the store can't write.
///
/// # Cancel safety
/// Once it has been polled the job may be written although the future is dropped.
#[must_use = "nothing is enqueued until it is awaited"]
pub struct Enqueue<R> {
    request: R,
    start: Start,
    options: JobOptions,
}

impl<R: Request> Enqueue<R> {
    /// Begins with a request that starts at once.
    #[doc(hidden)]
    pub fn new(request: R) -> Self {
        Self { request, start: Start::Now, options: JobOptions::default() }
    }

    /// Starts it after a span.
    #[doc(hidden)]
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.start = Start::In(delay);
        self
    }

    /// Starts it at an instant.
    #[doc(hidden)]
    pub fn at(mut self, at: impl IntoInstant) -> Self {
        self.start = Start::At(at.into_instant());
        self
    }

    job_options!();

    async fn run(self) -> Result<JobHandle<R>> {
        let runtime = runtime::current().ok_or(Error::NotStarted)?;
        let now = runtime.now();
        let start_at = match self.start {
            Start::Now => None,
            Start::In(delay) => Some(now.plus(delay)),
            Start::At(at) => Some(at),
        };
        let spec = self.options.spec(&self.request, &runtime)?;
        let job = NewJob { id: runtime.next_id(now), spec, start_at };
        let handles = store(&runtime, vec![job], now).await?;
        // One job in, one answer out.
        handles.into_iter().next().ok_or(Error::NotStarted)
    }
}

impl<R: Request> IntoFuture for Enqueue<R> {
    type Output = Result<JobHandle<R>>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<R> fmt::Debug for Enqueue<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Enqueue");
        shown.field("start", &self.start).field("options", &self.options).finish_non_exhaustive()
    }
}

/// Many requests of one type on their way to the store: one atomic, durable write.
///
/// Made by `enqueue_all` of the request. Awaiting it gives a [`JobHandle`] for each, in order.
///
/// # Errors
/// As for [`Enqueue`]; then none of them is enqueued.
#[must_use = "nothing is enqueued until it is awaited"]
pub struct EnqueueAll<R> {
    requests: Vec<R>,
}

impl<R: Request> EnqueueAll<R> {
    /// Collects the requests.
    #[doc(hidden)]
    pub fn new(requests: impl IntoIterator<Item = R>) -> Self {
        Self { requests: requests.into_iter().collect() }
    }

    async fn run(self) -> Result<Vec<JobHandle<R>>> {
        let runtime = runtime::current().ok_or(Error::NotStarted)?;
        let now = runtime.now();
        let jobs = self.requests.iter().map(|request| {
            let spec = JobOptions::default().spec(request, &runtime)?;
            Ok(NewJob { id: runtime.next_id(now), spec, start_at: None })
        });
        let jobs = jobs.collect::<Result<Vec<_>>>()?;
        store(&runtime, jobs, now).await
    }
}

impl<R: Request> IntoFuture for EnqueueAll<R> {
    type Output = Result<Vec<JobHandle<R>>>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<R> fmt::Debug for EnqueueAll<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnqueueAll").field("requests", &self.requests.len()).finish()
    }
}

async fn store<R: Request>(
    runtime: &Arc<Runtime>,
    mut jobs: Vec<NewJob>,
    now: Timestamp,
) -> Result<Vec<JobHandle<R>>> {
    if jobs.iter().any(|job| job.spec.trace.is_none()) {
        let trace = trace::current(runtime);
        for job in &mut jobs {
            job.spec.trace = job.spec.trace.take().or_else(|| trace.clone());
        }
    }
    if tracing::enabled!(tracing::Level::DEBUG) {
        for job in &jobs {
            let (request, queue) = (&job.spec.request, &job.spec.queue);
            tracing::debug!(job = %job.id, %request, %queue, title = job.spec.title(), "enqueue");
        }
    }
    let stored = runtime.store.enqueue(jobs, now).await?;
    Ok(stored.into_iter().map(|job| JobHandle::new(job, Arc::clone(runtime))).collect())
}
