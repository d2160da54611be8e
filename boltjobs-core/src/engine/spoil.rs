//! Bugs of transitions that are made: see [`sabotage`].

use std::sync::Arc;

use super::{Engine, Move};
use crate::JobState::{Deleted, Enqueued, Failed, Processing, Scheduled};
use crate::job::Job;
use crate::sabotage::{self, Bug};

impl Engine {
    /// Does what a transition must not do, to a job that stands in no index.
    pub(super) fn spoil(&mut self, job: &mut Job, change: &Move) {
        match (job.state, change.row.state) {
            (Processing, Enqueued | Scheduled) if change.row.error.is_some() => self.spoil_retry(job),
            (Processing, Enqueued)
                if change.crashes > job.crashes && sabotage::is(Bug::SlotLeaksOnReclaim) =>
            {
                self.limiting.begin(job);
            }
            (Scheduled, Deleted) if sabotage::is(Bug::DeleteDriftsCounters) => {
                self.counts.states.add(Scheduled);
            }
            _ => {}
        }
    }

    fn spoil_retry(&mut self, job: &mut Job) {
        if let Some(spec) = sabotage::retried(&job.spec) {
            job.spec = Arc::new(spec);
        }
        if sabotage::is(Bug::RetryLosesSteps) {
            self.forget_notes(job.id);
        }
        if sabotage::is(Bug::RetryCountsAsFailed) {
            self.counts.states.add(Failed);
        }
        if sabotage::is(Bug::RetryCountsInBatch)
            && let Some(batch) = job.spec.batch.and_then(|id| self.family.batches.get_mut(&id))
        {
            batch.gone.add(Failed);
        }
    }
}
