//! Who waits for whom, and who belongs to what: derived from the records of jobs and batches.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Engine;
use crate::batch::{Batch, BatchStatus};
use crate::continuation::ParentId;
use crate::job::Job;
use crate::sabotage::{self, Bug};
use crate::store::StateCounts;
use crate::{BatchId, JobId, JobState, Timestamp};

/// The relations among what lives. Empty for whoever uses neither continuations nor batches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Family {
    /// The jobs that have not ended and wait for a parent, or may still ask for its result.
    children: HashMap<ParentId, BTreeSet<JobId>>,
    members: HashMap<BatchId, Members>,
    nested: HashMap<BatchId, BTreeSet<BatchId>>,
    /// How many of the batches in a batch have not ended.
    open: HashMap<BatchId, usize>,
    pub(super) batches: BTreeMap<BatchId, Batch>,
    /// The batches that have ended and are in no other, by when they did.
    pub(super) ended: BTreeSet<(Timestamp, BatchId)>,
}

/// The jobs of a batch that are still known.
#[derive(Debug, Default, PartialEq, Eq)]
struct Members {
    jobs: BTreeSet<JobId>,
    /// Those that wait for a parent.
    awaiting: BTreeSet<JobId>,
    counts: StateCounts,
}

impl Family {
    /// Returns the jobs that have not ended and name this parent.
    pub(super) fn children(&self, parent: ParentId) -> Vec<JobId> {
        self.children.get(&parent).into_iter().flatten().copied().collect()
    }

    /// Says whether a job that has not ended names this parent.
    pub(super) fn has_children(&self, parent: ParentId) -> bool {
        !self.children.is_empty() && self.children.contains_key(&parent)
    }

    pub(super) fn child_set(&self, parent: ParentId) -> Option<&BTreeSet<JobId>> {
        self.children.get(&parent)
    }

    pub(super) fn member_set(&self, batch: BatchId) -> Option<&BTreeSet<JobId>> {
        self.members.get(&batch).map(|members| &members.jobs)
    }

    /// Returns the jobs of a batch that are still known, oldest first.
    pub(super) fn members(&self, batch: BatchId) -> Vec<JobId> {
        self.members.get(&batch).into_iter().flat_map(|members| &members.jobs).copied().collect()
    }

    /// Returns the jobs of a batch that wait for parents, oldest first.
    pub(super) fn awaiting(&self, batch: BatchId) -> Vec<JobId> {
        self.members.get(&batch).into_iter().flat_map(|members| &members.awaiting).copied().collect()
    }

    /// Says whether a batch in this one has not ended.
    pub(super) fn is_open_within(&self, batch: BatchId) -> bool {
        self.open.contains_key(&batch)
    }

    /// Returns the batches in a batch, oldest first.
    pub(super) fn nested(&self, batch: BatchId) -> Vec<BatchId> {
        self.nested.get(&batch).into_iter().flatten().copied().collect()
    }

    /// Counts the jobs of a batch, those too that are no longer known.
    pub(super) fn counts(&self, batch: &Batch) -> StateCounts {
        self.members.get(&batch.id).map_or(batch.gone, |members| members.counts.plus(&batch.gone))
    }

    /// Returns how a batch stands.
    pub(super) fn status(&self, batch: &Batch) -> BatchStatus {
        BatchStatus { batch: batch.clone(), jobs: self.counts(batch), nested: self.nested(batch.id) }
    }

    fn put_batch(&mut self, batch: Batch) {
        self.remove_batch(batch.id);
        match (batch.parent, batch.ended) {
            (Some(parent), _) => {
                self.nested.entry(parent).or_default().insert(batch.id);
                if batch.ended.is_none() {
                    *self.open.entry(parent).or_default() += 1;
                }
            }
            (None, Some((_, at))) => {
                self.ended.insert((at, batch.id));
            }
            (None, None) => {}
        }
        self.batches.insert(batch.id, batch);
    }

