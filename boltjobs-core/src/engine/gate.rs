//! Whether a job may start: the one decision that a claim makes and an explanation tells.

use std::sync::Arc;

use super::limiting::{Limiting, RateId};
use crate::job::Job;
use crate::rate::Rate;
use crate::store::{Counts, Limits, Offer, StateCounts};
use crate::{JobState, Timestamp};

/// What a server can run, held against what is there at one instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate<'a> {
    pub(super) offer: &'a Offer,
    pub(super) counts: &'a Counts,
    pub(super) limiting: &'a Limiting,
    pub(super) now: Timestamp,
}

/// What holds a ready job back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// The server does not work the queue.
    NotWorked,
    /// The server does not handle the request.
    NotHandled,
    /// The server handles the request up to this version.
    OlderVersion(u32),
    /// The queue is paused, since then.
    Paused(Timestamp),
    /// So many of the queue run, of so many that may.
    QueueFull(u64, u32),
    /// So many of the handler run, of so many that may.
    HandlerFull(u64, u32),
    /// The handler's rate is used up until then.
    HandlerRate(Rate, Timestamp),
    /// So many of the key run, of so many that may.
    KeyFull(u64, u32),
    /// The rate of the key is used up until then.
    KeyRate(Rate, Timestamp),
}

impl Hold {
    /// Returns how close a job with this hold is to a start.
    pub(super) fn closeness(&self) -> u32 {
        match self {
            Self::NotWorked => 0,
            Self::NotHandled => 1,
            Self::OlderVersion(version) => 1_u32.saturating_add(*version),
            Self::Paused(_)
            | Self::QueueFull(..)
            | Self::HandlerFull(..)
            | Self::HandlerRate(..)
            | Self::KeyFull(..)
            | Self::KeyRate(..) => u32::MAX,
        }
    }
}

fn running(counts: Option<&StateCounts>) -> u64 {
    counts.map_or(0, |states| states.get(JobState::Processing))
}

impl Gate<'_> {
    /// Says what holds back one job.
    pub(super) fn hold(&self, job: &Job) -> Option<Hold> {
        let spec = &job.spec;
        if !self.offer.queues.works(&spec.queue) {
            return Some(Hold::NotWorked);
        }
        let limits = match self.handler(&spec.request, spec.version) {
            Err(hold @ (Hold::NotHandled | Hold::OlderVersion(_))) => return Some(hold),
            limits => limits,
        };
        let key = |limits: Option<Arc<Limits>>| self.key(limits.as_ref(), spec.concurrency_key.as_ref()?);
        self.queue(&spec.queue).or_else(|| limits.map_or_else(Some, key))
    }

    /// Says what holds back every job of a queue.
    pub(super) fn queue(&self, queue: &Arc<str>) -> Option<Hold> {
        if let Some(since) = self.limiting.paused.get(queue) {
            return Some(Hold::Paused(*since));
        }
        let at_most = self.limiting.of_queue(queue, self.offer)?;
        let held = self.limiting.count_held(|held| held.queue == *queue);
        let taken = running(self.counts.queues.get(queue)) + held;
        (taken >= u64::from(at_most)).then_some(Hold::QueueFull(taken, at_most))
    }

    /// Says what holds back every job of a request and version, else what its jobs are held to.
    pub(super) fn handler(&self, request: &Arc<str>, version: u32) -> Result<Option<Arc<Limits>>, Hold> {
        let handled = self.offer.handles.get(request).ok_or(Hold::NotHandled)?;
        if version > handled.version {
            return Err(Hold::OlderVersion(handled.version));
        }
        let Some(limits) = self.limiting.of_handler(request, self.offer) else { return Ok(None) };
        if let Some(at_most) = limits.concurrency {
            let jobs = limits.names().map(|name| running(self.counts.requests.get(name))).sum::<u64>();
            let held = self.limiting.count_held(|held| limits.names().any(|name| *name == held.request));
            if jobs + held >= u64::from(at_most) {
                return Err(Hold::HandlerFull(jobs + held, at_most));
            }
        }
        if let Some(rate) = limits.rate
            && let Some(until) = self.free_at(&rate, &limits.name, None)
        {
            return Err(Hold::HandlerRate(rate, until));
        }
        Ok(Some(limits))
    }

    /// Says what holds back the jobs of a key, of a handler that has room.
    pub(super) fn key(&self, limits: Option<&Arc<Limits>>, key: &Arc<str>) -> Option<Hold> {
        let limits = limits?;
        if let Some(at_most) = limits.per_key {
            let running = self.limiting.count(key);
            if running >= u64::from(at_most) {
                return Some(Hold::KeyFull(running, at_most));
            }
        }
        let rate = limits.rate_per_key?;
        let until = self.free_at(&rate, &limits.name, Some(key))?;
        Some(Hold::KeyRate(rate, until))
    }

    fn free_at(&self, rate: &Rate, handler: &Arc<str>, key: Option<&Arc<str>>) -> Option<Timestamp> {
        let id = RateId { handler: Arc::clone(handler), key: key.cloned() };
        self.limiting.rates.get(&id)?.log.free_at(rate, self.now)
    }
}
