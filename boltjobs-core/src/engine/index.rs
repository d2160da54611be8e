//! What can be told of a record at a glance: every index and counter follows from the records alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use crate::job::Job;
use crate::sabotage::{self, Bug};
use crate::store::StateCounts;
use crate::{JobState, Timestamp};

impl Engine {
    pub(super) fn index(&mut self, job: &Job) {
        let weight = job.weight() as u64;
        self.weight += weight;
        self.jobs.count(job, weight);
        self.counts.states.add(job.state);
        self.counts.queues.entry(Arc::clone(&job.spec.queue)).or_default().add(job.state);
        self.counts.requests.entry(Arc::clone(&job.spec.request)).or_default().add(job.state);
        self.index_family(job);
        self.listing.insert(job);
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

    pub(super) fn unindex(&mut self, job: &Job) {
        let weight = job.weight() as u64;
        self.weight -= weight;
        self.jobs.discount(job, weight);
        self.counts.states.subtract(job.state);
        if subtract(&mut self.counts.queues, &job.spec.queue, job.state) {
            self.names.remove(&job.spec.queue);
        }
        if subtract(&mut self.counts.requests, &job.spec.request, job.state) {
            self.names.remove(&job.spec.request);
        }
        self.unindex_family(job);
        self.listing.remove(job);
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
