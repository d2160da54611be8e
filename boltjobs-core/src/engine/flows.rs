//! How many jobs came and ended in each minute.
//!
//! The minutes follow from the transitions, so that nothing is written for each of them. A minute that is over is written
//! as a whole, by the first entry after it; so is the one that counts, by a compaction, after what it rescues. Whatever a
//! replay has counted of a minute by then is replaced. What comes for a minute that is over is not counted: it is the
//! record of a job that is written again, or a clock that was set back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Engine, Entry, Turn};
use crate::Timestamp;
use crate::throughput::{Flow, KEPT_MINUTES, KEPT_SECONDS, Throughput, Window};

/// The most queues that a minute tells apart; those that come later are counted together, without a name.
const QUEUES: usize = 200;

/// The most minutes that are let go with one that is over.
const STEP: usize = 64;

/// What a record takes on disk beside its queues.
const WEIGHT: u64 = 12;

/// Estimates what a queue takes in it.
fn weight(queue: &str) -> u64 {
    queue.len() as u64 + 24
}

/// What happened in one minute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minute {
    /// The minute, counted from 1970.
    pub number: u64,
    /// Whether it is over.
    pub over: bool,
    /// In each queue.
    pub queues: BTreeMap<Arc<str>, Flow>,
}

impl Minute {
    /// Estimates the bytes that the record takes on disk.
    fn weight(&self) -> u64 {
        self.queues.keys().map(|queue| weight(queue)).sum::<u64>() + WEIGHT
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Flows {
    minutes: BTreeMap<u64, BTreeMap<Arc<str>, Flow>>,
    /// The minute that counts; all before it are over.
    current: u64,
    /// The minutes of which there is no record yet.
    counted: BTreeSet<u64>,
    /// The latest seconds, each at the place of its number. Not journaled.
    seconds: Vec<(u64, Flow)>,
    weight: u64,
}

impl Flows {
    /// Counts what a job of a queue did.
    pub(super) fn count(&mut self, queue: &Arc<str>, at: Timestamp, more: &Flow) {
        let second = at.as_millis() / 1_000;
        let minute = second / 60;
        if minute < self.current {
            return;
        }
        self.current = minute;
        let weight = &mut self.weight;
        let queues = self.minutes.entry(minute).or_insert_with(|| {
            *weight += WEIGHT;
            self.counted.insert(minute);
            BTreeMap::new()
        });
        if let Some(flow) = queues.get_mut(queue) {
            flow.add(more);
        } else {
            let name = if queues.len() < QUEUES { Arc::clone(queue) } else { "".into() };
            if !queues.contains_key(&name) {
                *weight += self::weight(&name);
            }
            queues.entry(name).or_default().add(more);
        }
        self.count_second(second, more);
    }

    fn count_second(&mut self, second: u64, more: &Flow) {
        if self.seconds.is_empty() {
            self.seconds = vec![(0, Flow::default()); KEPT_SECONDS];
        }
        let place = usize::try_from(second % KEPT_SECONDS as u64).unwrap_or_default();
        let place = &mut self.seconds[place];
        if place.0 != second {
            *place = (second, Flow::default());
        }
        place.1.add(more);
    }

    /// Takes the record of a minute in place of what was counted of it.
    pub(super) fn put(&mut self, minute: Minute) {
        let next = minute.number.saturating_add(u64::from(minute.over));
        self.current = self.current.max(next);
        // Each minute has its record before another one counts. What has none was set back to by a clock, of which
        // a replay that begins later does not know.
        let unfounded: Vec<_> = self.counted.range(..=minute.number).copied().collect();
        unfounded.into_iter().chain([minute.number]).for_each(|number| self.remove(number));
        self.weight += minute.weight();
        self.minutes.insert(minute.number, minute.queues);
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Some(record) = self.record(number) {
            self.weight -= record.weight();
            self.minutes.remove(&number);
            self.counted.remove(&number);
        }
    }

    /// Returns the record of a minute.
    pub(super) fn record(&self, number: u64) -> Option<Minute> {
        let queues = self.minutes.get(&number)?.clone();
        Some(Minute { number, over: number < self.current, queues })
    }

    /// Returns the record of the minute that counts, if it has counted anything.
    pub(super) fn current(&self) -> Option<Minute> {
        self.record(self.current)
    }

    /// Says whether the minute that counts is over by now.
    fn is_over(&self, now: Timestamp) -> bool {
        now.as_millis() / 60_000 > self.current && self.minutes.contains_key(&self.current)
    }

    /// Returns minutes that are too old to be kept.
    fn old(&self) -> impl Iterator<Item = u64> + use<'_> {
        let first = self.current.saturating_sub(KEPT_MINUTES);
        self.minutes.range(..first).map(|(number, _)| *number)
    }

    /// Estimates the bytes that the records take on disk.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&u64, &BTreeMap<Arc<str>, Flow>)> {
        self.minutes.iter()
    }
}

impl Turn<'_> {
    /// Writes the minute that counts, if it is over, and lets go of old ones.
    pub(super) fn end_minute(&mut self) {
        if !self.engine.flows.is_over(self.now) {
            return;
        }
        if let Some(minute) = self.engine.flows.current() {
            self.write(Entry::Minute(Box::new(Minute { over: true, ..minute })));
        }
        let old: Vec<_> = self.engine.flows.old().take(STEP).collect();
        for number in old {
            self.write(Entry::MinuteForgotten(number));
        }
    }
}

impl Engine {
    /// Returns the record of the minute that counts, which a compaction writes after everything else.
    pub fn current_minute(&self) -> Option<Entry> {
        self.flows.current().map(|minute| Entry::Minute(Box::new(minute)))
    }

    /// Returns what happened in a window.
    pub fn throughput(&self, window: &Window) -> Throughput {
        let mut found = Throughput { steps: vec![Flow::default(); window.steps], ..Throughput::default() };
        if window.seconds() == 1 {
            for (second, flow) in &self.flows.seconds {
                if let Some(step) = window.step_of(*second) {
                    found.steps[step].add(flow);
                }
            }
            return found;
        }
        let first = window.starts().next().unwrap_or(window.until).as_millis() / 60_000;
        let end = window.until.plus(Duration::from_mins(1)).as_millis() / 60_000;
        let whole = window.seconds() / 60;
        // The last step may reach beyond the minute that is asked for.
        for (minute, queues) in self.flows.minutes.range(first..end.max(first) + whole) {
            let Some(step) = window.step_of(minute * 60) else { continue };
            for (queue, flow) in queues {
                found.steps[step].add(flow);
                found.queues.entry(Arc::clone(queue)).or_default().add(flow);
            }
        }
        found
    }
}
