//! Why a job stands where it stands, by the decision that a claim makes.

use std::sync::Arc;

use super::gate::{Gate, Hold};
use super::{Engine, lane};
use crate::job::{HistoryRow, Job, RowData};
use crate::store::{Explanation, Offer, Reason};
use crate::{JobId, JobState, Timestamp};

/// The most jobs ahead of one that are looked at.
const AHEAD: usize = 1_000;
/// The most jobs of a key that are named.
const HOLDERS: usize = 10;

impl Engine {
    /// Says why a job stands where it stands. What it costs does not depend on how many jobs there are.
    pub fn explain(&self, id: JobId, now: Timestamp) -> Explanation {
        let Some(job) = self.jobs.look(id) else {
            return Explanation { job: id, request: "".into(), queue: "".into(), reason: Reason::Unknown };
        };
        let (request, queue) = (Arc::clone(&job.spec.request), Arc::clone(&job.spec.queue));
        if let Some(at) = job.expires.filter(|expires| *expires <= now) {
            return Explanation { job: id, request, queue, reason: Reason::Expired { at } };
        }
        let reason = match job.state {
            JobState::Awaiting => Reason::Awaiting { parents: job.waits_for.clone() },
            JobState::Scheduled => Reason::Scheduled {
                until: job.due.unwrap_or(job.since),
                why: job.history.last().and_then(|row| row.reason.clone()),
            },
            JobState::Enqueued => self.explain_ready(&job, now),
            JobState::Processing => running(&job),
            JobState::Succeeded | JobState::Failed | JobState::Deleted => {
                Reason::Ended { state: job.state, at: job.since, why: job.history.last().and_then(why) }
            }
        };
        Explanation { job: id, request, queue, reason }
    }

    /// Asks for each server that is there whether it could take the job; the one that comes closest tells.
    fn explain_ready(&self, job: &Job, now: Timestamp) -> Reason {
        if let Some(since) = self.limiting.paused.get(&job.spec.queue) {
            return Reason::QueuePaused { since: *since };
        }
        let gate = |offer| Gate { offer, counts: &self.counts, limiting: &self.limiting, now };
        let mut able: Vec<&Offer> = Vec::new();
        let mut closest: Option<Hold> = None;
        for server in self.live(now) {
            match gate(&server.offer).hold(job) {
                None => able.push(&server.offer),
                Some(hold) if closest.is_none_or(|other| other.closeness() < hold.closeness()) => {
                    closest = Some(hold);
                }
                Some(_) => {}
            }
        }
        let ahead = able.iter().map(|offer| self.ahead(job, &gate(offer))).min();
        match (ahead, closest) {
            (Some(ahead), _) => Reason::Waiting {
                ahead,
                or_more: ahead >= AHEAD,
                running: self.counts.states.get(JobState::Processing),
                workers: able.iter().map(|offer| u64::from(offer.workers)).sum(),
            },
            (None, Some(hold)) => self.reason(job, hold),
            (None, None) => Reason::NoServer,
        }
    }

    /// Counts the jobs of its queue that the server would take before it, up to a bound.
    fn ahead(&self, job: &Job, gate: &Gate<'_>) -> usize {
        let place = lane::place(job);
        let mut ahead = 0;
        let mut looks = AHEAD;
        let none_is_late = self.expiring.first().is_none_or(|(expires, _)| expires > gate.now);
        for ((request, version, keyed), lane) in self.ready.lanes(&job.spec.queue) {
            let Ok(limits) = gate.handler(request, *version) else { continue };
            for id in lane.before(place).take(looks) {
                looks -= 1;
                if !*keyed && none_is_late {
                    ahead += 1;
                    continue;
                }
                let Some(other) = self.jobs.look(id) else { continue };
                let key = other.spec.concurrency_key.as_ref().filter(|_| *keyed);
                let held = key.is_some_and(|key| gate.key(limits.as_ref(), key).is_some());
                let late = other.expires.is_some_and(|expires| expires <= gate.now);
                ahead += usize::from(!held && !late);
            }
        }
        // What was not looked at may all be ahead.
        if looks == 0 { AHEAD } else { ahead }
    }

    fn reason(&self, job: &Job, hold: Hold) -> Reason {
        let key = || job.spec.concurrency_key.clone().unwrap_or_else(|| "".into());
        match hold {
            Hold::Paused(since) => Reason::QueuePaused { since },
            Hold::NotWorked => Reason::QueueNotWorked,
            Hold::NotHandled => Reason::NotHandled,
            Hold::OlderVersion(newest) => Reason::NewerVersion { version: job.spec.version, newest },
            Hold::QueueFull(running, at_most) => Reason::QueueFull { running, at_most },
            Hold::HandlerFull(running, at_most) => Reason::HandlerFull { running, at_most },
            Hold::HandlerRate(rate, until) => Reason::HandlerRate { rate, until },
            Hold::KeyFull(running, at_most) => {
                let holders = self.limiting.running(&key()).take(HOLDERS).collect();
                Reason::KeyFull { key: key(), holders, running, at_most }
            }
            Hold::KeyRate(rate, until) => Reason::KeyRate { key: key(), rate, until },
        }
    }
}

fn running(job: &Job) -> Reason {
    let (server, worker) = match job.history.last().map(|row| &row.data) {
        Some(RowData::Processing { server, worker, .. }) => (Arc::clone(server), *worker),
        Some(
            RowData::None | RowData::Scheduled { .. } | RowData::Succeeded { .. } | RowData::Ended { .. },
        )
        | None => ("".into(), 0),
    };
    let cancelling = job.cancel.as_deref().map(Arc::from);
    Reason::Processing { server, worker, since: job.since, attempt: job.attempt, cancelling }
}

fn why(row: &HistoryRow) -> Option<String> {
    let error = row.error.as_ref().map(|error| error.message.clone());
    match (row.reason.as_deref().map(str::to_owned), error) {
        (Some(reason), Some(error)) => Some(format!("{reason}; {error}")),
        (reason, error) => reason.or(error),
    }
}
