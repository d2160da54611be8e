//! What came of the occurrences of a definition.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{JobId, JobState, Timestamp};

/// The runs of a definition that are kept: the latest ones.
pub const RUNS: usize = 50;

/// One occurrence of a recurring definition, or one trigger. It is kept although its job may be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its job; none if it was skipped.
    pub job: Option<JobId>,
    /// The instant that it stands for.
    pub scheduled_for: Timestamp,
    /// When it fired.
    pub fired_at: Timestamp,
    /// Whether it was triggered by hand, and not fired by the schedule.
    pub triggered: bool,
    /// What came of it.
    pub outcome: RunOutcome,
    /// When its job ended.
    pub ended_at: Option<Timestamp>,
    /// How long the handler ran in the attempt that ended the job; none if the job ended without one.
    pub ran: Option<Duration>,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunOutcome {
    /// Its job waits, or runs.
    Unfinished,
    /// Its job ended well.
    Succeeded,
    /// Its job failed for good.
    Failed,
    /// Its job was deleted or cancelled.
    Deleted,
    /// It made no job: an earlier one had not ended.
    Skipped,
}

impl RunOutcome {
    /// Returns what the state of its job says of a run.
    pub(crate) fn of(state: JobState) -> Self {
        match state {
            JobState::Succeeded => Self::Succeeded,
            JobState::Failed => Self::Failed,
            JobState::Deleted => Self::Deleted,
            JobState::Awaiting | JobState::Scheduled | JobState::Enqueued | JobState::Processing => {
                Self::Unfinished
            }
        }
    }
}

impl Run {
    /// The bytes that one takes on disk, about.
    pub(crate) const WEIGHT: usize = 48;

    /// Makes the run of a job that has just been made.
    pub(crate) fn of(job: JobId, scheduled_for: Timestamp, fired_at: Timestamp) -> Self {
        let outcome = RunOutcome::Unfinished;
        Self { job: Some(job), outcome, ..Self::skipped(scheduled_for, fired_at) }
    }

    /// Makes the run of an occurrence without a job.
    pub(crate) fn skipped(scheduled_for: Timestamp, fired_at: Timestamp) -> Self {
        Self {
            job: None,
            scheduled_for,
            fired_at,
            triggered: false,
            outcome: RunOutcome::Skipped,
            ended_at: None,
            ran: None,
        }
    }
}
