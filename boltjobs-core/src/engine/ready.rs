//! The jobs that are ready to run, and the choice among them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::job::Job;
use crate::store::{Counts, Offer, QueueOrder};
use crate::{JobId, JobState};

/// Higher priority first, then first in, first out.
type Place = (Reverse<i8>, u64);

/// The ready jobs of one request and version: a server can run all of them, or none.
type Lane = BTreeMap<Place, JobId>;

#[derive(Debug, Default)]
pub(super) struct Ready {
    queues: BTreeMap<Arc<str>, Queue>,
    /// How far the turns have come: the time of the latest one.
    clock: u128,
    /// The turns that were given out.
    given: u64,
}

/// The time that passes on the clock of the turns in one round, in which a queue of weight n has n turns.
const ROUND: u128 = 1 << 64;

#[derive(Debug, Default)]
struct Queue {
    lanes: BTreeMap<(Arc<str>, u32), Lane>,
    /// When it is next, where several queues are worked in turn. Not stored: a restart begins a new round.
    turn: Option<Turn>,
}

/// A place in time, and, among equals, in the order in which they were given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    at: u128,
    number: u64,
}

fn place(job: &Job) -> Place {
    (Reverse(job.spec.priority), job.order)
}

impl Ready {
    pub(super) fn insert(&mut self, job: &Job) {
        let queue = self.queues.entry(Arc::clone(&job.spec.queue)).or_default();
        let lane = queue.lanes.entry((Arc::clone(&job.spec.request), job.spec.version)).or_default();
        lane.insert(place(job), job.id);
    }

    pub(super) fn remove(&mut self, job: &Job) {
        let Some(queue) = self.queues.get_mut(&job.spec.queue) else { return };
        let key = (Arc::clone(&job.spec.request), job.spec.version);
        if let Some(lane) = queue.lanes.get_mut(&key) {
            lane.remove(&place(job));
            if lane.is_empty() {
                queue.lanes.remove(&key);
            }
        }
        if queue.lanes.is_empty() {
            self.queues.remove(&job.spec.queue);
        }
    }

    /// Returns the job that the offer shall take next. It stays until it is removed.
    pub(super) fn next(&mut self, offer: &Offer, counts: &Counts) -> Option<JobId> {
        let able = |request: &Arc<str>, version| able(offer, counts, request, version);
        match &offer.queues {
            QueueOrder::Strict(names) => names.iter().find_map(|name| self.queues.get(name)?.first(&able)),
            QueueOrder::Weighted(weights) => self.next_in_turn(weights.clone(), &able),
            QueueOrder::All if self.queues.len() == 1 => self.queues.values().next()?.first(&able),
            QueueOrder::All => {
                let weights = self.queues.keys().map(|name| (Arc::clone(name), 1)).collect();
                self.next_in_turn(weights, &able)
            }
        }
    }

    /// Self-clocked fair queueing: a queue's turns are a round divided by its weight apart, the earliest one is
    /// taken, and a queue that joins begins at the turn that is taken last. So in the time that one queue waits for a
    /// turn each other one has no more turns than its weight, whatever comes and goes meanwhile.
    fn next_in_turn(
        &mut self,
        weights: Vec<(Arc<str>, u32)>,
        able: &dyn Fn(&Arc<str>, u32) -> bool,
    ) -> Option<JobId> {
        let mut best: Option<(Turn, Arc<str>, u32, JobId)> = None;
        for (name, weight) in weights {
            let Some(queue) = self.queues.get_mut(&name) else { continue };
            let Some(id) = queue.first(able) else { continue };
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
        let (turn, name, weight, id) = best?;
        self.clock = turn.at;
        self.given += 1;
        if let Some(queue) = self.queues.get_mut(&name) {
            queue.turn = Some(Turn { at: turn.at + pause(weight), number: self.given });
        }
        Some(id)
    }
}

/// Returns the time between two turns, rounded up, so that a weight is never exceeded. 0 is for what is worked only
/// while all others have nothing.
fn pause(weight: u32) -> u128 {
    ROUND.div_ceil(u128::from(weight.max(1)))
}

/// Says whether the offer can take a job of this request and version now.
fn able(offer: &Offer, counts: &Counts, request: &Arc<str>, version: u32) -> bool {
    let Some(handled) = offer.handles.get(request).filter(|handled| version <= handled.version) else {
        return false;
    };
    handled.limit.as_ref().is_none_or(|limit| {
        let running = |name| counts.requests.get(name).map_or(0, |states| states.get(JobState::Processing));
        limit.names.iter().map(running).sum::<u64>() < u64::from(limit.at_most)
    })
}

impl Queue {
    fn first(&self, able: &dyn Fn(&Arc<str>, u32) -> bool) -> Option<JobId> {
        let able = self.lanes.iter().filter(|((request, version), _)| able(request, *version));
        able.filter_map(|(_, lane)| lane.first_key_value())
            .min_by_key(|(place, _)| **place)
            .map(|(_, id)| *id)
    }
}
