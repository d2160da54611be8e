//! Counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::JobState;

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

/// The number of jobs in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
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

    pub(crate) fn add(&mut self, state: JobState) {
        self.0[state as usize] += 1;
    }

    pub(crate) fn subtract(&mut self, state: JobState) {
        self.0[state as usize] -= 1;
    }
}
