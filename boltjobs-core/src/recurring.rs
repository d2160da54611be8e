//! Recurring definitions, and the pure decision of what one fires.

mod backfill;
mod edit;
mod past;
mod record;
mod run;
mod stored;

use std::iter::successors;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::cron::{Cron, Dst, Zone};
use crate::job::JobSpec;
use crate::sabotage::{self, Bug};

pub use backfill::{BACKFILL, BackfillError, Backfilled, backfill, dry_run};
pub use edit::{Edit, Nonsense};
pub use past::{Missed, Past};
pub use record::RecurringJob;
pub use run::{RUNS, Run, RunOutcome};
pub use stored::Stored;

/// How late an occurrence may be and still count as on time.
pub const ON_TIME: Duration = Duration::from_secs(30);

/// The time between two instants that can be told apart.
const INSTANT: Duration = Duration::from_micros(1);

/// What becomes of occurrences that nobody was there to fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Misfire {
    /// One job, scheduled for now, however many were missed. The default.
    #[default]
    FireOnce,
    /// One job for each missed occurrence, each with its own instant; the latest ones if there are too many.
    FireAll {
        /// The most jobs at one time.
        at_most: u32,
    },
    /// None. An occurrence that is at most 30 seconds late is not missed yet.
    Skip,
}

/// What becomes of an occurrence while an earlier job of its definition has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Overlap {
    /// It makes a job all the same. The default.
    #[default]
    Allow,
    /// It makes none, and is listed as skipped.
    Skip,
    /// Earlier jobs that wait are deleted, and one that runs is asked to stop; then it makes a job.
    CancelPrevious,
}

/// What a recurring definition says; two that are equal mean the same schedule and the same job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Its id.
    pub id: Arc<str>,
    /// When it fires.
    pub cron: Stored<Cron>,
    /// In which time zone.
    pub zone: Stored<Zone>,
    /// What happens where clocks are changed.
    pub dst: Dst,
    /// What becomes of missed occurrences.
    pub misfire: Misfire,
    /// What becomes of an occurrence while an earlier job has not ended.
    pub overlap: Overlap,
    /// How much later than its instant a job may start at most. Each is late by a share of it that the instant decides.
    pub jitter: Duration,
    /// The first instant at which it may fire.
    pub starts_at: Option<Timestamp>,
    /// The last instant at which it may fire.
    pub ends_at: Option<Timestamp>,
    /// The crate that declares it; none if it was made at run time.
    pub declared_by: Option<Arc<str>>,
    /// The job that it makes.
    pub spec: JobSpec,
}

impl Definition {
    /// Makes a definition in UTC with the default of every option.
    pub fn new(id: impl Into<Arc<str>>, cron: Cron, spec: JobSpec) -> Self {
        Self {
            id: id.into(),
            cron: cron.into(),
            zone: Zone::UTC.into(),
            dst: Dst::default(),
            misfire: Misfire::default(),
            overlap: Overlap::default(),
            jitter: Duration::ZERO,
            starts_at: None,
            ends_at: None,
            declared_by: None,
            spec,
        }
    }

    /// Says whether it fires at the same instants as another one.
    pub fn has_times_of(&self, other: &Self) -> bool {
        let times = |it: &Self| (it.cron.clone(), it.zone.clone(), it.dst, it.starts_at, it.ends_at);
        times(self) == times(other)
    }

    /// Returns why it can't fire in this release.
    pub fn error(&self) -> Option<&str> {
        self.cron.read().err().or(self.zone.read().err())
    }

    /// Returns the first occurrence strictly after an instant.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let (cron, zone) = (self.cron.read().ok()?, self.zone.read().ok()?);
        let next = match self.starts_at.filter(|start| after < *start) {
            // An interval has no instants of its own before it begins.
            Some(start) if cron.interval().is_some() => Some(start),
            Some(start) => {
                cron.next_after(start.minus(INSTANT).to_datetime(), zone, self.dst).map(Timestamp::from)
            }
            None => cron.next_after(after.to_datetime(), zone, self.dst).map(Timestamp::from),
        };
        next.filter(|next| !self.is_over(*next))
    }

    /// Says whether an instant is behind the end.
    fn is_over(&self, instant: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| instant > end)
    }

    /// Decides what fires: `next` is the occurrence that the definition waits for.
    pub fn fire(&self, next: Timestamp, now: Timestamp) -> Firing {
        if self.error().is_some() {
            return Firing { occurrences: Vec::new(), next: None };
        }
        if next > now {
            return Firing { occurrences: Vec::new(), next: Some(next) };
        }
        let occurrences = match self.misfire {
            Misfire::FireOnce if sabotage::is(Bug::MisfireFiresAll) => self.latest(next, next, now, 1_000),
            Misfire::FireOnce => {
                let alone = self.next_after(next).is_none_or(|second| second > now);
                let on_time = now.since(next) <= ON_TIME;
                vec![if alone && on_time { next } else { now }]
            }
            // What is exactly due fires, so there is always room for one.
            Misfire::FireAll { at_most } => self.latest(next, next, now, at_most.max(1) as usize),
            Misfire::Skip => self.latest(next, next.max(now.minus(ON_TIME)), now, usize::MAX),
        };
        Firing { occurrences, next: self.first_from(next, now.plus(INSTANT)) }
    }

    /// Returns the first occurrence at `start` or after it. An interval counts from `known`, one of its occurrences,
    /// so that it does not drift by how late each of them is fired.
    pub(crate) fn first_from(&self, known: Timestamp, start: Timestamp) -> Option<Timestamp> {
        let Some(interval) = self.cron.read().ok().and_then(Cron::interval) else {
            return self.next_after(start.minus(INSTANT));
        };
        if sabotage::is(Bug::IntervalDrifts) {
            return Some(start.plus(interval)).filter(|instant| !self.is_over(*instant));
        }
        let steps = start.since(known).as_micros().div_ceil(interval.as_micros().max(1));
        let micros = i128::from(known.as_micros()) + i128::try_from(steps * interval.as_micros()).ok()?;
        let instant = i64::try_from(micros).ok().map(Timestamp::from_micros)?;
        Some(instant).filter(|instant| *instant <= Timestamp::MAX && !self.is_over(*instant))
    }

    /// Returns the latest occurrences from `first` to `now`, both included, oldest first.
    fn latest(&self, known: Timestamp, first: Timestamp, now: Timestamp, at_most: usize) -> Vec<Timestamp> {
        // The search goes back from now in a window that doubles, and bisects where that has gone back too far. So
        // the work depends on how many there may be, not on how long the outage was or how uneven the schedule is.
        let (mut early, mut late, mut window) = (None, now, Duration::from_mins(1));
        loop {
            let start = early.map_or_else(|| first.max(now.minus(window)), |early| middle(early, late));
            let found = successors(self.first_from(known, start), |instant| self.next_after(*instant));
            let found = found.take_while(|instant| *instant <= now);
            let mut found: Vec<_> = found.take(at_most.saturating_mul(2).saturating_add(1)).collect();
            if found.len() > at_most.saturating_mul(2) {
                early = Some(start);
            } else if found.len() < at_most && start > first {
                late = start;
                window *= 2;
            } else {
                return found.split_off(found.len().saturating_sub(at_most));
            }
        }
    }
}

fn middle(early: Timestamp, late: Timestamp) -> Timestamp {
    early.plus(late.since(early) / 2)
}

/// What a definition fires now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// The instants that the jobs stand for, oldest first.
    pub occurrences: Vec<Timestamp>,
    /// When it fires next.
    pub next: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
