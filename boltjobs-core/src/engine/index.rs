//! What can be told of a record at a glance: every index and counter follows from the records alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use crate::job::{Job, JobSpec};
use crate::sabotage::{self, Bug};
use crate::store::{Counts, StateCounts};
use crate::{JobId, JobState, Timestamp};

impl Engine {
    pub(super) fn index(&mut self, job: &Job, weight: u64) {
        self.weigh(job, weight);
        self.list(&job.spec, job.id, job.state);
        self.index_state(job);
    }

    pub(super) fn unindex(&mut self, job: &Job, weight: u64) {
        self.unweigh(job, weight);
        self.unlist(&job.spec, job.id, job.state);
        self.unindex_state(job);
    }

    pub(super) fn weigh(&mut self, job: &Job, weight: u64) {
        self.weight += weight;
        self.jobs.count(job, weight);
    }

    pub(super) fn unweigh(&mut self, job: &Job, weight: u64) {
        self.weight -= weight;
        self.jobs.discount(job, weight);
    }

    fn list(&mut self, spec: &JobSpec, id: JobId, state: JobState) {
        self.counts.states.add(state);
        self.counts.queues.entry(Arc::clone(&spec.queue)).or_default().add(state);
        self.counts.requests.entry(Arc::clone(&spec.request)).or_default().add(state);
        self.listing.insert(spec, id, state);
    }

    fn unlist(&mut self, spec: &JobSpec, id: JobId, state: JobState) {
        self.counts.states.subtract(state);
        if subtract(&mut self.counts.queues, &spec.queue, state) {
            self.names.remove(&spec.queue);
        }
        if subtract(&mut self.counts.requests, &spec.request, state) {
            self.names.remove(&spec.request);
        }
        self.listing.remove(spec, id, state);
    }

    /// Lists a job under the state that it has now, where it had the spec and the state before.
    pub(super) fn relist(&mut self, job: &Job, spec: &Arc<JobSpec>, from: JobState) {
        let (id, to) = (job.id, job.state);
        if !Arc::ptr_eq(spec, &job.spec) {
            // No transition changes what a job is to do, but a bug that a test puts in.
            self.unlist(spec, id, from);
            return self.list(&job.spec, id, to);
        }
        let Counts { states, queues, requests } = &mut self.counts;
        let named = [queues.get_mut(&spec.queue), requests.get_mut(&spec.request)];
        for counts in named.into_iter().flatten().chain([states]) {
            counts.subtract(from);
            counts.add(to);
        }
        self.listing.restate(spec, id, from, to);
    }

    /// Notes what hangs on the state of a job.
    pub(super) fn index_state(&mut self, job: &Job) {
        self.index_family(job);
        self.failures.insert(job);
        self.keys.insert(job);
        if let Some(expires) = job.expires {
            self.unpublished.changes.due |= self.expiring.first().is_none_or(|(first, _)| expires < first);
            self.expiring.add((expires, job.id));
        }
        self.definitions.begin(job);
        match job.state {
            JobState::Scheduled => {
                let due = due_of(job);
                let first = self.due.first().is_none_or(|(first, _)| due < first);
                self.unpublished.changes.due |= first && !sabotage::is(Bug::WakeUpLostOnSooner);
                self.due.add((due, job.id));
            }
            JobState::Enqueued => {
                if sabotage::is(Bug::ClaimBeforeDurable) {
                    self.ready.insert(job);
                }
                self.unpublished.ready.push((job.id, job.order, job.epoch, job.revision));
            }
            JobState::Succeeded | JobState::Failed | JobState::Deleted => {
                if !self.family.has_children(job.id.into()) || sabotage::is(Bug::ParentRemovedEarly) {
                    self.retire(job.state, (job.since, job.id));
                }
            }
            JobState::Processing => self.limiting.begin(job),
            JobState::Awaiting => {}
        }
    }

    pub(super) fn unindex_state(&mut self, job: &Job) {
        self.unindex_family(job);
        self.failures.remove(job);
        self.keys.remove(job);
        if let Some(expires) = job.expires {
            self.expiring.remove(&(expires, job.id));
        }
        self.definitions.end(job);
        match job.state {
            JobState::Scheduled => {
                self.due.remove(&(due_of(job), job.id));
            }
            JobState::Enqueued => self.ready.remove(job),
            JobState::Processing => {
                self.leases.remove(&job.id);
                self.limiting.end(job);
                if let Some(key) = &job.spec.concurrency_key
                    && !sabotage::is(Bug::KeyStaysParked)
                {
                    self.ready.open(key);
                }
                self.unpublished.changes.ready |= self.limited && !sabotage::is(Bug::WakeUpLostOnLimit);
            }
            JobState::Succeeded | JobState::Failed | JobState::Deleted => {
                if let Some(ended) = self.ended.get_mut(&job.state) {
                    ended.remove(&(job.since, job.id));
                }
            }
            JobState::Awaiting => {}
        }
    }
}

/// Returns when a scheduled job becomes ready.
fn due_of(job: &Job) -> Timestamp {
    let due = job.due.unwrap_or(job.since);
    let early = if sabotage::is(Bug::DueInWholeSeconds) { due.as_micros() % 1_000_000 } else { 0 };
    Timestamp::from_micros(due.as_micros() - early)
}

/// Takes a job off the counts of a name, and says whether it was the last one.
fn subtract(counts: &mut BTreeMap<Arc<str>, StateCounts>, name: &Arc<str>, state: JobState) -> bool {
    let Some(count) = counts.get_mut(name) else { return false };
    count.subtract(state);
    let last = count.total() == 0;
    if last {
        counts.remove(name);
    }
    last
}
