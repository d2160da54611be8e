//! Looking at what is there.

use std::ops::Bound::{Excluded, Unbounded};

use super::Engine;
use crate::job::Job;
use crate::recurring::RecurringJob;
use crate::store::{Counts, PageQuery};

impl Engine {
    /// Returns jobs of one state, newest first.
    pub fn page(&self, query: &PageQuery) -> Vec<Job> {
        let ids = &self.by_state[query.state as usize];
        let before = query.after.map_or(Unbounded, Excluded);
        let newest_first = ids.range((Unbounded, before)).rev();
        newest_first.filter_map(|id| self.jobs.get(id)).take(query.limit).cloned().collect()
    }

    /// Counts the jobs.
    pub fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// Returns the recurring definitions in the order of their ids.
    pub fn recurring_jobs(&self) -> Vec<RecurringJob> {
        self.definitions.all().cloned().collect()
    }
}
