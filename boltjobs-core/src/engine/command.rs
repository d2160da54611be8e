//! What clients ask of one job.

use std::sync::Arc;

use super::enqueue::start_row;
use super::{Entry, Move, Turn};
use crate::job::{HistoryRow, Job};
use crate::sabotage::{self, Bug};
use crate::state::Actor;
use crate::store::{Action, Change, Command};
use crate::{JobId, JobState};

impl Turn<'_> {
    /// Moves jobs, and says for each, in order, whether it happened.
    pub fn command(&mut self, ids: &[JobId], command: &Command) -> Vec<bool> {
        let unread = || vec![false; ids.len()];
        if !self.engine.load_all(ids) {
            return unread();
        }
        let jobs = ids.iter().filter_map(|id| self.engine.jobs.get(*id));
        let held: Vec<_> = jobs.flat_map(|job| self.engine.keys.holders(&job.spec)).collect();
        if !self.engine.load_all(&held) {
            return unread();
        }
        ids.iter().map(|id| self.command_one(*id, command)).collect()
    }

    fn command_one(&mut self, id: JobId, command: &Command) -> bool {
        let Some(job) = self.engine.jobs.get(id) else { return false };
        if !command.expected.is_empty() && !command.expected.contains(&job.state) {
            return false;
        }
        let twice = sabotage::is(Bug::RequeueOfRunning) && command.action == Action::Requeue;
        if job.state == JobState::Processing && !twice {
            return command.action == Action::Delete && self.request_cancel(id, command.reason.clone());
        }
        if command.action != Action::Delete && job.state.is_final() && self.holder(&job.spec, id).is_some() {
            return false;
        }
        let reason = command.reason.clone();
        let row = match command.action {
            Action::Delete => HistoryRow { reason, ..HistoryRow::new(self.now, JobState::Deleted) },
            Action::Requeue => start_row(None, self.now, reason),
            Action::Reschedule(at) => start_row(Some(at), self.now, reason),
        };
        let change = if row.state == JobState::Deleted {
            // It shows how often it was tried.
            Move::of(job, row)
        } else {
            let attempt = if job.state.is_final() { 0 } else { job.attempt };
            Move { attempt, order: self.engine.next_order, crashes: 0, ..Move::of(job, row) }
        };
        // A job that is ready is not rescheduled for a time that has passed: it has nothing to wait for.
        self.transition(change, Actor::Client)
    }

    /// Changes jobs that wait or have failed, and says for each, in order, whether it is as was asked.
    pub fn change(&mut self, ids: &[JobId], change: &Change) -> Vec<bool> {
        if !self.engine.load_all(ids) {
            return vec![false; ids.len()];
        }
        ids.iter().map(|id| self.change_one(*id, change)).collect()
    }

    fn change_one(&mut self, id: JobId, change: &Change) -> bool {
        let Some(job) = self.engine.jobs.get(id) else { return false };
        let open = match job.state {
            JobState::Awaiting | JobState::Scheduled | JobState::Enqueued | JobState::Failed => true,
            JobState::Processing | JobState::Succeeded | JobState::Deleted => false,
        };
        let expected = change.expected.is_empty() || change.expected.contains(&job.state);
        if !open || !expected || change.revision.is_some_and(|seen| seen != job.revision) {
            return false;
        }
        let spec = change.of(&job.spec);
        if spec == *job.spec {
            return true;
        }
        let mut changed = Job { revision: job.revision + 1, ..job.clone() };
        let mut notes = self.engine.notes.get(&id).cloned();
        if (spec.version, &spec.payload) != (job.spec.version, &job.spec.payload) {
            // What was done and tried was another payload.
            (changed.attempt, notes) = (0, None);
        }
        changed.spec = Arc::new(spec);
        // The whole record, so that the memory has room for others: a backlog may be changed at once.
        self.commit(Entry::record_of(Box::new(changed)));
        if let Some(notes) = notes {
            self.commit(Entry::Notes(id, Box::new(notes)));
        }
        true
    }

    /// The job stays Processing until its handler has ended.
    pub(super) fn request_cancel(&mut self, id: JobId, reason: Option<Arc<str>>) -> bool {
        let asked = self.engine.jobs.get(id).is_some_and(|job| job.cancel.is_some());
        if !asked {
            let reason =
                reason.map_or_else(|| "deleted while it ran".to_owned(), |reason| reason.to_string());
            self.commit(Entry::CancelRequested { id, reason });
        }
        true
    }
}
