//! Handing out ready jobs.

use std::sync::Arc;

use super::{Move, Turn};
use crate::job::{HistoryRow, Lease, RowData};
use crate::state::Actor;
use crate::store::{Claimed, Heartbeat, Offer};
use crate::{JobId, JobState, Timestamp};

impl Turn<'_> {
    /// Hands out a job to each of these workers, in the order that the offer asks for, while there are any.
    pub fn claim(&mut self, offer: &Offer, workers: &[u32]) -> Vec<Claimed> {
        let mut claimed = Vec::new();
        for worker in workers {
            let Some(id) = self.engine.ready.next(offer, &self.engine.counts) else { break };
            claimed.extend(self.claim_one(id, offer, *worker));
        }
        self.engine.limited |= offer.handles.values().any(|handled| handled.limit.is_some());
        claimed
    }

    fn claim_one(&mut self, id: JobId, offer: &Offer, worker: u32) -> Option<Claimed> {
        let job = self.engine.jobs.get(&id)?;
        let (spec, created_at) = (Arc::clone(&job.spec), job.created_at);
        let attempt = job.attempt + 1;
        let epoch = job.epoch.max(self.engine.forgotten_epoch).next(self.engine.boot);
        let data = RowData::Processing { server: Arc::clone(&offer.server), worker, attempt, epoch };
        let row = HistoryRow { data, ..HistoryRow::new(self.now, JobState::Processing) };
        let change = Move { attempt, epoch, ..Move::of(job, row) };
        if !self.transition(change, Actor::Claim) {
            return None;
        }
        self.engine.leases.insert(id, self.now.plus(offer.lease));
        let has_notes = self.engine.notes.contains_key(&id);
        Some(Claimed { lease: Lease { job: id, epoch }, spec, attempt, created_at, has_notes })
    }

    /// Keeps leases alive, and tells which are lost or shall be cancelled.
    pub fn heartbeat(&mut self, leases: &[Lease], until: Timestamp) -> Heartbeat {
        let mut answer = Heartbeat::default();
        for lease in leases {
            match self.engine.leased(*lease) {
                None => answer.lost.push(*lease),
                Some(job) => {
                    if job.cancel.is_some() {
                        answer.cancelled.push(lease.job);
                    }
                    self.engine.leases.insert(lease.job, until);
                }
            }
        }
        answer
    }
}
