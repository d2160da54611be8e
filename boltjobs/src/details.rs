//! What the client shows of jobs.

use std::collections::BTreeMap;

use boltjobs_core::continuation::ParentId;
use boltjobs_core::job::{ErrorInfo, HistoryRow, Job};
use boltjobs_core::lineage::EnqueuedBy;
use boltjobs_core::mask::masked;
use boltjobs_core::notes::{Bar, LogLine, Notes, Progress, Step};
use boltjobs_core::store::{Counts, StateCounts};
use boltjobs_core::{BatchId, JobId, JobState};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Everything that is known of a job, at the moment at which it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct JobDetails(Job, Notes);

impl JobDetails {
    /// Shows a job as lists do: without what it has noted.
    pub(crate) fn new(job: Job) -> Self {
        Self(job, Notes::default())
    }

    pub(crate) fn with_notes(self, notes: Option<Notes>) -> Self {
        Self(self.0, notes.unwrap_or_default())
    }

    /// Returns its id.
    pub fn id(&self) -> JobId {
        self.0.id
    }

    /// Returns where it stands.
    pub fn state(&self) -> JobState {
        self.0.state
    }

    /// Returns since when.
    pub fn since(&self) -> DateTime<Utc> {
        self.0.since.to_datetime()
    }

    /// Returns what people see: the `Display` of its request, or the name.
    pub fn title(&self) -> &str {
        self.0.spec.title()
    }

    /// Returns the name of its request.
    pub fn request_name(&self) -> &str {
        &self.0.spec.request
    }

    /// Returns the version of its payload.
    pub fn version(&self) -> u32 {
        self.0.spec.version
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

    /// Returns what the code that enqueued attached.
    pub fn meta(&self) -> &BTreeMap<String, String> {
        &self.0.spec.meta
    }

    /// Returns when it was enqueued.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at.to_datetime()
    }

    /// Returns when it is due, while it is Scheduled.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.0.due.map(boltjobs_core::Timestamp::to_datetime)
    }

    /// Returns until when it has to be started, or it is deleted; `None` when it has all the time, or has started.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires.map(boltjobs_core::Timestamp::to_datetime)
    }

    /// Returns the key that only one job of its request may hold.
    pub fn unique_key(&self) -> Option<&str> {
        self.0.spec.unique.as_ref().map(|unique| &*unique.key)
    }

    /// Returns the attempts so far; the one that runs is counted.
    pub fn attempts(&self) -> u32 {
        self.0.attempt
    }

    /// Says whether it runs and was asked to stop.
    pub fn is_cancelling(&self) -> bool {
        self.0.cancel.is_some()
    }

    /// Returns the id of the recurring definition that made it.
    pub fn recurring_id(&self) -> Option<&str> {
        self.0.spec.occurrence.as_ref().map(|occurrence| &*occurrence.recurring)
    }

    /// Returns who enqueued it: the handler of another job, somebody on the dashboard, a recurring definition, or code within a
    /// trace. `None` where nothing tells.
    pub fn enqueued_by(&self) -> Option<EnqueuedBy> {
        EnqueuedBy::of(&self.0.spec)
    }

    /// Returns the jobs and batches that it waited for, or waits for.
    pub fn parents(&self) -> impl ExactSizeIterator<Item = ParentId> + '_ {
        self.0.spec.parents.iter().map(|parent| parent.id)
    }

    /// Returns the batch that it belongs to.
    pub fn batch_id(&self) -> Option<BatchId> {
        self.0.spec.batch
    }

    /// Returns its transitions, oldest first: the first one and the latest 63.
    pub fn history(&self) -> &[HistoryRow] {
        &self.0.history
    }

    /// Returns the error of the latest attempt that failed.
    pub fn last_error(&self) -> Option<&ErrorInfo> {
        self.0.last_error()
    }

    /// Returns what the latest success returned; `None` for `()`, and when there was none.
    pub fn result(&self) -> Option<Value> {
        serde_json::from_slice(self.0.result()?).ok()
    }

    /// Returns the steps that it has finished, in that order. Lists leave them out, here and below: ask for one job, with
    /// [`Client::job`](crate::Client::job).
    pub fn steps(&self) -> &[Step] {
        &self.1.steps
    }

    /// Returns how far it is, by its latest word in whichever attempt.
    pub fn progress(&self) -> Option<&Progress> {
        self.1.progress.as_ref()
    }

    /// Returns how far its parts are.
    pub fn bars(&self) -> &[Bar] {
        &self.1.bars
    }

    /// Returns what its handler has logged, oldest first: at most 1,000 lines and 256 KiB, over all attempts.
    pub fn log(&self) -> impl Iterator<Item = &LogLine> {
        self.1.log.lines()
    }

    /// Returns the W3C `traceparent` of the code that enqueued it, if there was one.
    pub fn traceparent(&self) -> Option<&str> {
        self.0.spec.trace.as_deref()
    }

    /// Returns the request, with `***` for what is sensitive; as a text where it is no JSON.
    pub fn payload(&self) -> Value {
        masked(&self.0.spec)
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The jobs, newest first unless the oldest were asked for.
    pub jobs: Vec<JobDetails>,
    /// Where the next page begins, for [`JobQuery::after`](crate::JobQuery::after); `None` on the last one. (After a
    /// search for a text the next page may turn out to be empty.)
    pub next: Option<JobId>,
}

/// How many jobs there are in each state, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Jobs that wait for a parent.
    pub awaiting: u64,
    /// Jobs that wait for a time.
    pub scheduled: u64,
    /// Jobs that wait for a worker.
    pub enqueued: u64,
    /// Jobs that run.
    pub processing: u64,
    /// Jobs that ended well and are still kept.
    pub succeeded: u64,
    /// Jobs that failed for good and are still kept.
    pub failed: u64,
    /// Jobs that were deleted and are still kept.
    pub deleted: u64,
    /// The same for each queue.
    pub queues: BTreeMap<String, Stats>,
    /// The same for each request.
    pub requests: BTreeMap<String, Stats>,
}

impl Stats {
    pub(crate) fn new(counts: Counts) -> Self {
        let named = |counts: BTreeMap<std::sync::Arc<str>, StateCounts>| {
            counts.into_iter().map(|(name, states)| (name.to_string(), Self::of(states))).collect()
        };
        Self { queues: named(counts.queues), requests: named(counts.requests), ..Self::of(counts.states) }
    }

    fn of(states: StateCounts) -> Self {
        Self {
            awaiting: states.get(JobState::Awaiting),
            scheduled: states.get(JobState::Scheduled),
            enqueued: states.get(JobState::Enqueued),
            processing: states.get(JobState::Processing),
            succeeded: states.get(JobState::Succeeded),
            failed: states.get(JobState::Failed),
            deleted: states.get(JobState::Deleted),
            ..Self::default()
        }
    }
}
