//! Jobs that were not started in time.

use super::{Move, Turn};
use crate::duration;
use crate::job::{HistoryRow, Job};
use crate::state::Actor;
use crate::{JobId, JobState};

impl Turn<'_> {
    /// Deletes jobs that have waited longer than they may, `at_most` of them, and says whether there are others.
    pub(super) fn expire_waiting(&mut self, at_most: usize) -> bool {
        for _ in 0..at_most {
            let Some(id) = self.expired() else { return false };
            let Some(job) = self.engine.jobs.load(id) else { return false };
            let span = duration::format(job.spec.expires_in.unwrap_or_default());
            let reason = format!("expired: it had not started within {span}");
            let row =
                HistoryRow { reason: Some(reason.into()), ..HistoryRow::new(self.now, JobState::Deleted) };
            let change = Move::of(job, row);
            self.transition(change, Actor::Time);
        }
        self.expired().is_some()
    }

    fn expired(&self) -> Option<JobId> {
        let (expires, id) = self.engine.expiring.first()?;
        (expires <= self.now).then_some(id)
    }
}

impl Job {
    /// Sets until when it may start, after a transition: what has started or ended has no such time, and what is
    /// enqueued again after its end has all of it again.
    pub(super) fn renew_expiry(&mut self, before: JobState) {
        self.expires = match self.state {
            JobState::Awaiting | JobState::Scheduled | JobState::Enqueued if before.is_final() => {
                self.spec.expires_in.map(|span| self.since.plus(span))
            }
            JobState::Awaiting | JobState::Scheduled | JobState::Enqueued => self.expires,
            JobState::Processing | JobState::Succeeded | JobState::Failed | JobState::Deleted => None,
        };
    }
}
