//! Which jobs failed in the same way.

use std::collections::HashMap;

use super::Engine;
use super::sorted::Sorted;
use crate::fingerprint::{Fingerprint, Pattern};
use crate::job::Job;
use crate::store::{FailureGroup, JobFilter};
use crate::{JobId, JobState, Timestamp};

/// The jobs of each failure.
#[derive(Debug, Default)]
pub(super) struct Failures(HashMap<Fingerprint, Group>);

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
        let group = self.0.entry(pattern.fingerprint()).or_insert_with(|| Group {
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

    pub(super) fn remove(&mut self, job: &Job) {
        let Some(pattern) = Pattern::of(job) else { return };
        let fingerprint = pattern.fingerprint();
        if let Some(group) = self.0.get_mut(&fingerprint) {
            group.of(job.state).remove(&job.id);
            if group.failed.is_empty() && group.retrying.is_empty() {
                self.0.remove(&fingerprint);
            }
        }
    }

    /// Returns sets that share no job and hold all that failed as a filter asks for.
    pub(super) fn sets(&self, filter: &JobFilter) -> Vec<&Sorted<JobId>> {
        let failed = filter.admits_state(JobState::Failed) && !filter.retrying;
        let retrying = filter.admits_state(JobState::Scheduled);
        let groups = self.0.iter().filter(|(fingerprint, _)| filter.admits_failure(**fingerprint));
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
        let mut groups: Vec<_> = self.failures.0.iter().collect();
        groups.sort_unstable_by_key(|(fingerprint, group)| std::cmp::Reverse((group.last, **fingerprint)));
        let shown = groups.into_iter().take(limit).map(|(fingerprint, group)| FailureGroup {
            fingerprint: *fingerprint,
            pattern: group.pattern.clone(),
            failed: group.failed.len() as u64,
            retrying: group.retrying.len() as u64,
            first: group.first,
            last: group.last,
        });
        shown.collect()
    }
}