    fn remove_batch(&mut self, id: BatchId) -> Option<Batch> {
        let batch = self.batches.remove(&id)?;
        if let Some(parent) = batch.parent
            && let Some(nested) = self.nested.get_mut(&parent)
        {
            nested.remove(&id);
            if nested.is_empty() {
                self.nested.remove(&parent);
            }
            if batch.ended.is_none()
                && let Some(open) = self.open.get_mut(&parent)
            {
                *open -= 1;
                if *open == 0 {
                    self.open.remove(&parent);
                }
            }
        }
        if let Some((_, at)) = batch.ended {
            self.ended.remove(&(at, id));
        }
        Some(batch)
    }
}

impl Engine {
    pub(super) fn put_batch(&mut self, batch: Batch) {
        self.remove_batch(batch.id);
        self.weight += batch.weight() as u64;
        // The first one to be retained starts the clock of its removal.
        self.unpublished.changes.due |= batch.ended.is_some() && self.family.ended.is_empty();
        if batch.ended.is_some() {
            self.unpublished.changes.ended.push(batch.id.into());
        }
        self.family.put_batch(batch);
    }

    pub(super) fn remove_batch(&mut self, id: BatchId) {
        if let Some(batch) = self.family.remove_batch(id) {
            self.weight -= batch.weight() as u64;
        }
    }

    /// Counts a job of a batch among those that are no longer known.
    pub(super) fn forget_member(&mut self, job: &Job) {
        if let Some(batch) = job.spec.batch.and_then(|id| self.family.batches.get_mut(&id)) {
            batch.gone.add(job.state);
        }
    }

    pub(super) fn index_family(&mut self, job: &Job) {
        if let Some(batch) = job.spec.batch {
            let members = self.family.members.entry(batch).or_default();
            members.jobs.insert(job.id);
            members.counts.add(job.state);
            if job.state == JobState::Awaiting {
                members.awaiting.insert(job.id);
            }
        }
        if job.state.is_final() {
            return;
        }
        for parent in &job.spec.parents {
            self.family.children.entry(parent.id).or_default().insert(job.id);
            // Its result is kept until they have ended.
            if let ParentId::Job(parent) = parent.id
                && !sabotage::is(Bug::ParentRemovedEarly)
            {
                self.retain(parent, false);
            }
        }
    }

    pub(super) fn unindex_family(&mut self, job: &Job) {
        if let Some(batch) = job.spec.batch
            && let Some(members) = self.family.members.get_mut(&batch)
        {
            members.jobs.remove(&job.id);
            members.awaiting.remove(&job.id);
            members.counts.subtract(job.state);
            if members.jobs.is_empty() {
                self.family.members.remove(&batch);
            }
        }
        if job.state.is_final() {
            return;
        }
        for parent in &job.spec.parents {
            let Some(children) = self.family.children.get_mut(&parent.id) else { continue };
            children.remove(&job.id);
            if children.is_empty() {
                self.family.children.remove(&parent.id);
                if let ParentId::Job(parent) = parent.id {
                    self.retain(parent, true);
                }
            }
        }
    }

    /// Says whether the retention of a job that has ended counts.
    fn retain(&mut self, id: JobId, counts: bool) {
        if self.jobs.state(id).is_none_or(|state| !state.is_final()) {
            return;
        }
        let Some(job) = self.jobs.load(id) else { return };
        let (state, place) = (job.state, (job.since, id));
        if counts {
            self.retire(state, place);
            self.jobs.may_leave(id);
        } else if let Some(ended) = self.ended.get_mut(&state) {
            ended.remove(&place);
        }
    }

    /// Starts the retention of a job that has ended.
    pub(super) fn retire(&mut self, state: JobState, place: (Timestamp, JobId)) {
        let ended = self.ended.entry(state).or_default();
        // The first one to be retained starts the clock of its removal, and so does the first one too many.
        let full = self.retention.of(state).count == Some(ended.len() as u64);
        self.unpublished.changes.due |= ended.is_empty() || full;
        ended.add(place);
    }
}
