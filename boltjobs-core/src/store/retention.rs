//! How long what has ended is kept.

use std::time::Duration;

use crate::JobState;

/// How long ended jobs are kept, by state.
///
/// ```
/// # use std::time::Duration;
/// # use boltjobs_core::store::{Keep, Retention};
/// let retention = Retention::default()
///     .succeeded(Keep::for_age(Duration::from_hours(6)).at_most(10_000))
///     .failed(Duration::from_hours(24 * 30));
/// # assert_eq!(retention.succeeded.count, Some(10_000));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Those in Succeeded. Default: 1 day.
    pub succeeded: Keep,
    /// Those in Failed. Default: 90 days.
    pub failed: Keep,
    /// Those in Deleted. Default: 1 day.
    pub deleted: Keep,
    /// For how long batches are kept after they ended. Default: 7 days.
    pub batches: Duration,
}

/// How long the ended jobs of one state are kept: until they are too old or too many, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// For how long after it ended a job is kept.
    pub age: Duration,
    /// The most jobs that are kept; those that ended first go first. No limit by default.
    pub count: Option<u64>,
}

impl Keep {
    /// Keeps jobs for a time after they ended.
    pub const fn for_age(age: Duration) -> Self {
        Self { age, count: None }
    }

    /// Keeps jobs however old they are.
    pub const fn forever() -> Self {
        Self::for_age(Duration::MAX)
    }

    /// Keeps so many jobs at most. For a moment there may be more: they are removed soon after, not in the write that
    /// ends a job.
    #[must_use]
    pub const fn at_most(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }
}

impl From<Duration> for Keep {
    fn from(age: Duration) -> Self {
        Self::for_age(age)
    }
}

impl Default for Retention {
    fn default() -> Self {
        let day = Duration::from_hours(24);
        Self { succeeded: day.into(), failed: (day * 90).into(), deleted: day.into(), batches: day * 7 }
    }
}

impl Retention {
    /// Sets how long jobs in Succeeded are kept.
    #[must_use]
    pub fn succeeded(mut self, keep: impl Into<Keep>) -> Self {
        self.succeeded = keep.into();
        self
    }

    /// Sets how long jobs in Failed are kept.
    #[must_use]
    pub fn failed(mut self, keep: impl Into<Keep>) -> Self {
        self.failed = keep.into();
        self
    }

    /// Sets how long jobs in Deleted are kept.
    #[must_use]
    pub fn deleted(mut self, keep: impl Into<Keep>) -> Self {
        self.deleted = keep.into();
        self
    }

    /// Sets how long batches are kept after they ended.
    #[must_use]
    pub fn batches(mut self, age: Duration) -> Self {
        self.batches = age;
        self
    }

    /// Returns how long jobs of a state are kept; those that have not ended are kept for ever.
    pub fn of(&self, state: JobState) -> Keep {
        match state {
            JobState::Succeeded => self.succeeded,
            JobState::Failed => self.failed,
            JobState::Deleted => self.deleted,
            JobState::Awaiting | JobState::Scheduled | JobState::Enqueued | JobState::Processing => {
                Keep::forever()
            }
        }
    }
}
