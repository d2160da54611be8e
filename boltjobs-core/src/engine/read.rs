//! Looking at what is there.

use std::borrow::Cow;
use std::ops::Bound::{Excluded, Unbounded};

use super::Engine;
use super::listing::{Set, Walk};
use crate::batch::BatchStatus;
use crate::job::Job;
use crate::recurring::RecurringJob;
use crate::store::{Counts, JobFilter, LOOKS, Page, PageQuery, Tally};
use crate::{BatchId, JobId};

/// Jobs that a filter means, until there are none left or enough have been looked at.
struct Search<'a> {
    engine: &'a Engine,
    filter: &'a JobFilter,
    walk: Walk<'a>,
    /// Where the ids end that can be meant: nothing behind it is looked at.
    end: Option<JobId>,
    /// How many jobs were looked at.
    looks: usize,
    /// The last one of them, while there may be others.
    last: Option<JobId>,
}

impl<'a> Iterator for Search<'a> {
    type Item = Cow<'a, Job>;

    fn next(&mut self) -> Option<Cow<'a, Job>> {
        while self.looks < LOOKS {
            let Some(id) =
                self.walk.next().filter(|id| self.end.is_none_or(|end| self.walk.is_before(*id, end)))
            else {
                self.last = None;
                return None;
            };
            self.looks += 1;
            self.last = Some(id);
            let found = self.engine.jobs.look(id).filter(|job| self.filter.admits(job));
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

impl Engine {
    /// Lists jobs.
    pub fn page(&self, query: &PageQuery) -> Page {
        self.search(query).0
    }

    /// The same, with the number of jobs that were looked at.
    pub(super) fn search(&self, query: &PageQuery) -> (Page, usize) {
        let mut search = self.begin(&query.filter, query.after, query.oldest_first);
        let jobs: Vec<Job> = search.by_ref().take(query.limit).map(Cow::into_owned).collect();
        // One more than is asked for tells whether there is another page.
        let next = if search.next().is_some() { jobs.last().map(|job| job.id) } else { search.last };
        (Page { jobs, next }, search.looks)
    }

    /// Counts the jobs that a filter means, after one of them.
    pub fn count(&self, filter: &JobFilter, after: Option<JobId>) -> Tally {
        if after.is_none() && filter.is_plain() {
            let jobs = self.sets(filter).iter().map(|set| set.len() as u64).sum();
            return Tally { jobs, next: None };
        }
        let mut search = self.begin(filter, after, false);
        Tally { jobs: search.by_ref().map(|_| 1).sum(), next: search.last }
    }

    /// Returns sets that share no job and hold all that a filter admits.
    fn sets(&self, filter: &JobFilter) -> Vec<Set<'_>> {
        let sorted = if let Some(batch) = filter.batch {
            return self.family.member_set(batch).map(Set::Tree).into_iter().collect();
        } else if let Some(parent) = filter.parent {
            return self.family.child_set(parent).map(Set::Tree).into_iter().collect();
        } else if filter.asks_for_failures() {
            self.failures.sets(filter)
        } else {
            self.listing.sets(filter)
        };
        sorted.into_iter().map(Set::Sorted).collect()
    }

    fn begin<'a>(&'a self, filter: &'a JobFilter, after: Option<JobId>, oldest_first: bool) -> Search<'a> {
        // Ids rise with the time, so that a walk begins and ends where the filter does.
        let (first, behind) = filter.id_range();
        let below = first.and_then(|first| first.as_u128().checked_sub(1)).map(JobId::from_u128);
        let (after, end) = if oldest_first {
            (after.max(below), behind)
        } else {
            (after.into_iter().chain(behind).min(), below)
        };
        let walk = Walk::over(self.sets(filter), after, oldest_first);
        Search { engine: self, filter, walk, end, looks: 0, last: None }
    }

    /// Returns how a batch stands.
    pub fn batch(&self, id: BatchId) -> Option<BatchStatus> {
        self.family.batches.get(&id).map(|batch| self.family.status(batch))
    }

    /// Returns batches, newest first.
    pub fn batches(&self, after: Option<BatchId>, limit: usize) -> Vec<BatchStatus> {
        let before = after.map_or(Unbounded, Excluded);
        let newest_first = self.family.batches.range((Unbounded, before)).rev();
        newest_first.take(limit).map(|(_, batch)| self.family.status(batch)).collect()
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
