//! From a request to a stored job.

use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::batch::NewBatch;
use boltjobs_core::continuation::{After, Parent, ParentId};
use boltjobs_core::job::{DEFAULT_QUEUE, JobSpec, NewJob};
use boltjobs_core::store::Enqueued;
use boltjobs_core::unique::Unique;
use boltjobs_core::{Timestamp, name, priority};
use chrono::{DateTime, TimeZone};

use crate::error::{Error, Result};
use crate::handle::JobHandle;
use crate::handler::BoxFuture;
use crate::interceptor;
use crate::meters;
use crate::request::{Request, RequestInfo, RequestParts};
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
    pub(crate) expires_in: Option<Duration>,
    pub(crate) unique: Option<Unique>,
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
        let parts = RequestParts::of(request);
        let parts = parts.map_err(|message| Error::Encode { request: name.to_string(), message })?;
        self.spec_of(info, name, parts)
    }

    /// Makes what is stored of a request whose type is forgotten.
    pub(crate) fn spec_of(self, info: &RequestInfo, name: Arc<str>, parts: RequestParts) -> Result<JobSpec> {
        let queue = self.queue.as_deref().unwrap_or(info.queue);
        let queue = if queue == DEFAULT_QUEUE {
            name::default_queue()
        } else {
            name::validate_queue(queue)?;
            queue.into()
        };
        let priority = legal_priority(self.priority.unwrap_or_else(|| info.priority.into()))?;
        self.timeout.map_or(Ok(()), legal_timeout)?;
        if self.expires_in == Some(Duration::ZERO) {
            let mend = "leave `expires_in` out to wait for ever, or give it a span";
            return Err(Error::InvalidOption(format!(
                "a job that expires within no time could never start; {mend}"
            )));
        }
        let unique_fault = self.unique.as_ref().and_then(|unique| unique.validate().err());
        if let Some(fault) = unique_fault {
            return Err(Error::InvalidOption(fault.to_string()));
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
            title: parts.title,
            sensitive: info.sensitive.iter().map(|path| (*path).to_owned()).collect(),
            queue,
            priority,
            concurrency_key: parts.concurrency_key.map(Arc::from),
            tags,
            meta: self.meta,
            trace: self.traceparent,
            retries: self.retries,
            timeout: self.timeout,
            expires_in: self.expires_in,
            unique: self.unique,
            ..JobSpec::new(name, parts.payload)
        })
    }
}

/// Checks a priority.
pub(crate) fn legal_priority(priority: i32) -> Result<i8> {
    priority::legal(priority).map_err(Error::InvalidOption)
}

