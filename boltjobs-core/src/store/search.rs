//! Finding jobs.

mod terms;

use std::sync::Arc;

use serde_json::Value;

use crate::continuation::ParentId;
use crate::fingerprint::{Fingerprint, Pattern};
use crate::job::Job;
use crate::mask::{masked, pointer};
use crate::store::{Store, StoreError};
use crate::text::folded;
use crate::{BatchId, JobId, JobState, Timestamp};

pub use terms::{Compare, Moment};

/// The most jobs that one look at a store examines.
pub const LOOKS: usize = 10_000;

/// Which jobs are meant: those that match everything that is said. What is left empty matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Their state is one of these.
    pub states: Vec<JobState>,
    /// Their queue is one of these.
    pub queues: Vec<Arc<str>>,
    /// Their request has one of these names.
    pub requests: Vec<Arc<str>>,
    /// They have all of these tags.
    pub tags: Vec<String>,
    /// They belong to this batch.
    pub batch: Option<BatchId>,
    /// They have not ended, and name this parent.
    pub parent: Option<ParentId>,
    /// They have failed for good, or wait for another attempt, with one of these failures.
    pub failures: Vec<Fingerprint>,
    /// They wait for another attempt after one that failed.
    pub retrying: bool,
    /// They have this text, in upper or lower case, in one of: id, title, name of the request, tags, metadata, errors,
    /// and payload. A payload with sensitive values is not searched.
    pub text: Option<String>,
    /// They have all of these texts, in upper or lower case, in the error of the latest attempt that failed: its type, its
    /// message or a cause.
    pub errors: Vec<String>,
    /// So many attempts were made; one that runs is counted.
    pub attempts: Vec<(Compare, u32)>,
    /// They wait (Awaiting, Scheduled or Enqueued), and have for so long; an instant stands for the time since then.
    pub waited: Vec<(Compare, Moment)>,
    /// They were enqueued at this moment or after it. The time of their ids counts: of a run of a recurring definition that
    /// is the instant for which it was made.
    pub enqueued_after: Option<Moment>,
    /// They were enqueued before this moment, by the time of their ids.
    pub enqueued_before: Option<Moment>,
    /// They have these values in their payload, each behind its path, as in `customer.id`: a text, or a number, `true`,
    /// `false` or `null` as it is written in JSON. A list has the values of its items. What is sensitive has none.
    pub args: Vec<(String, String)>,
}

/// Which jobs a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// Which jobs are meant.
    pub filter: JobFilter,
    /// Whether the oldest ones come first, instead of the newest.
    pub oldest_first: bool,
    /// Where the page before ended.
    pub after: Option<JobId>,
    /// The most jobs.
    pub limit: usize,
}

/// Some jobs, in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The jobs. There may be fewer than were asked for, or none, although others follow: a look is bounded.
    pub jobs: Vec<Job>,
    /// Where the next page begins; `None` when there are no others.
    pub next: Option<JobId>,
}

/// How many jobs were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number.
    pub jobs: u64,
    /// Where to go on counting; `None` when all were counted.
    pub next: Option<JobId>,
}

/// Counts all jobs that a filter means, look after look.
///
/// # Errors
/// When the store can't answer.
pub async fn count_all(store: &dyn Store, filter: &JobFilter) -> Result<u64, StoreError> {
    let (mut jobs, mut after) = (0, None);
    loop {
        let tally = store.count(filter.clone(), after).await?;
        (jobs, after) = (jobs + tally.jobs, tally.next);
        if after.is_none() {
            return Ok(jobs);
        }
    }
}

