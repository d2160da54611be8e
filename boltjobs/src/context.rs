//! What a handler can ask of the job that it runs.

mod family;
mod progress;
mod step;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::clock::Clock;
use boltjobs_core::job::{Epoch, JobSpec};
use boltjobs_core::notes::Progress;
use boltjobs_core::{JobId, Timestamp};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::error::JobResult;
use crate::pipeline::running::RunningJob;
use crate::pipeline::stop::Stop;
use crate::provider::Providers;
use crate::runtime::Runtime;
use crate::trace::TraceParent;

pub use progress::ProgressBar;
pub(crate) use step::Steps;

/// The most bytes of a name or a message that a job notes.
const LONGEST_NOTE: usize = 1_000;

/// The job that a handler runs. Cheap to clone.
#[derive(Clone)]
pub struct JobContext(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) id: JobId,
    pub(crate) spec: Arc<JobSpec>,
    pub(crate) attempt: u32,
    pub(crate) retries: u32,
    pub(crate) epoch: Epoch,
    pub(crate) created_at: Timestamp,
    /// Tells the handler of a `process()` to stop; a job has its own.
    pub(crate) stop: Stop,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    /// When the attempt began, by that clock's `monotonic`.
    pub(crate) started: Duration,
    pub(crate) trace: TraceParent,
    pub(crate) steps: Steps,
    /// What the job was claimed by; `process()` claims nothing.
    pub(crate) claim: Option<Claim>,
}

/// The right to write for the job.
pub(crate) struct Claim {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) running: Arc<RunningJob>,
    /// Whether earlier attempts have noted something.
    pub(crate) has_notes: bool,
}

impl JobContext {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Returns the id of the job.
    pub fn id(&self) -> JobId {
        self.0.id
    }

    /// Returns the name of the request.
    pub fn request_name(&self) -> &str {
        &self.0.spec.request
    }

    /// Returns what people see for the job: its `Display`, or the name of its request.
    pub fn title(&self) -> &str {
        self.0.spec.title()
    }

    /// Returns the queue that the job came from.
    pub fn queue(&self) -> &str {
        &self.0.spec.queue
    }

    /// Returns the number of this attempt: 1 is the first run.
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// Says whether a failure of this attempt is final.
    pub fn is_last_attempt(&self) -> bool {
        self.0.attempt > self.0.retries
    }

