//! What hangs on the end of a job or a batch, in the write that ends it.

use std::sync::Arc;

use super::enqueue::start_row;
use super::{Entry, Move, Turn};
use crate::batch::{Batch, ended_as};
use crate::continuation::{After, ParentId};
use crate::job::{HistoryRow, Job};
use crate::sabotage::{self, Bug};
use crate::state::Actor;
use crate::{BatchId, JobId, JobState};

impl Turn<'_> {
    /// Does what others wait for until this job has ended. What that ends in turn waits in a line, so that a chain of
    /// a million is no deep recursion.
    pub(super) fn follow_end(&mut self, id: JobId) {
        self.ended.push_back(id);
        if self.ended.len() > 1 {
            // Whoever is at the first in the line goes on with it.
            return;
        }
        while let Some(id) = self.ended.front().copied() {
            self.follow_one(id);
            self.ended.pop_front();
        }
    }

    fn follow_one(&mut self, id: JobId) {
        let Some(job) = self.engine.jobs.get(id) else { return };
        let (state, batch) = (job.state, job.spec.batch);
        self.note_run(id);
        let lost = state == JobState::Deleted && sabotage::is(Bug::ContinuationLostOnDelete)
            || state == JobState::Failed && sabotage::is(Bug::ContinuationLostOnFailure);
        if self.engine.family.has_children(id.into()) && !lost {
            self.follow_parent(id.into(), state);
        }
        if let Some(batch) = batch {
            self.follow_batch(batch);
        }
    }

    /// Releases or deletes the jobs that waited for a parent that has ended.
    pub(super) fn follow_parent(&mut self, parent: ParentId, state: JobState) {
        for id in self.engine.family.children(parent) {
            let Some(child) = self.engine.jobs.get(id) else { continue };
            let Some(when) = awaited(child, parent) else { continue };
            if !when.is_met_by(state) {
                self.give_up(id, parent, state);
            } else if child.waits_for.len() > 1 && !sabotage::is(Bug::ContinuationForgetsOthers) {
                self.commit(Entry::ParentEnded { child: id, parent });
            } else {
                let reason: Arc<str> = format!("{parent} ended in {state}").into();
                let row = start_row(child.due, self.now, Some(reason));
                let change = Move { order: self.engine.next_order, ..Move::of(child, row) };
                self.transition(change, Actor::Parent);
            }
        }
    }

    /// Deletes a job whose parent did not end as it shall.
    pub(super) fn give_up(&mut self, id: JobId, parent: ParentId, state: JobState) {
        let Some(child) = self.engine.jobs.get(id) else { return };
        let reason = format!("continuation condition was not met: {parent} ended in {state}");
        let row = HistoryRow { reason: Some(reason.into()), ..HistoryRow::new(self.now, JobState::Deleted) };
        let change = Move::of(child, row);
        self.transition(change, Actor::Parent);
    }

    /// Ends a batch of which nothing is left to do, and the batches that waited for it alone.
    pub(super) fn follow_batch(&mut self, id: BatchId) {
        let mut next = Some(id);
        while let Some(id) = next {
            let Some(batch) = self.engine.family.batches.get(&id).filter(|batch| batch.ended.is_none())
            else {
                return;
            };
            let Some(state) = self.end_of(batch) else { return };
            let record = Batch { ended: Some((state, self.now)), ..batch.clone() };
            next = record.parent;
            self.commit(Entry::Batch(Box::new(record)));
            self.follow_parent(id.into(), state);
        }
    }

    /// Returns how a batch ends, if nothing of it is left to do.
    fn end_of(&self, batch: &Batch) -> Option<JobState> {
        let family = &self.engine.family;
        let counts = family.counts(batch);
        if counts.unfinished() > u64::from(sabotage::is(Bug::BatchEndsEarly))
            || family.is_open_within(batch.id)
        {
            return None;
        }
        let nested = family.nested(batch.id).into_iter().filter_map(|id| family.batches.get(&id)?.ended);
        Some(ended_as(&counts, nested.map(|(state, _)| state)))
    }

    /// Cancels a batch with all that is in it. `false` when there is nothing to cancel.
    pub fn cancel_batch(&mut self, id: BatchId, reason: Option<Arc<str>>) -> bool {
        let open = |batch: &&Batch| batch.ended.is_none();
        if self.engine.family.batches.get(&id).filter(open).is_none_or(|batch| self.is_stopping(batch)) {
            return false;
        }
        let reason = reason.unwrap_or_else(|| "its batch was cancelled".into());
        let mut inner = vec![id];
        let (mut batches, mut members) = (Vec::new(), Vec::new());
        while let Some(id) = inner.pop() {
            let Some(batch) = self.engine.family.batches.get(&id).filter(open).cloned() else { continue };
            inner.extend(self.engine.family.nested(id));
            let ended = |id: &JobId| self.engine.jobs.state(*id).is_none_or(JobState::is_final);
            members.extend(self.engine.family.members(id).into_iter().filter(|id| !ended(id)));
            batches.push(batch);
        }
        if !self.engine.load_all(&members) {
            return false;
        }
        for batch in batches.into_iter().filter(|batch| batch.cancelled.is_none()) {
            self.commit(Entry::Batch(Box::new(Batch { cancelled: Some(reason.to_string()), ..batch })));
        }
        for id in members {
            let Some(job) = self.engine.jobs.get(id) else { continue };
            if job.state == JobState::Processing {
                self.request_cancel(id, Some(Arc::clone(&reason)));
            } else if !job.state.is_final() {
                let reason = Some(Arc::clone(&reason));
                let row = HistoryRow { reason, ..HistoryRow::new(self.now, JobState::Deleted) };
                let change = Move::of(job, row);
                self.transition(change, Actor::Client);
            }
        }
        true
    }
}

impl Turn<'_> {
    /// Says whether a batch was cancelled, and all that is left of it has been asked to stop. A job of it that was
    /// requeued since has not.
    fn is_stopping(&self, batch: &Batch) -> bool {
        let jobs = &self.engine.jobs;
        let asked = |id: &JobId| {
            jobs.state(*id).is_none_or(JobState::is_final)
                || jobs.get(*id).is_some_and(|job| job.cancel.is_some())
        };
        batch.cancelled.is_some() && self.engine.family.members(batch.id).iter().all(asked)
    }
}

/// Returns the end of a parent that a job still waits for.
fn awaited(child: &Job, parent: ParentId) -> Option<After> {
    child.waits_for.iter().find(|awaited| awaited.id == parent).map(|awaited| awaited.when)
}
