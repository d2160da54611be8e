//! The jobs that are ready to run, and the choice among them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gate::Gate;
use super::lane::{Lane, LaneId};
use super::parking::{Parked, Parking, Waits};
use crate::job::Job;
use crate::store::QueueOrder;
use crate::{JobId, Timestamp};

#[derive(Debug, Default)]
pub(super) struct Ready {
    queues: BTreeMap<Arc<str>, Queue>,
    pub(super) parking: Parking,
    /// How far the turns have come: the time of the latest one.
    clock: u128,
    /// The turns that were given out.
    given: u64,
}

/// The time that passes on the clock of the turns in one round, in which a queue of weight n has n turns.
const ROUND: u128 = 1 << 64;

#[derive(Debug, Default)]
struct Queue {
    lanes: BTreeMap<LaneId, Lane>,
    /// When it is next, where several queues are worked in turn. Not stored: a restart begins a new round.
    turn: Option<Turn>,
}

/// A place in time, and, among equals, in the order in which they were given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    at: u128,
    number: u64,
}

fn lane_of(job: &Job) -> LaneId {
    (Arc::clone(&job.spec.request), job.spec.version, job.spec.concurrency_key.is_some())
}

impl Ready {
    pub(super) fn insert(&mut self, job: &Job) {
        let queue = self.queues.entry(Arc::clone(&job.spec.queue)).or_default();
        queue.lanes.entry(lane_of(job)).or_default().insert(job);
    }

    pub(super) fn remove(&mut self, job: &Job) {
        let Some(queue) = self.queues.get_mut(&job.spec.queue) else { return };
        let id = lane_of(job);
        let Some(lane) = queue.lanes.get_mut(&id) else { return };
        let last_of_key = lane.remove(job);
        if lane.is_empty() {
            queue.lanes.remove(&id);
        }
        if queue.lanes.is_empty() {
            self.queues.remove(&job.spec.queue);
        }
        if let Some(key) = job.spec.concurrency_key.as_ref().filter(|_| last_of_key) {
            let (key, queue) = (Arc::clone(key), Arc::clone(&job.spec.queue));
            self.parking.forget(&Parked { key, queue, lane: id });
        }
    }

    /// Lets the jobs of a key compete again, wherever it is parked.
    pub(super) fn open(&mut self, key: &Arc<str>) {
        for parked in self.parking.take(key) {
            self.open_parked(&parked);
        }
    }

    fn open_parked(&mut self, parked: &Parked) {
        let queue = self.queues.get_mut(&parked.queue);
        if let Some(lane) = queue.and_then(|queue| queue.lanes.get_mut(&parked.lane)) {
            lane.open(&parked.key);
        }
    }

    /// Lets compete what a rate may have room for, and says whether there was anything: no more than `step` of it.
    pub(super) fn open_by_time(&mut self, now: Timestamp, step: usize) -> bool {
        for done in 0..step {
            let Some(what) = self.parking.pop(now) else { return done > 0 };
            if let Waits::Key(parked) = what {
                self.open_parked(&parked);
            }
        }
        true
    }

    /// Returns the job that the gate lets pass next. It stays until it is removed.
    pub(super) fn next(&mut self, gate: &Gate<'_>) -> Option<JobId> {
        match &gate.offer.queues {
            QueueOrder::Strict(names) => names.iter().find_map(|name| self.first(name, gate)),
            QueueOrder::Weighted(weights) => self.next_in_turn(weights.clone(), gate),
            QueueOrder::All if self.queues.len() == 1 => {
                let name = Arc::clone(self.queues.keys().next()?);
                self.first(&name, gate)
            }
            QueueOrder::All => {
                let weights = self.queues.keys().map(|name| (Arc::clone(name), 1)).collect();
                self.next_in_turn(weights, gate)
            }
        }
    }

    /// Returns the first job of a queue that may start. There is none once the claim has looked at too many that may
    /// not: one behind them must not go first.
    fn first(&mut self, name: &Arc<str>, gate: &Gate<'_>) -> Option<JobId> {
        let queue = self.queues.get_mut(name)?;
        if gate.queue(name).is_some() {
            return None;
        }
        let parking = &mut self.parking;
        let lanes = queue.lanes.iter_mut();
        let first = lanes.filter_map(|(id, lane)| lane.first(name, id, gate, parking)).min();
        first.filter(|_| !self.parking.tired).map(|(_, id)| id)
    }

    /// Self-clocked fair queueing: a queue's turns are a round divided by its weight apart, the earliest one is
    /// taken, and a queue that joins begins at the turn that is taken last. So in the time that one queue waits for a
    /// turn each other one has no more turns than its weight, whatever comes and goes meanwhile.
    fn next_in_turn(&mut self, weights: Vec<(Arc<str>, u32)>, gate: &Gate<'_>) -> Option<JobId> {
        let mut best: Option<(Turn, Arc<str>, u32, JobId)> = None;
        for (name, weight) in weights {
            let Some(id) = self.first(&name, gate) else { continue };
            let Some(queue) = self.queues.get_mut(&name) else { continue };
            let turn = queue.turn.get_or_insert_with(|| {
                self.given += 1;
                Turn { at: self.clock + pause(weight), number: self.given }
            });
            // Servers that could not work it went on without it; it has one turn at once, not all that it missed.
            turn.at = turn.at.max(self.clock);
            let rank = (weight == 0, *turn);
            if best.as_ref().is_none_or(|(best, _, weight, _)| rank < (*weight == 0, *best)) {
                best = Some((*turn, name, weight, id));
            }
        }
        let (turn, name, weight, id) = best.filter(|_| !self.parking.tired)?;
        self.clock = turn.at;
        self.given += 1;
        if let Some(queue) = self.queues.get_mut(&name) {
            queue.turn = Some(Turn { at: turn.at + pause(weight), number: self.given });
        }
        Some(id)
    }

    /// Returns the lanes of a queue.
    pub(super) fn lanes(&self, queue: &str) -> impl Iterator<Item = (&LaneId, &Lane)> {
        self.queues.get(queue).into_iter().flat_map(|queue| &queue.lanes)
    }

    /// Returns the job of a queue that became ready first.
    pub(super) fn oldest(&self, queue: &str) -> Option<JobId> {
        self.lanes(queue).flat_map(|(_, lane)| lane.oldest()).min().map(|(_, id)| id)
    }
}

/// Returns the time between two turns, rounded up, so that a weight is never exceeded. 0 is for what is worked only
/// while all others have nothing.
fn pause(weight: u32) -> u128 {
    ROUND.div_ceil(u128::from(weight.max(1)))
}
