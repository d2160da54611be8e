//! Finding jobs.

use std::sync::Arc;

use crate::continuation::ParentId;
use crate::fingerprint::{Fingerprint, Pattern};
use crate::job::Job;
use crate::store::{Store, StoreError};
use crate::text::folded;
use crate::{BatchId, JobId, JobState};

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
    /// Says whether it means this job.
    pub fn admits(&self, job: &Job) -> bool {
        self.admits_state(job.state)
            && self.admits_request(&job.spec.request)
            && self.admits_queue(&job.spec.queue)
            && self.tags.iter().all(|tag| job.spec.tags.contains(tag))
            && self.batch.is_none_or(|batch| job.spec.batch == Some(batch))
            && self.parent.is_none_or(|parent| {
                !job.state.is_final() && job.spec.parents.iter().any(|it| it.id == parent)
            })
            && self.admits_failure_of(job)
            && self.text.as_ref().is_none_or(|text| has_text(job, &folded(text)))
    }

    pub(crate) fn admits_state(&self, state: JobState) -> bool {
        self.states.is_empty() || self.states.contains(&state)
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

    /// Says whether where a job is listed tells all, so that no record has to be looked at.
    pub(crate) fn is_plain(&self) -> bool {
        let all_places = self.queues.is_empty() && self.requests.is_empty();
        if self.text.is_some() || self.batch.is_some() || self.parent.is_some() {
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

#[cfg(test)]
mod fuzz;
