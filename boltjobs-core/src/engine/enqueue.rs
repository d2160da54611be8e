//! New jobs and batches.

use std::collections::HashMap;
use std::sync::Arc;

use super::admission;
use super::{Engine, Entry, Turn};
use crate::batch::{Batch, NewBatch};
use crate::continuation::{Parent, ParentId};
use crate::job::{HistoryRow, Job, JobSpec, NewJob, RowData};
use crate::store::{Enqueued, Refusal};
use crate::{JobId, JobState, Timestamp};

impl Turn<'_> {
    /// Adds batches and jobs, and returns for each job, in order, what became of it.
    ///
    /// # Errors
    /// Says what does not fit together, or with what is there; nothing is added then.
    pub fn submit(&mut self, batches: Vec<NewBatch>, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, Refusal> {
        admission::check(self.engine, &batches, &jobs)?;
        if !self.engine.load_what_concerns(jobs.iter().map(|job| &*job.spec)) {
            return Ok(Vec::new());
        }
        self.keys_are_free(&jobs)?;
        let new: Vec<_> = batches.iter().map(|batch| batch.id).collect();
        for batch in batches {
            if !self.engine.family.batches.contains_key(&batch.id) {
                self.commit(Entry::Batch(Box::new(Batch::new(batch, self.now))));
            }
        }
        let mut news = News::default();
        let enqueued = jobs.into_iter().map(|job| self.enqueue_one(job, None, &mut news)).collect();
        // Only now, for what ends with them may be all that there is of a batch so far.
        for (job, parent, state) in news.unmet {
            self.give_up(job, parent, state);
        }
        // The inner ones stand behind the outer ones. An empty batch has ended with its creation.
        new.into_iter().rev().for_each(|batch| self.follow_batch(batch));
        Ok(enqueued)
    }

    /// Adds jobs that wait for nothing but time.
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit).
    pub fn enqueue(&mut self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, Refusal> {
        self.submit(Vec::new(), jobs)
    }

    /// Adds a job. One whose parents have ended otherwise than they shall is left to whoever looks at the news.
    pub(super) fn enqueue_one(
        &mut self,
        mut new: NewJob,
        reason: Option<Arc<str>>,
        news: &mut News,
    ) -> Enqueued {
        let id = new.id;
        if self.engine.jobs.contains(id) {
            return Enqueued { id, duplicate: true };
        }
        if let Some(holder) = self.holder(&new.spec, id) {
            self.take_over(holder, &new);
            news.merged.insert(id, holder);
            return Enqueued { id: holder, duplicate: true };
        }
        news.redirect(&mut new);
        let parents = distinct(&new.spec);
        let ended =
            parents.iter().filter_map(|parent| Some((*parent, self.engine.end_of_parent(parent.id)?)));
        let ended: Vec<_> = ended.collect();
        let waits_for: Vec<_> = parents
            .iter()
            .filter(|parent| ended.iter().all(|(other, _)| other != *parent))
            .copied()
            .collect();
        let unmet = ended.iter().any(|(parent, state)| !parent.when.is_met_by(*state));
        let row = if unmet || !waits_for.is_empty() {
            HistoryRow { reason, ..HistoryRow::new(self.now, JobState::Awaiting) }
        } else {
            start_row(new.start_at, self.now, reason)
        };
        let due = new.start_at.filter(|_| row.state != JobState::Enqueued);
        let job = Job::enqueued(id, new.spec, row, self.engine.next_order);
        let job = Job { due, waits_for: if unmet { parents } else { waits_for }, ..job };
        self.commit(Entry::record_of(Box::new(job)));
        if let Some((parent, state)) =
            ended.into_iter().find(|(parent, state)| !parent.when.is_met_by(*state))
        {
            news.unmet.push((id, parent.id, state));
        }
        Enqueued { id, duplicate: false }
    }
}

/// What one write has found out about its own jobs.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Jobs whose parents ended otherwise than they shall: which parent, and how.
    unmet: Vec<(JobId, ParentId, JobState)>,
    /// Jobs for which another one stands that holds their unique key.
    merged: HashMap<JobId, JobId>,
}

impl News {
    /// Lets a job wait for those that stand for its parents.
    fn redirect(&self, job: &mut NewJob) {
        if self.merged.is_empty() {
            return;
        }
        for parent in &mut job.spec_mut().parents {
            if let ParentId::Job(id) = &mut parent.id
                && let Some(holder) = self.merged.get(id)
            {
                *id = *holder;
            }
        }
    }
}

impl Engine {
    /// Gets into memory what new jobs may change, or be merged with, and says whether all of it is there.
    pub(super) fn load_what_concerns<'a>(&mut self, new: impl Iterator<Item = &'a JobSpec>) -> bool {
        let mut ids = Vec::new();
        for spec in new {
            ids.extend(self.keys.holders(spec));
            ids.extend(spec.parents.iter().filter_map(|parent| match parent.id {
                ParentId::Job(id) => Some(id),
                ParentId::Batch(_) => None,
            }));
        }
        self.load_all(&ids)
    }

    /// Returns how a parent ended, if it has.
    fn end_of_parent(&self, parent: ParentId) -> Option<JobState> {
        match parent {
            ParentId::Job(id) => self.jobs.state(id).filter(|state| state.is_final()),
            ParentId::Batch(id) => self.family.batches.get(&id)?.ended.map(|(state, _)| state),
        }
    }
}

/// Returns the parents of a job, each once.
fn distinct(spec: &JobSpec) -> Vec<Parent> {
    let mut parents: Vec<Parent> = Vec::with_capacity(spec.parents.len());
    for parent in &spec.parents {
        if parents.iter().all(|other| other.id != parent.id) {
            parents.push(*parent);
        }
    }
    parents
}

/// Decides whether a job that may start at `due` waits for that time or for a worker.
pub(super) fn start_row(due: Option<Timestamp>, now: Timestamp, reason: Option<Arc<str>>) -> HistoryRow {
    let mut row = match due.filter(|due| *due > now) {
        Some(due) => {
            HistoryRow { data: RowData::Scheduled { due }, ..HistoryRow::new(now, JobState::Scheduled) }
        }
        None => HistoryRow::new(now, JobState::Enqueued),
    };
    row.reason = reason;
    row
}