    /// Returns when the job was enqueued.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at.to_datetime()
    }

    /// Returns what the code that enqueued attached under this key.
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.0.spec.meta.get(key).map(String::as_str)
    }

    /// Returns the tags of the job.
    pub fn tags(&self) -> &[String] {
        &self.0.spec.tags
    }

    /// Returns the id of the recurring definition that made the job.
    pub fn recurring_id(&self) -> Option<&str> {
        self.0.spec.occurrence.as_ref().map(|occurrence| &*occurrence.recurring)
    }

    /// Returns the instant of the recurring definition that the job stands for.
    pub fn scheduled_for(&self) -> Option<DateTime<Utc>> {
        self.0.spec.occurrence.as_ref().map(|occurrence| occurrence.scheduled_for.to_datetime())
    }

    /// Returns a number that rises with each claim of the job and never goes back.
    ///
    /// Store it with what the handler writes elsewhere and refuse a smaller one: a handler that lost its job to
    /// another server then can't undo the other's work.
    pub fn fence(&self) -> u64 {
        self.0.epoch.get()
    }

    /// Returns the time, by the clock that decides when jobs are due: that of the system, and in a test that of the test.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now().to_datetime()
    }

    /// Returns how long this attempt has been running. What the history says of an attempt counts from the same
    /// instant.
    pub fn elapsed(&self) -> Duration {
        self.0.clock.monotonic().saturating_sub(self.0.started)
    }

    /// Says whether the handler shall stop: the job was deleted, its lease was lost, or the server shuts down.
    pub fn is_cancelled(&self) -> bool {
        self.stop().has_fired()
    }

    /// Waits until the handler shall stop.
    ///
    /// # Cancel safety
    /// It can be dropped and called again.
    pub async fn cancelled(&self) {
        self.stop().token().cancelled().await;
    }

    /// Returns the token that fires when the handler shall stop, to be passed on.
    pub fn token(&self) -> CancellationToken {
        self.stop().token().clone()
    }

    fn stop(&self) -> &Stop {
        self.0.claim.as_ref().map_or(&self.0.stop, |claim| &claim.running.stop)
    }

    pub(crate) fn cancel(&self) {
        self.stop().fire();
    }

    /// Returns the place of this attempt in its trace, and that of the code that enqueued.
    pub(crate) fn trace(&self) -> (TraceParent, Option<TraceParent>) {
        (self.0.trace, self.0.spec.trace.as_deref().and_then(TraceParent::parse))
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Does a part of the job once: when it has returned, its result is stored, and later attempts read it back instead
    /// of doing it again.
    ///
    /// The result is on disk when this returns. Its JSON may have 1 MiB (`builder().max_result(..)`). It is kept over
    /// retries, crashes, and a requeue of a job that has failed or was deleted; a job that has succeeded and is requeued
    /// begins anew. A crash between the end of `run` and the write does the step again: at least once, like the job.
    /// In `process()` steps run and nothing is kept.
    ///
    /// The name is 1 to 200 bytes long, and each step of an attempt has another: in a loop, put the index into it. A step
    /// that has failed may be tried again under its name.
    ///
    /// # Errors
    /// What `run` returns; then nothing is kept. A name that can't be used, a result that is too large or that can't be
    /// read back end the job without another attempt, since it would only do the work again. When the lease was lost, the
    /// handler is told so and its token fires. While the store fails, this waits and tries again.
    ///
    /// # Cancel safety
    /// Dropping the future drops `run`, or may leave the step stored.
    pub async fn step<T, F, Fut>(&self, name: impl Into<String>, run: F) -> JobResult<T>
    where
        T: Serialize + DeserializeOwned + Send,
        F: FnOnce() -> Fut,
        Fut: Future<Output = JobResult<T>>,
    {
        let name = name.into();
        let begun = self.0.steps.begin(&name)?;
        let Some(claim) = &self.0.claim else {
            let value = run().await?;
            begun.keep();
            return Ok(value);
        };
        if let Some(done) = self.0.steps.done(claim, &name).await? {
            begun.keep();
            return step::decode(done);
        }
        let clock = &claim.runtime.clock;
        let started = clock.monotonic();
        let value = run().await?;
        let took = clock.monotonic().saturating_sub(started);
        let json = step::encode(&name, &value, claim.runtime.max_result)?;
        step::keep(claim, &name, json, took).await?;
        begun.keep();
        Ok(value)
    }

    /// Says how far the job is: 0 to 100 percent (more counts as 100), and what it is at.
    ///
    /// It returns at once. Only the latest word is kept, and written twice a second at most, and when the attempt ends.
    /// Of the message 1,000 bytes are kept.
    pub fn progress(&self, percent: u8, message: impl Into<String>) {
        if let Some(claim) = &self.0.claim {
            let (percent, message) = (percent.min(100), cut(message.into()));
            claim.running.notebook.set_progress(Progress { percent, message, at: claim.runtime.now() });
        }
    }

    /// Begins a bar for a part of the job, of which there is `total` to do.
    ///
    /// Another one of this name ends with it. A job keeps 100 of them, and of their names 1,000 bytes.
    pub fn progress_bar(&self, name: impl Into<String>, total: u64) -> ProgressBar {
        let job = self.0.claim.as_ref().map(|claim| Arc::clone(&claim.running));
        ProgressBar::new(cut(name.into()), total, job)
    }

    /// Returns the place of this attempt in its trace, as a W3C `traceparent`, to be passed on with calls to others.
    ///
    /// The trace is that of the code that enqueued the job, or else one of the job's own. Each attempt is another span.
    pub fn traceparent(&self) -> String {
        self.0.trace.to_string()
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_NOTE));
    text
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        let mut shown = f.debug_struct("JobContext");
        shown.field("id", &inner.id).field("request", &inner.spec.request).field("attempt", &inner.attempt);
        shown.finish_non_exhaustive()
    }
}
