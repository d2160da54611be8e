//! Handing out ready jobs.

use std::sync::Arc;

use super::gate::Gate;
use super::{Engine, Move, Turn};
use crate::job::{HistoryRow, Lease, RowData};
use crate::sabotage::{self, Bug};
use crate::state::Actor;
use crate::store::{Claimed, Counts, Heartbeat, Held, Offer};
use crate::{JobId, JobState, Timestamp};

/// The most keys that one step lets compete again because a rate has room for them.
const STEP: usize = 1_000;

impl Turn<'_> {
    /// Hands out a job to each of these workers, in the order that the offer asks for, while there are any.
    pub fn claim(&mut self, offer: &Offer, workers: &[u32]) -> Vec<Claimed> {
        if !sabotage::is(Bug::ExpiredStillClaimed) && self.expire_waiting(STEP) {
            // None of those that are left may be handed out; whoever claims comes again when these are gone for good.
            self.engine.ask_again();
            return Vec::new();
        }
        let mut claimed = Vec::new();
        self.engine.begin_claim(offer);
        self.open_by_time();
        let stale = sabotage::is(Bug::LimitReadOnce).then(|| self.engine.counts.clone());
        for worker in workers {
            let Some(id) = self.engine.next(offer, stale.as_ref(), self.now) else { break };
            if self.engine.jobs.load(id).is_none() {
                break;
            }
            claimed.extend(self.claim_one(id, offer, *worker));
        }
        self.engine.end_claim();
        if !claimed.is_empty() && self.engine.take_fault().is_some() {
            // These are not to be lost for it. Whoever claims comes again for the others, and meets it if it is still there.
            self.engine.told.ready = true;
        }
        claimed
    }

    /// Lets compete what a rate may have room for by now.
    pub(super) fn open_by_time(&mut self) {
        self.engine.told.ready |= self.engine.ready.open_by_time(self.now, STEP);
    }

    fn claim_one(&mut self, id: JobId, offer: &Offer, worker: u32) -> Option<Claimed> {
        let job = self.engine.jobs.get(id)?;
        let (spec, created_at) = (Arc::clone(&job.spec), job.created_at);
        let waited = self.now.since(job.since);
        let attempt = job.attempt + 1;
        let epoch = job.epoch.max(self.engine.forgotten_epoch).next(self.engine.boot);
        let data = RowData::Processing { server: Arc::clone(&offer.server), worker, attempt, epoch };
        let row = HistoryRow { data, ..HistoryRow::new(self.now, JobState::Processing) };
        let change = Move { attempt, epoch, ..Move::of(job, row) };
        if !self.transition(change, Actor::Claim) {
            return None;
        }
        self.engine.leases.insert(id, self.now.plus(offer.lease));
        if self.engine.limited
            && let Some(limits) = self.engine.limiting.of_handler(&spec.request, offer)
        {
            self.count_start(&limits, spec.concurrency_key.as_ref());
        }
        let has_notes = self.engine.notes.contains_key(&id);
        Some(Claimed { lease: Lease { job: id, epoch }, spec, attempt, created_at, waited, has_notes })
    }

    /// Keeps leases alive, and tells which are lost or shall be cancelled.
    pub fn heartbeat(&mut self, leases: &[Lease], until: Timestamp) -> Heartbeat {
        let mut answer = Heartbeat::default();
        for lease in leases {
            match self.engine.leased(*lease, Bug::HeartbeatByIdOnly) {
                None => answer.lost.push(*lease),
                Some(job) => {
                    if job.cancel.is_some() {
                        answer.cancelled.push(lease.job);
                    }
                    if !sabotage::is(Bug::HeartbeatKeepsNothing) {
                        self.engine.leases.insert(lease.job, until);
                    }
                }
            }
        }
        answer
    }
}

impl Engine {
    /// Notes what an offer brings besides room for jobs.
    fn begin_claim(&mut self, offer: &Offer) {
        self.ready.parking.begin();
        self.limited = self.limited || offer.is_limited();
        self.hold(&offer.server, &offer.held);
    }

    /// Takes what a server still runs of attempts that have ended, in place of what it said before.
    pub(super) fn hold(&mut self, server: &Arc<str>, held: &[Held]) {
        for gone in self.limiting.hold(server, held) {
            self.told.ready = true;
            if let Some(key) = &gone.key {
                self.ready.open(key);
            }
        }
    }

    fn next(&mut self, offer: &Offer, stale: Option<&Counts>, now: Timestamp) -> Option<JobId> {
        let Self { ready, counts, limiting, .. } = self;
        ready.next(&Gate { offer, counts: stale.unwrap_or(counts), limiting, now })
    }

    fn end_claim(&mut self) {
        let parking = &mut self.ready.parking;
        // Whoever claims next goes on where this one stopped.
        self.told.ready |= std::mem::take(&mut parking.tired);
        self.told.due |= std::mem::take(&mut parking.sooner);
    }
}
