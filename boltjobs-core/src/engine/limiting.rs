//! What limits count: running jobs of each key and of each server, recent starts, paused queues, and places that are still held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Entry, Turn};
use crate::handler_limit::{self, HandlerLimit};
use crate::job::{Job, RowData};
use crate::queue_limit::QueueLimit;
use crate::rate::{Rate, RateLog};
use crate::store::{Held, Limits, Offer};
use crate::{JobId, Timestamp};

#[derive(Debug, Default)]
pub(super) struct Limiting {
    /// The running jobs of each concurrency key, of whatever request.
    running: HashMap<Arc<str>, BTreeSet<JobId>>,
    /// How many jobs each server runs.
    pub(super) servers: BTreeMap<Arc<str>, u32>,
    pub(super) rates: BTreeMap<RateId, Starts>,
    /// When each of them has nothing left that counts.
    pub(super) over: BTreeSet<(Timestamp, RateId)>,
    /// The paused queues, and since when.
    pub(super) paused: BTreeMap<Arc<str>, Timestamp>,
    /// The limits of queues that somebody has set, as the documents say.
    pub(super) set: BTreeMap<Arc<str>, QueueLimit>,
    /// The limits of handlers that somebody has set, by the own names of the requests.
    pub(super) handlers: BTreeMap<Arc<str>, Vec<HandlerLimit>>,
    /// What each server still runs of attempts that have ended. Not journaled.
    held: BTreeMap<Arc<str>, Vec<Held>>,
}

/// What a rate counts: the starts of a handler, or those of one of its keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RateId {
    /// The own name of the request.
    pub handler: Arc<str>,
    /// The concurrency key.
    pub key: Option<Arc<str>>,
}

/// The starts that a rate still counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starts {
    /// Whose they are.
    pub id: RateId,
    /// The rate by which the latest one was counted.
    #[serde(with = "text")]
    pub rate: Rate,
    /// The starts.
    pub log: RateLog,
    /// When none of them counts any more.
    pub until: Timestamp,
}

impl Starts {
    fn note(&mut self, at: Timestamp) {
        self.log.record(&self.rate, at);
        let longest = self.rate.windows().map(|window| window.per).max().unwrap_or_default();
        self.until = at.plus(longest);
    }

    /// Estimates the bytes that the record takes on disk once it is as long as it can be.
    pub(super) fn weight(&self) -> u64 {
        let slots: usize = self.rate.windows().map(|window| window.at_most.min(65) as usize).sum();
        let names = self.id.handler.len() + self.id.key.as_ref().map_or(0, |key| key.len());
        (names + 20 * slots + 32) as u64
    }
}

