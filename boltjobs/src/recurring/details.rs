//! What the client shows of recurring definitions.

use std::time::Duration;

use boltjobs_core::cron::{Dst, Zone};
use boltjobs_core::mask::masked;
use boltjobs_core::recurring::{Misfire, Overlap, RecurringJob, Run};
use boltjobs_core::{JobId, Timestamp};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::runtime::Runtime;

/// Everything that is known of a recurring definition, at the moment at which it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct RecurringDetails {
    job: RecurringJob,
    error: Option<String>,
}

impl RecurringDetails {
    pub(crate) fn new(job: RecurringJob, runtime: &Runtime) -> Self {
        let request = &job.definition.spec.request;
        let unreadable =
            job.definition.error().map(|error| format!("{error}; add the definition again to mend it"));
        // Its jobs wait; the definition itself stops nobody else.
        let unknown = || {
            runtime.registry.by_name(request).is_none().then(|| {
                format!(
                    "no request `{request}` in this program; its jobs wait for a server that handles it. \
                     Say `use that_crate as _;` if it lives in another crate, or remove the definition"
                )
            })
        };
        let error = unreadable.or_else(unknown);
        Self { job, error }
    }

    /// Returns its id.
    pub fn id(&self) -> &str {
        &self.job.definition.id
    }

    /// Returns when it fires, as a cron expression.
    pub fn cron(&self) -> &str {
        self.job.definition.cron.as_str()
    }

    /// Returns the time zone of its cron expression, by its IANA name.
    pub fn timezone(&self) -> &str {
        self.job.definition.zone.as_str()
    }

    /// Returns that time zone, unless this release does not know it.
    pub fn zone(&self) -> Option<Zone> {
        self.job.definition.zone.read().ok().copied()
    }

    /// Returns what becomes of missed occurrences.
    pub fn misfire(&self) -> Misfire {
        self.job.definition.misfire
    }

    /// Returns what becomes of an occurrence while an earlier job has not ended.
    pub fn overlap(&self) -> Overlap {
        self.job.definition.overlap
    }

    /// Returns what happens where clocks are changed.
    pub fn dst(&self) -> Dst {
        self.job.definition.dst
    }

    /// Returns by how much its jobs are put off at most.
    pub fn jitter(&self) -> Duration {
        self.job.definition.jitter
    }

    /// Returns the first instant at which it may fire, if it has one.
    pub fn starts_at(&self) -> Option<DateTime<Utc>> {
        self.job.definition.starts_at.map(Timestamp::to_datetime)
    }

    /// Returns the last instant at which it may fire, if it has one.
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.job.definition.ends_at.map(Timestamp::to_datetime)
    }

    /// Says whether the code declares it, with `#[request(recurring(..))]`.
    pub fn is_declared(&self) -> bool {
        self.job.definition.declared_by.is_some()
    }

    /// Returns the name of its request.
    pub fn request_name(&self) -> &str {
        &self.job.definition.spec.request
    }

    /// Returns the queue of its jobs.
    pub fn queue(&self) -> &str {
        &self.job.definition.spec.queue
    }

    /// Returns the request of its jobs, with `***` for what is sensitive; as a text where it is no JSON.
    pub fn payload(&self) -> Value {
        masked(&self.job.definition.spec)
    }

    /// Returns when it was first added.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.job.created_at.to_datetime()
    }

    /// Returns when what it says last changed.
    pub fn updated_at(&self) -> DateTime<Utc> {
        self.job.updated_at.to_datetime()
    }

    /// Returns when it fires next; never, when it is paused, is over, or its cron has no occurrence left.
    pub fn next_run(&self) -> Option<DateTime<Utc>> {
        self.job.next.map(Timestamp::to_datetime)
    }

    /// Returns when it last made a job.
    pub fn last_run(&self) -> Option<DateTime<Utc>> {
        self.job.last.map(|(_, at)| at.to_datetime())
    }

    /// Returns the latest job that it made.
    pub fn last_job(&self) -> Option<JobId> {
        self.job.last.map(|(job, _)| job)
    }

    /// Returns its latest runs, oldest first: at most 50. They are kept although their jobs may be gone.
    pub fn runs(&self) -> &[Run] {
        &self.job.runs
    }

    /// Says whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.job.paused
    }

    /// Returns what is wrong with it, and how to mend it.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}
