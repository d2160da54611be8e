//! How many jobs came and ended, and when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::{HistoryRow, RowData};
use crate::{JobState, Timestamp};

/// For how long the minutes are kept.
pub const KEPT_MINUTES: u64 = 7 * 24 * 60;

/// For how many seconds each second is told apart.
pub const KEPT_SECONDS: usize = 120;

/// What happened in some span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The jobs that were enqueued, scheduled or made to wait for others.
    pub enqueued: u64,
    /// The jobs that succeeded.
    pub succeeded: u64,
    /// The jobs that failed for good.
    pub failed: u64,
    /// The jobs that were deleted.
    pub deleted: u64,
    /// The attempts that failed, with another one to come.
    pub retried: u64,
    /// How long those that succeeded had waited for a worker, together, in microseconds.
    pub waited_micros: u64,
    /// How long they ran, together, in microseconds.
    pub ran_micros: u64,
}

impl Flow {
    /// Returns the jobs that ended.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.deleted
    }

    /// Returns how long those that succeeded had waited on average; `None` when there are none.
    pub fn mean_wait(&self) -> Option<Duration> {
        self.waited_micros.checked_div(self.succeeded).map(Duration::from_micros)
    }

    /// Returns how long those that succeeded ran on average; `None` when there are none.
    pub fn mean_run(&self) -> Option<Duration> {
        self.ran_micros.checked_div(self.succeeded).map(Duration::from_micros)
    }

    /// Adds what happened in another span.
    pub fn add(&mut self, other: &Self) {
        let add = |own: &mut u64, more: u64| *own = own.saturating_add(more);
        add(&mut self.enqueued, other.enqueued);
        add(&mut self.succeeded, other.succeeded);
        add(&mut self.failed, other.failed);
        add(&mut self.deleted, other.deleted);
        add(&mut self.retried, other.retried);
        add(&mut self.waited_micros, other.waited_micros);
        add(&mut self.ran_micros, other.ran_micros);
    }

    /// Returns what a transition adds, if it adds anything.
    pub(crate) fn of(row: &HistoryRow) -> Option<Self> {
        let none = Self::default();
        match (row.state, &row.data) {
            (JobState::Succeeded, RowData::Succeeded { waited, ran, .. }) => {
                Some(Self { succeeded: 1, waited_micros: micros(*waited), ran_micros: micros(*ran), ..none })
            }
            (JobState::Succeeded, _) => Some(Self { succeeded: 1, ..none }),
            (JobState::Failed, _) => Some(Self { failed: 1, ..none }),
            (JobState::Deleted, _) => Some(Self { deleted: 1, ..none }),
            (JobState::Scheduled | JobState::Enqueued, _) if row.error.is_some() => {
                Some(Self { retried: 1, ..none })
            }
            (JobState::Scheduled | JobState::Enqueued | JobState::Awaiting | JobState::Processing, _) => None,
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Which span of time is asked for, in which steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where it ends; the step that it falls into is the last one.
    pub until: Timestamp,
    /// How long a step is: whole minutes, else single seconds.
    pub step: Duration,
    /// How many steps.
    pub steps: usize,
}

impl Window {
    /// Returns the hour that ends now, minute by minute.
    pub fn hour(until: Timestamp) -> Self {
        Self { until, step: Duration::from_mins(1), steps: 60 }
    }

    /// Returns the length of a step in seconds, at least one.
    pub(crate) fn seconds(&self) -> u64 {
        let seconds = self.step.as_secs().max(1);
        if seconds < 60 { 1 } else { seconds - seconds % 60 }
    }

    /// Returns where each step begins, the oldest first. Steps begin at multiples of their length.
    pub fn starts(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let (length, last) = (self.seconds(), self.last());
        let first = last.saturating_sub(self.steps.saturating_sub(1) as u64 * length);
        (0..self.steps as u64)
            .map(move |step| Timestamp::EPOCH.plus(Duration::from_secs(first + step * length)))
    }

    /// Returns where the last step begins, in seconds.
    fn last(&self) -> u64 {
        let now = self.until.as_millis() / 1_000;
        now - now % self.seconds()
    }

    /// Returns the step that a second falls into.
    pub(crate) fn step_of(&self, second: u64) -> Option<usize> {
        let length = self.seconds();
        let back = (self.last() + length).checked_sub(second + 1)? / length;
        (self.steps as u64).checked_sub(back + 1).and_then(|step| usize::try_from(step).ok())
    }
}

/// What happened in a window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Throughput {
    /// In each step, the oldest first.
    pub steps: Vec<Flow>,
    /// In each queue, over all steps. Of single seconds it is not known.
    pub queues: BTreeMap<Arc<str>, Flow>,
}

impl Throughput {
    /// Returns everything together.
    pub fn total(&self) -> Flow {
        self.steps.iter().fold(Flow::default(), |mut total, flow| {
            total.add(flow);
            total
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_falls_into_its_step() {
        let at = |second: u64| Timestamp::EPOCH.plus(Duration::from_secs(second));
        let window = Window { until: at(7_265), step: Duration::from_mins(1), steps: 3 };
        assert_eq!(window.starts().collect::<Vec<_>>(), [7_140, 7_200, 7_260].map(at));
        let found = [7_139, 7_140, 7_199, 7_200, 7_260, 7_319, 7_320].map(|second| window.step_of(second));
        assert_eq!(found, [None, Some(0), Some(0), Some(1), Some(2), Some(2), None]);
        let window = Window { until: at(65), step: Duration::from_millis(1), steps: 2 };
        assert_eq!(window.starts().collect::<Vec<_>>(), [64, 65].map(at));
        assert_eq!([63, 64, 65, 66].map(|second| window.step_of(second)), [None, Some(0), Some(1), None]);
        let early = Window { until: at(30), step: Duration::from_mins(1), steps: 2 };
        assert_eq!(early.step_of(30), Some(1));
    }

    #[test]
    fn means_are_of_what_succeeded() {
        let mut flow = Flow::default();
        assert_eq!((flow.mean_run(), flow.mean_wait()), (None, None));
        flow.add(&Flow { succeeded: 2, failed: 1, waited_micros: 10, ran_micros: 4, ..Flow::default() });
        assert_eq!(flow.ended(), 3);
        let means = (flow.mean_wait(), flow.mean_run());
        assert_eq!(means, (Some(Duration::from_micros(5)), Some(Duration::from_micros(2))));
    }
}
