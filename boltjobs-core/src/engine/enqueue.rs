//! New jobs.

use std::sync::Arc;

use super::{Entry, Turn};
use crate::job::{Epoch, HistoryRow, Job, NewJob, RowData};
use crate::store::Enqueued;
use crate::{JobState, Timestamp};

impl Turn<'_> {
    /// Adds jobs, and returns for each, in order, what became of it.
    pub fn enqueue(&mut self, jobs: Vec<NewJob>) -> Vec<Enqueued> {
        jobs.into_iter().map(|job| self.enqueue_one(job, None)).collect()
    }

    pub(super) fn enqueue_one(&mut self, new: NewJob, reason: Option<Arc<str>>) -> Enqueued {
        let id = new.id;
        if self.engine.jobs.contains_key(&id) {
            return Enqueued { id, duplicate: true };
        }
        if let Some(holder) = self.holder(&new.spec, id) {
            self.take_over(holder, new);
            return Enqueued { id: holder, duplicate: true };
        }
        let row = start_row(new.start_at, self.now, reason);
        let expires = new.spec.expires_in.map(|span| self.now.plus(span));
        let job = Job {
            id,
            spec: Arc::new(new.spec),
            created_at: self.now,
            state: row.state,
            since: self.now,
            due: new.start_at.filter(|_| row.state == JobState::Scheduled),
            waits_for: Vec::new(),
            expires,
            order: self.engine.next_order,
            attempt: 0,
            epoch: Epoch::default(),
            crashes: 0,
            revision: 0,
            cancel: None,
            history: vec![row],
            forgotten_rows: 0,
        };
        self.commit(Entry::Job(Box::new(job)));
        Enqueued { id, duplicate: false }
    }
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
