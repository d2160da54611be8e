//! Queues: pausing them, and what is known of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Engine, Entry, Turn};
use crate::Timestamp;
use crate::store::{Offer, QueueInfo, StateCounts};

impl Turn<'_> {
    /// Pauses a queue, or lets it go on; `false` when it was so already.
    pub fn pause(&mut self, queue: &Arc<str>, pause: bool) -> bool {
        if self.engine.limiting.paused.contains_key(queue) == pause {
            return false;
        }
        let queue = Arc::clone(queue);
        self.commit(if pause {
            Entry::QueuePaused { queue, since: self.now }
        } else {
            Entry::QueueResumed(queue)
        });
        true
    }
}

impl Engine {
    /// Returns what is known of each queue, by their names.
    pub fn queues(&self, now: Timestamp) -> Vec<QueueInfo> {
        let offers: Vec<_> = self.live(now).map(|server| &server.offer).collect();
        let mut queues: BTreeMap<Arc<str>, StateCounts> = self.counts.queues.clone();
        let named = offers.iter().flat_map(|offer| offer.queues.names());
        let set = self.limiting.set.keys().cloned();
        for name in self.limiting.paused.keys().cloned().chain(set).chain(named) {
            queues.entry(name).or_default();
        }
        queues.into_iter().map(|(name, counts)| self.queue(name, counts, &offers)).collect()
    }

    fn queue(&self, name: Arc<str>, counts: StateCounts, offers: &[&Arc<Offer>]) -> QueueInfo {
        let oldest = self.ready.oldest(&name).and_then(|id| self.jobs.look(id)).map(|job| job.since);
        let set = self.limiting.set.get(&name).cloned();
        let at_most = set.as_ref().map(|limit| limit.at_most);
        QueueInfo {
            counts,
            paused_since: self.limiting.paused.get(&name).copied(),
            oldest,
            limit: offers.iter().filter_map(|offer| self.limiting.of_queue(&name, offer)).min().or(at_most),
            set,
            servers: offers.iter().filter(|offer| offer.queues.works(&name)).count(),
            name,
        }
    }
}