/// Checks a timeout.
pub(crate) fn legal_timeout(timeout: Duration) -> Result<()> {
    if timeout.is_zero() {
        let mend = "leave `timeout` out for no limit, or give it a span";
        return Err(Error::InvalidOption(format!("a timeout of zero would fail every attempt; {mend}")));
    }
    Ok(())
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

        /// Deletes the job if it has not been started by then, with that as the reason; counted from when it is
        /// enqueued, whatever it waits for. Once it has started, neither a retry nor a crash brings the time back.
        pub fn expires_in(mut self, span: std::time::Duration) -> Self {
            self.options.expires_in = Some(span);
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
/// its range, [`Error::Encode`] for a request that is no JSON, [`Error::Store`] when the store can't write,
/// [`Error::Refused`] and whatever else an interceptor around enqueueing returns.
///
/// # Cancel safety
/// Once it has been polled the job may be written although the future is dropped.
#[must_use = "nothing is enqueued until it is awaited"]
pub struct Enqueue<R> {
    request: R,
    start: Start,
    options: JobOptions,
    parents: Vec<Parent>,
    /// What `when` said with no parent before it.
    orphaned: bool,
}

impl<R: Request> Enqueue<R> {
    /// Begins with a request that starts at once.
    #[doc(hidden)]
    pub fn new(request: R) -> Self {
        let (parents, options) = (Vec::new(), JobOptions::default());
        Self { request, start: Start::Now, options, parents, orphaned: false }
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

    /// Lets the job wait until a job or a batch has ended, by default in success; with several, until all have.
    ///
    /// If one of them ends otherwise, the job is deleted; if it had already ended, that is decided at once. A time to
    /// start at is waited for, too.
    pub fn after(mut self, parent: impl Into<ParentId>) -> Self {
        self.parents.push(Parent { id: parent.into(), when: After::default() });
        self
    }

    /// Says which end of the parent that was named last lets the job run.
    pub fn when(mut self, when: After) -> Self {
        match self.parents.last_mut() {
            Some(parent) => parent.when = when,
            None => self.orphaned = true,
        }
        self
    }

    /// Lets only one job of this request hold a key at a time: `unique("invoice:17")`, or a [`Unique`] that says when it
    /// is held, and what happens to a job whose key is held.
    ///
    /// By default a job holds its key until it has ended, and another one is not enqueued: the handle is that of the job
    /// that is there, and [`is_duplicate`](JobHandle::is_duplicate) says so. It is decided in the write, so of any number
    /// of jobs that race for a key one wins.
    pub fn unique(mut self, unique: impl Into<Unique>) -> Self {
        self.options.unique = Some(unique.into());
        self
    }

    async fn run(self) -> Result<JobHandle<R>> {
        let runtime = runtime::current().ok_or(Error::NotStarted)?;
        let job = self.job(&runtime, runtime.now())?;
        let handles = handles(&runtime, Work { batches: Vec::new(), jobs: vec![job] }).await?;
        // One job in, one answer out.
        handles.into_iter().next().ok_or(Error::NotStarted)
    }

    /// Makes what is stored.
    pub(crate) fn job(self, runtime: &Runtime, now: Timestamp) -> Result<NewJob> {
        if self.orphaned {
            return Err(Error::InvalidOption(
                "`when` says how a parent ends, and no parent was named before it; \
                 begin with `continue_after(&job)`, or say `after(&job)` first"
                    .to_owned(),
            ));
        }
        let start_at = match self.start {
            Start::Now => None,
            Start::In(delay) => Some(now.plus(delay)),
            Start::At(at) => Some(at),
        };
        let spec = JobSpec { parents: self.parents, ..self.options.spec(&self.request, runtime)? };
        Ok(NewJob { id: runtime.next_id(now), spec: spec.shared(), start_at })
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
            Ok(NewJob { id: runtime.next_id(now), spec: spec.shared(), start_at: None })
        });
        let jobs = jobs.collect::<Result<Vec<_>>>()?;
        handles(&runtime, Work { batches: Vec::new(), jobs }).await
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

/// What one write adds.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) batches: Vec<NewBatch>,
    pub(crate) jobs: Vec<NewJob>,
}

/// Stores jobs of one request, and returns the handle of each.
pub(crate) async fn handles<R: Request>(runtime: &Arc<Runtime>, work: Work) -> Result<Vec<JobHandle<R>>> {
    let stored = submit(runtime, work).await?;
    Ok(stored.into_iter().map(|job| JobHandle::new(job, Arc::clone(runtime))).collect())
}

/// Stores batches and jobs, all or none, in one write, and returns what became of each job, in order. Whatever enqueues
/// goes through here, and so through the interceptors around enqueueing.
pub(crate) async fn submit(runtime: &Arc<Runtime>, work: Work) -> Result<Vec<Enqueued>> {
    if runtime.registry.interceptors.around_enqueue().is_empty() {
        return store(runtime, work).await;
    }
    interceptor::submit(runtime, work).await
}

/// The write itself.
pub(crate) async fn store(runtime: &Runtime, mut work: Work) -> Result<Vec<Enqueued>> {
    trace::name_parent(&mut work.jobs);
    if work.jobs.iter().any(|job| job.spec.trace.is_none()) {
        let trace = trace::current(runtime);
        for job in work.jobs.iter_mut().filter(|job| job.spec.trace.is_none()) {
            job.spec_mut().trace.clone_from(&trace);
        }
    }
    if tracing::enabled!(tracing::Level::DEBUG) {
        for job in &work.jobs {
            let (request, queue) = (&job.spec.request, &job.spec.queue);
            tracing::debug!(job = %job.id, %request, %queue, title = job.spec.title(), "enqueue");
        }
    }
    let tally = runtime.meters.tally(&work.jobs);
    let stored = runtime.store.submit(work.batches, work.jobs, runtime.now()).await;
    let stored = stored.inspect_err(meters::store_failed)?;
    tally.enqueued(&stored);
    Ok(stored)
}