impl JobFilter {
    /// Returns the filter as a store takes it, for whoever asks at this time: with an instant in place of each span that goes
    /// back from now. A store does not know when it is asked, so that with such a span no job is meant.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        let mut filter = self.clone();
        for (_, moment) in &mut filter.waited {
            *moment = moment.at(now);
        }
        for moment in [&mut filter.enqueued_after, &mut filter.enqueued_before].into_iter().flatten() {
            *moment = moment.at(now);
        }
        filter
    }

    /// Says whether it means this job.
    pub fn admits(&self, job: &Job) -> bool {
        self.admits_state(job.state)
            && self.admits_time_of(job)
            && self.admits_request(&job.spec.request)
            && self.admits_queue(&job.spec.queue)
            && self.tags.iter().all(|tag| job.spec.tags.contains(tag))
            && self.batch.is_none_or(|batch| job.spec.batch == Some(batch))
            && self.parent.is_none_or(|parent| {
                !job.state.is_final() && job.spec.parents.iter().any(|it| it.id == parent)
            })
            && self.admits_failure_of(job)
            && self.attempts.iter().all(|(compare, number)| compare.holds(&job.attempt, number))
            && self.errors.iter().all(|text| has_error(job, &folded(text)))
            && self.text.as_ref().is_none_or(|text| has_text(job, &folded(text)))
            && self.admits_args_of(job)
    }

    pub(crate) fn admits_state(&self, state: JobState) -> bool {
        let waits = matches!(state, JobState::Awaiting | JobState::Scheduled | JobState::Enqueued);
        (self.states.is_empty() || self.states.contains(&state)) && (waits || self.waited.is_empty())
    }

    fn admits_time_of(&self, job: &Job) -> bool {
        // It has waited for longer the earlier it began to.
        let waited = |(compare, moment): &(Compare, Moment)| {
            moment.instant().is_some_and(|since| compare.holds(&since, &job.since))
        };
        let after = |moment: Moment| moment.first_id().is_some_and(|first| job.id >= first);
        let before = |moment: Moment| moment.first_id().is_some_and(|first| job.id < first);
        self.enqueued_after.is_none_or(after)
            && self.enqueued_before.is_none_or(before)
            && self.waited.iter().all(waited)
    }

    /// Returns the first id that can be meant, and the first one behind all that can be, if there are any.
    pub(crate) fn id_range(&self) -> (Option<JobId>, Option<JobId>) {
        let first = |moment: &Option<Moment>| moment.and_then(Moment::first_id);
        (first(&self.enqueued_after), first(&self.enqueued_before))
    }

    fn admits_args_of(&self, job: &Job) -> bool {
        if self.args.is_empty() {
            return true;
        }
        let payload = masked(&job.spec);
        self.args
            .iter()
            .all(|(path, text)| payload.pointer(&pointer(path)).is_some_and(|it| has_value(it, text)))
    }

    pub(crate) fn admits_request(&self, request: &Arc<str>) -> bool {
        self.requests.is_empty() || self.requests.contains(request)
    }

    pub(crate) fn admits_queue(&self, queue: &Arc<str>) -> bool {
        self.queues.is_empty() || self.queues.contains(queue)
    }

    pub(crate) fn admits_failure(&self, fingerprint: Fingerprint) -> bool {
        self.failures.is_empty() || self.failures.contains(&fingerprint)
    }

    /// Says whether it asks for jobs by how they failed.
    pub(crate) fn asks_for_failures(&self) -> bool {
        self.retrying || !self.failures.is_empty()
    }

    fn admits_failure_of(&self, job: &Job) -> bool {
        if !self.asks_for_failures() {
            return true;
        }
        let fits = !self.retrying || job.state == JobState::Scheduled;
        fits && Pattern::of(job).is_some_and(|pattern| self.admits_failure(pattern.fingerprint()))
    }

    /// Says whether it asks for anything that only the record of a job tells.
    fn compares(&self) -> bool {
        let Self { errors, attempts, waited, enqueued_after, enqueued_before, args, .. } = self;
        let times = [enqueued_after, enqueued_before].into_iter().any(Option::is_some);
        times || !(errors.is_empty() && attempts.is_empty() && waited.is_empty() && args.is_empty())
    }

    /// Says whether where a job is listed tells all, so that no record has to be looked at.
    pub(crate) fn is_plain(&self) -> bool {
        let all_places = self.queues.is_empty() && self.requests.is_empty();
        if self.text.is_some() || self.batch.is_some() || self.parent.is_some() || self.compares() {
            false
        } else if self.asks_for_failures() {
            all_places && self.tags.is_empty()
        } else {
            self.tags.is_empty() || (self.tags.len() == 1 && all_places && self.states.is_empty())
        }
    }
}

/// Says whether a job has a text in it, which is folded.
fn has_text(job: &Job, text: &str) -> bool {
    let has = |part: &str| folded(part).contains(text);
    let spec = &job.spec;
    let mut errors = job.history.iter().filter_map(|row| row.error.as_deref());
    has(spec.title())
        || has(&spec.request)
        || spec.tags.iter().any(|tag| has(tag))
        || spec.meta.iter().any(|(_, value)| has(value))
        || errors.any(|error| {
            has(&error.kind) || has(&error.message) || error.causes.iter().any(|cause| has(cause))
        })
        || has(&job.id.to_string())
        || (spec.sensitive.is_empty() && has(&String::from_utf8_lossy(&spec.payload)))
}

/// Says whether the error of the latest attempt that failed has a text in it, which is folded.
fn has_error(job: &Job, text: &str) -> bool {
    let has = |part: &str| folded(part).contains(text);
    job.last_error().is_some_and(|error| {
        has(&error.kind) || has(&error.message) || error.causes.iter().any(|cause| has(cause))
    })
}

/// Says whether a value of a payload is what somebody typed, or has it as an item.
fn has_value(value: &Value, text: &str) -> bool {
    let is = |value: &Value| match value {
        Value::String(it) => it == text,
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            serde_json::from_str::<Value>(text).is_ok_and(|typed| typed == *value)
        }
        Value::Array(_) | Value::Object(_) => false,
    };
    value.as_array().map_or_else(|| is(value), |items| items.iter().any(is))
}

#[cfg(test)]
mod fuzz;
