//! What is kept of a recurring definition.

use serde::{Deserialize, Serialize};

use super::{Definition, Firing, Past, RUNS, Run};
use crate::{JobId, Timestamp};

/// The stored record of a recurring definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecurringJob {
    /// What it says.
    pub definition: Definition,
    /// When it was first added.
    pub created_at: Timestamp,
    /// When its definition last changed.
    pub updated_at: Timestamp,
    /// Whether it is paused: nothing fires, but it can be triggered.
    pub paused: bool,
    /// When it fires next; never, when it is paused or its cron has no occurrence left.
    pub next: Option<Timestamp>,
    /// How far its schedule has come.
    pub past: Past,
    /// The latest job that it made, and when.
    pub last: Option<(JobId, Timestamp)>,
    /// Its latest runs, oldest first.
    pub runs: Vec<Run>,
}

impl RecurringJob {
    /// Makes the record of a new definition.
    pub fn new(definition: Definition, now: Timestamp) -> Self {
        Self {
            next: definition.next_after(now),
            definition,
            created_at: now,
            updated_at: now,
            paused: false,
            past: Past::default(),
            last: None,
            runs: Vec::new(),
        }
    }

    /// Returns it with another definition, as a store keeps it; `None` if that changes nothing.
    pub fn with(&self, definition: Definition, now: Timestamp) -> Option<Self> {
        let first = self.past.next_after(now, &definition);
        // One that could not be read for a while waits for nothing; then it begins again.
        let waits = self.paused || self.next.is_some() || first.is_none();
        let goes_on = waits && definition.has_times_of(&self.definition);
        if goes_on && definition == self.definition {
            return None;
        }
        let next = if goes_on || self.paused { self.next } else { first };
        Some(Self { definition, next, updated_at: now, ..self.clone() })
    }

    /// Returns it paused or resumed; `None` if it is already.
    pub(crate) fn pause(&self, paused: bool, now: Timestamp) -> Option<Self> {
        let next = if paused { None } else { self.past.next_after(now, &self.definition) };
        (self.paused != paused).then(|| Self { paused, next, ..self.clone() })
    }

    /// Decides what fires now, and how far the schedule comes with it. `None` if it waits for nothing that is due.
    pub(crate) fn fire(&self, now: Timestamp) -> Option<(Firing, Past)> {
        let next = self.next.filter(|next| *next <= now)?;
        Some(self.past.fire(next, now, &self.definition))
    }

    /// Returns the instant before which the clock must be set for what it missed to fire after all.
    pub(crate) fn missed_until(&self) -> Option<Timestamp> {
        let waits = !self.paused && self.definition.error().is_none();
        let missed = self.past.missed.filter(|missed| self.next.is_none_or(|next| missed.until <= next));
        missed.filter(|_| waits).map(|missed| missed.until)
    }

    /// Takes what fired, or how far the schedule has come.
    pub(crate) fn advance(&mut self, next: Option<Timestamp>, past: Past, run: Option<Run>) {
        (self.next, self.past) = (next, past);
        let Some(run) = run else { return };
        self.last = run.job.map(|job| (job, run.fired_at)).or(self.last);
        if self.runs.len() == RUNS {
            self.runs.remove(0);
        }
        self.runs.push(run);
    }

    /// Returns the run of a job, if it is among the latest.
    pub(crate) fn run_mut(&mut self, job: JobId) -> Option<&mut Run> {
        self.runs.iter_mut().rev().find(|run| run.job == Some(job))
    }

    /// Estimates the bytes that the record takes on disk.
    pub(crate) fn weight(&self) -> usize {
        let Definition { id, cron, zone, spec, declared_by, .. } = &self.definition;
        let texts = id.len() + cron.as_str().len() + zone.as_str().len();
        texts
            + declared_by.as_ref().map_or(0, |by| by.len())
            + spec.weight()
            + 64
            + self.runs.len() * Run::WEIGHT
    }
}