/// Keeps a rate as its text, which every release reads.
mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::rate::Rate;

    pub(super) fn serialize<S: Serializer>(rate: &Rate, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(rate)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        Rate::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Limiting {
    /// Notes that a job runs.
    pub(super) fn begin(&mut self, job: &Job) {
        if let Some(server) = server_of(job) {
            *self.servers.entry(Arc::clone(server)).or_default() += 1;
        }
        if let Some(key) = &job.spec.concurrency_key {
            self.running.entry(Arc::clone(key)).or_default().insert(job.id);
        }
    }

    /// Notes that a job runs no more.
    pub(super) fn end(&mut self, job: &Job) {
        if let Some(server) = server_of(job)
            && let Some(jobs) = self.servers.get_mut(server)
        {
            *jobs = jobs.saturating_sub(1);
            if *jobs == 0 {
                self.servers.remove(server);
            }
        }
        if let Some(key) = &job.spec.concurrency_key
            && let Some(jobs) = self.running.get_mut(key)
        {
            jobs.remove(&job.id);
            if jobs.is_empty() {
                self.running.remove(key);
            }
        }
    }

    /// Counts what a server runs.
    pub(super) fn on_server(&self, server: &str) -> u32 {
        self.servers.get(server).copied().unwrap_or_default()
    }

    /// Returns the running jobs of a key.
    pub(super) fn running(&self, key: &str) -> impl Iterator<Item = JobId> {
        self.running.get(key).into_iter().flatten().copied()
    }

    /// Counts what runs of a key, with what still runs of attempts that have ended.
    pub(super) fn count(&self, key: &str) -> u64 {
        let running = self.running.get(key).map_or(0, BTreeSet::len);
        running as u64 + self.count_held(|held| held.key.as_deref() == Some(key))
    }

    /// Returns how many jobs of a queue a server may let run at once: what somebody has set, else what the server says.
    pub(super) fn of_queue(&self, queue: &str, offer: &Offer) -> Option<u32> {
        let set = self.set.get(queue).map(|limit| limit.at_most);
        set.or_else(|| offer.queue_limits.get(queue).copied())
    }

    /// Returns what a handler of a server is held to: what somebody has set, else what the server says.
    pub(super) fn of_handler(&self, request: &Arc<str>, offer: &Offer) -> Option<Arc<Limits>> {
        let handled = offer.handles.get(request)?;
        match self.handlers.get(handled.own_name(request)) {
            None => handled.limits.clone(),
            Some(set) => Some(handler_limit::over(offer.limits(request)?, set).into()),
        }
    }

    /// Counts what still runs of attempts that have ended.
    pub(super) fn count_held(&self, counts: impl Fn(&Held) -> bool) -> u64 {
        self.held.values().flatten().filter(|held| counts(held)).count() as u64
    }

    /// Takes what a server holds now, and returns what it held before, if it is not the same.
    pub(super) fn hold(&mut self, server: &Arc<str>, held: &[Held]) -> Vec<Held> {
        if self.held.get(server).map_or(&[][..], Vec::as_slice) == held {
            return Vec::new();
        }
        let before = if held.is_empty() {
            self.held.remove(server)
        } else {
            self.held.insert(Arc::clone(server), held.to_vec())
        };
        before.unwrap_or_default()
    }

    /// Puts a whole record in place, and returns the one that was there.
    pub(super) fn put_starts(&mut self, starts: Starts) -> Option<Starts> {
        let before = self.remove_starts(&starts.id);
        self.over.insert((starts.until, starts.id.clone()));
        self.rates.insert(starts.id.clone(), starts);
        before
    }

    pub(super) fn remove_starts(&mut self, id: &RateId) -> Option<Starts> {
        let before = self.rates.remove(id)?;
        self.over.remove(&(before.until, before.id.clone()));
        Some(before)
    }

    pub(super) fn starts_record(&self, id: &RateId) -> Option<Entry> {
        self.rates.get(id).map(|starts| Entry::Starts(Box::new(starts.clone())))
    }

    pub(super) fn pause_record(&self, queue: &Arc<str>) -> Option<Entry> {
        let since = *self.paused.get(queue)?;
        Some(Entry::QueuePaused { queue: Arc::clone(queue), since })
    }

    /// Counts a start. What it belongs to may come later, when older entries were compacted away.
    pub(super) fn note_start(&mut self, id: &RateId, at: Timestamp) {
        if let Some(mut starts) = self.remove_starts(id) {
            starts.note(at);
            self.put_starts(starts);
        }
    }
}

/// Returns the server that runs a job.
fn server_of(job: &Job) -> Option<&Arc<str>> {
    match &job.history.last()?.data {
        RowData::Processing { server, .. } => Some(server),
        RowData::None | RowData::Scheduled { .. } | RowData::Succeeded { .. } | RowData::Ended { .. } => None,
    }
}

impl Turn<'_> {
    /// Counts the start of a job for the rates of its handler.
    pub(super) fn count_start(&mut self, limits: &Limits, key: Option<&Arc<str>>) {
        if let Some(rate) = limits.rate {
            self.count_one(rate, RateId { handler: Arc::clone(&limits.name), key: None });
        }
        if let (Some(rate), Some(key)) = (limits.rate_per_key, key) {
            self.count_one(rate, RateId { handler: Arc::clone(&limits.name), key: Some(Arc::clone(key)) });
        }
    }

    fn count_one(&mut self, rate: Rate, id: RateId) {
        let known = self.engine.limiting.rates.get(&id);
        if known.is_some_and(|starts| starts.rate == rate) {
            return self.commit(Entry::Started { id, at: self.now });
        }
        let log = known.map(|starts| starts.log.clone()).unwrap_or_default();
        let mut starts = Starts { id, rate, log, until: self.now };
        starts.note(self.now);
        self.commit(Entry::Starts(Box::new(starts)));
    }
}
