//! Which jobs failed in the same way, and how many in each hour of late.

use std::collections::HashMap;

use super::Engine;
use super::sorted::Sorted;
use crate::fingerprint::{Fingerprint, Pattern};
use crate::job::Job;
use crate::store::{FailureGroup, JobFilter, Trend};
use crate::{JobId, JobState, Timestamp};

/// The most failures of which it is kept how many came in each hour, while all of them are of the last day.
const TRENDS: usize = 10_000;

/// The jobs of each failure.
#[derive(Debug, Default)]
pub(super) struct Failures {
    groups: HashMap<Fingerprint, Group>,
    /// Apart from the groups, as a group is gone while its last job is tried again.
    trends: HashMap<Fingerprint, Trend>,
}

#[derive(Debug)]
struct Group {
    pattern: Pattern,
    failed: Sorted<JobId>,
    retrying: Sorted<JobId>,
    first: Timestamp,
    last: Timestamp,
}

impl Failures {
    pub(super) fn insert(&mut self, job: &Job) {
        let Some(pattern) = Pattern::of(job) else { return };
        let group = self.groups.entry(pattern.fingerprint()).or_insert_with(|| Group {
            pattern,
            failed: Sorted::default(),
            retrying: Sorted::default(),
            first: job.since,
            last: job.since,
        });
        group.first = group.first.min(job.since);
        group.last = group.last.max(job.since);
        group.of(job.state).add(job.id);
    }

    /// Counts that a job failed just now, for good or with another attempt to come.
    pub(super) fn count(&mut self, job: &Job) {
        let Some(fingerprint) = Pattern::of(job).map(|pattern| pattern.fingerprint()) else { return };
        if self.trends.len() >= TRENDS && !self.trends.contains_key(&fingerprint) {
            self.trends.retain(|_, trend| trend.until(job.since).iter().any(|failed| *failed > 0));
            if self.trends.len() >= TRENDS {
                return;
            }
        }
        self.trends.entry(fingerprint).or_default().count(job.since);
    }

    pub(super) fn remove(&mut self, job: &Job) {
        let Some(pattern) = Pattern::of(job) else { return };
        let fingerprint = pattern.fingerprint();
        if let Some(group) = self.groups.get_mut(&fingerprint) {
            group.of(job.state).remove(&job.id);
            if group.failed.is_empty() && group.retrying.is_empty() {
                self.groups.remove(&fingerprint);
            }
        }
    }

    /// Returns sets that share no job and hold all that failed as a filter asks for.
    pub(super) fn sets(&self, filter: &JobFilter) -> Vec<&Sorted<JobId>> {
        let failed = filter.admits_state(JobState::Failed) && !filter.retrying;
        let retrying = filter.admits_state(JobState::Scheduled);
        let groups = self.groups.iter().filter(|(fingerprint, _)| filter.admits_failure(**fingerprint));
        let sets = groups.flat_map(|(_, group)| [(failed, &group.failed), (retrying, &group.retrying)]);
        sets.filter(|(asked, set)| *asked && !set.is_empty()).map(|(_, set)| set).collect()
    }
}

impl Group {
    fn of(&mut self, state: JobState) -> &mut Sorted<JobId> {
        if state == JobState::Failed { &mut self.failed } else { &mut self.retrying }
    }
}

impl Engine {
    /// Returns failures, the one that happened last first, and at most so many.
    pub fn failures(&self, limit: usize) -> Vec<FailureGroup> {
        let mut groups: Vec<_> = self.failures.groups.iter().collect();
        groups.sort_unstable_by_key(|(fingerprint, group)| std::cmp::Reverse((group.last, **fingerprint)));
        let shown = groups.into_iter().take(limit).map(|(fingerprint, group)| FailureGroup {
            fingerprint: *fingerprint,
            pattern: group.pattern.clone(),
            failed: group.failed.len() as u64,
            retrying: group.retrying.len() as u64,
            first: group.first,
            last: group.last,
            trend: self.failures.trends.get(fingerprint).copied().unwrap_or_default(),
        });
        shown.collect()
    }
}
