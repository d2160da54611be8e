//! What a handler can ask of the job that it runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::clock::Clock;
use boltjobs_core::job::{Epoch, JobSpec};
use boltjobs_core::{JobId, Timestamp};
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::provider::Providers;

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
    pub(crate) token: CancellationToken,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    /// When the attempt began, by that clock's `monotonic`.
    pub(crate) started: Duration,
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

    /// Returns how long this attempt has been running. What the history says of an attempt counts from the same
    /// instant.
    pub fn elapsed(&self) -> Duration {
        self.0.clock.monotonic().saturating_sub(self.0.started)
    }

    /// Says whether the handler shall stop: the job was deleted, its lease was lost, or the server shuts down.
    pub fn is_cancelled(&self) -> bool {
        self.0.token.is_cancelled()
    }

    /// Waits until the handler shall stop.
    ///
    /// # Cancel safety
    /// It can be dropped and called again.
    pub async fn cancelled(&self) {
        self.0.token.cancelled().await;
    }

    /// Returns the token that fires when the handler shall stop, to be passed on.
    pub fn token(&self) -> CancellationToken {
        self.0.token.clone()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        let mut shown = f.debug_struct("JobContext");
        shown.field("id", &inner.id).field("request", &inner.spec.request).field("attempt", &inner.attempt);
        shown.finish_non_exhaustive()
    }
}
