//! Counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::JobState;
use crate::job::Job;

/// How many jobs there are, exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// In each state; see [`StateCounts::get`].
    pub states: StateCounts,
    /// In each state, by queue.
    pub queues: BTreeMap<Arc<str>, StateCounts>,
    /// In each state, by request.
    pub requests: BTreeMap<Arc<str>, StateCounts>,
}

impl Counts {
    /// Counts jobs one by one, to compare what a store keeps with what there is.
    pub fn recount(jobs: &[Job]) -> Self {
        let mut counts = Self::default();
        for job in jobs {
            counts.states.add(job.state);
            counts.queues.entry(Arc::clone(&job.spec.queue)).or_default().add(job.state);
            counts.requests.entry(Arc::clone(&job.spec.request)).or_default().add(job.state);
        }
        counts
    }
}

/// The number of jobs in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StateCounts([u64; 7]);

impl StateCounts {
    /// Returns the number of jobs in one state.
    pub fn get(&self, state: JobState) -> u64 {
        self.0[state as usize]
    }

    /// Returns the number of jobs in all states.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Returns the number of jobs that have not ended.
    pub fn unfinished(&self) -> u64 {
        JobState::ALL.into_iter().filter(|state| !state.is_final()).map(|state| self.get(state)).sum()
    }

    pub(crate) fn add(&mut self, state: JobState) {
        self.0[state as usize] += 1;
    }

    pub(crate) fn subtract(&mut self, state: JobState) {
        self.0[state as usize] -= 1;
    }

    /// Returns both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
        self
    }
}
