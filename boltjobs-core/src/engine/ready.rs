//! The jobs that are ready to run, and the choice among them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::JobId;
use crate::job::Job;
use crate::store::{Offer, QueueOrder};

/// Higher priority first, then first in, first out.
type Place = (Reverse<i8>, u64);

/// The ready jobs of one request and version: a server can run all of them, or none.
type Lane = BTreeMap<Place, JobId>;

#[derive(Debug, Default)]
pub(super) struct Ready {
    queues: BTreeMap<Arc<str>, Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    lanes: BTreeMap<(Arc<str>, u32), Lane>,
    /// What the queue is owed where several are worked in turn. Not stored: a restart begins a new round.
    credit: i64,
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
    pub(super) fn next(&mut self, offer: &Offer) -> Option<JobId> {
        match &offer.queues {
            QueueOrder::Strict(names) => names.iter().find_map(|name| self.queues.get(name)?.first(offer)),
            QueueOrder::Weighted(weights) => {
                let weights = weights.iter().map(|(name, weight)| (Arc::clone(name), i64::from(*weight)));
                let weights: Vec<_> = weights.collect();
                self.next_in_turn(weights, offer)
            }
            QueueOrder::All if self.queues.len() == 1 => self.queues.values().next()?.first(offer),
            QueueOrder::All => {
                let weights = self.queues.keys().map(|name| (Arc::clone(name), 1)).collect();
                self.next_in_turn(weights, offer)
            }
        }
    }

    /// Smooth weighted round robin: with each choice every queue that has a job earns its weight, and the one that
    /// is owed most pays the sum. A queue with a job is chosen within one round, whatever the others hold.
    fn next_in_turn(&mut self, weights: Vec<(Arc<str>, i64)>, offer: &Offer) -> Option<JobId> {
        let mut sum = 0;
        let mut best: Option<(i64, Arc<str>, JobId)> = None;
        for (name, weight) in weights {
            let Some(queue) = self.queues.get_mut(&name) else { continue };
            let Some(id) = queue.first(offer) else { continue };
            queue.credit += weight;
            sum += weight;
            if best.as_ref().is_none_or(|(credit, ..)| queue.credit > *credit) {
                best = Some((queue.credit, name, id));
            }
        }
        let (_, name, id) = best?;
        if let Some(queue) = self.queues.get_mut(&name) {
            queue.credit -= sum;
        }
        Some(id)
    }
}

impl Queue {
    fn first(&self, offer: &Offer) -> Option<JobId> {
        let able = self.lanes.iter().filter(|((request, version), _)| {
            offer.handles.get(request).is_some_and(|newest| version <= newest)
        });
        able.filter_map(|(_, lane)| lane.first_key_value())
            .min_by_key(|(place, _)| **place)
            .map(|(_, id)| *id)
    }
}
