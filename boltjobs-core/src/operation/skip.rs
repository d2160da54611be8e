//! The jobs that an operation left as they were, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Bulk;
use crate::job::Job;
use crate::store::{Store, StoreError};
use crate::{JobId, JobState};

/// The most jobs that are named; the others are counted.
pub const NAMED: usize = 100;

/// The most characters that are kept of a title.
const TITLE: usize = 100;

/// Why something did not happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Skip {
    /// Its state does not allow it, or is not one of those that were asked for.
    State(JobState),
    /// It is not there any more.
    Gone,
    /// Another job holds the unique key that it would need.
    KeyHeld,
    /// It is not in the queue any more into which it was moved.
    Elsewhere,
    /// It does not have the priority any more that it was given.
    OtherPriority,
    /// It changed while it was looked at.
    Changed,
}

/// Ends a sentence that begins with the job.
impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State(JobState::Awaiting) => "still waits for another job",
            Self::State(JobState::Scheduled) => "is Scheduled by now",
            Self::State(JobState::Enqueued) => "is Enqueued already",
            Self::State(JobState::Processing) => "is Processing by now",
            Self::State(JobState::Succeeded) => "has Succeeded",
            Self::State(JobState::Failed) => "has Failed by now",
            Self::State(JobState::Deleted) => "was Deleted",
            Self::Gone => "is not there any more: its retention is over",
            Self::KeyHeld => "would need its unique key, which another job holds",
            Self::Elsewhere => "is in another queue by now",
            Self::OtherPriority => "has another priority by now",
            Self::Changed => "was changed at that moment by somebody else",
        })
    }
}

/// A job that was left as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its id.
    pub id: JobId,
    /// Its title, in 100 characters at most; empty where it was not there to be looked at.
    pub title: String,
    /// Why.
    pub why: Skip,
}

/// The jobs that were left as they were: all counted by why, and the first ones named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skips {
    /// How many there are for each reason, in the order in which these came up.
    pub reasons: Vec<(Skip, u64)>,
    /// The first ones, [`NAMED`] at most.
    pub jobs: Vec<Skipped>,
}

impl Skips {
    /// Returns how many there are.
    pub fn total(&self) -> u64 {
        self.reasons.iter().map(|(_, jobs)| jobs).sum()
    }

    pub(super) fn add(&mut self, id: JobId, job: Option<&Job>, why: Skip) {
        match self.reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, jobs)) => *jobs += 1,
            None => self.reasons.push((why, 1)),
        }
        if self.jobs.len() < NAMED {
            let title = job.map(|job| job.spec.title().chars().take(TITLE).collect()).unwrap_or_default();
            self.jobs.push(Skipped { id, title, why });
        }
    }
}

/// What was asked of a job, and in which states; in all that allow it when there are none.
#[derive(Debug)]
pub(super) enum Asked {
    Requeue(Vec<JobState>),
    Delete(Vec<JobState>),
    Change(Vec<JobState>),
}

impl Asked {
    pub(super) fn of(bulk: &Bulk, expected: Vec<JobState>) -> Self {
        match bulk {
            Bulk::Requeue => Self::Requeue(expected),
            Bulk::Delete => Self::Delete(expected),
            Bulk::Move(_) | Bulk::Prioritize(_) => Self::Change(expected),
        }
    }

    /// Says whether it could happen to a job in a state.
    pub(super) fn concerns(&self, state: JobState) -> bool {
        let (bulk, expected) = match self {
            Self::Requeue(expected) => (Bulk::Requeue, expected),
            Self::Delete(expected) => (Bulk::Delete, expected),
            Self::Change(expected) => (Bulk::Prioritize(0), expected),
        };
        bulk.concerns(state) && (expected.is_empty() || expected.contains(&state))
    }

    /// Finds out why it did not happen to a job, and returns what that is by now.
    pub(super) async fn why_not(
        &self,
        store: &dyn Store,
        id: JobId,
    ) -> Result<(Option<Job>, Skip), StoreError> {
        let Some(job) = store.job(id).await? else { return Ok((None, Skip::Gone)) };
        let has_key = job.spec.unique.is_some();
        let why = match self {
            _ if !self.concerns(job.state) => Skip::State(job.state),
            // It has ended, and would have to hold its key again. Where nobody held it, it would have happened.
            Self::Requeue(_) if job.state.is_final() && has_key => Skip::KeyHeld,
            Self::Requeue(_) | Self::Delete(_) | Self::Change(_) => Skip::Changed,
        };
        Ok((Some(job), why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_ones_are_named() {
        let mut skips = Skips::default();
        for number in 0..250 {
            let why = if number % 2 == 0 { Skip::Gone } else { Skip::State(JobState::Processing) };
            skips.add(JobId::from_u128(number), None, why);
        }
        assert_eq!(skips.reasons, [(Skip::Gone, 125), (Skip::State(JobState::Processing), 125)]);
        assert_eq!((skips.total(), skips.jobs.len()), (250, NAMED));
        let text = serde_json::to_string(&skips).unwrap();
        assert_eq!(serde_json::from_str::<Skips>(&text).unwrap(), skips);
    }
}
