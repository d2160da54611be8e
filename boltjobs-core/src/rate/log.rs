//! What was started lately, in little room.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Rate, Window};
use crate::Timestamp;

/// The parts of a window in which starts are counted together.
const PARTS: u32 = 64;

/// What was started lately under one rate: enough to say when the next job may start.
///
/// # How exact it is
/// There are never more starts in a window than it allows. Where it allows at most 64, each start is kept, and the next
/// job may start to the microsecond when one leaves the window. Where it allows more, starts within a 64th of the span
/// are counted together and leave together, with the latest of them: so the next job may be late by a 64th of the span,
/// and a window never needs more than 65 records.
///
/// # When the clock is set back
/// Starts that now lie ahead count while they are less than the span away, so a small step back holds jobs up for no
/// longer than that step, and lets none through. Those that lie farther ahead could hold jobs up for as long as the
/// step was, so they do not count until the next start: one job goes on, and they are then taken to have started
/// together with it. A large step back therefore lets one job more through, once, and blocks for no longer than the
/// span. A step forward lets starts leave as much earlier.
///
/// # When the rate is changed
/// A window whose span is as before goes on with what it has, whatever its count is now. One of another span begins
/// with the starts that a longer window kept, or else with what the longest kept: never with more than there were.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RateLog {
    windows: Vec<WindowLog>,
}

/// The starts in one window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WindowLog {
    per: Duration,
    /// In order.
    slots: Vec<Slot>,
}

/// Starts that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    first: Timestamp,
    last: Timestamp,
    count: u32,
}

impl RateLog {
    /// Says when a job may start: `None` for now, else the first instant to ask again.
    pub fn free_at(&self, rate: &Rate, now: Timestamp) -> Option<Timestamp> {
        rate.windows().filter_map(|window| free_at(self.slots(window.per), window, now)).max()
    }

    /// Notes a start. The log takes it whether the rate allows it or not.
    pub fn record(&mut self, rate: &Rate, at: Timestamp) {
        let noted = rate.windows().map(|window| {
            let mut slots = self.slots(window.per).to_vec();
            record(&mut slots, window, at);
            WindowLog { per: window.per, slots }
        });
        self.windows = noted.collect();
    }

    /// Says whether nothing that it holds counts any more, so that it can be dropped. What lies ahead, after the clock
    /// was set back, may yet count.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let over = |log: &WindowLog| log.slots.iter().all(|slot| slot.last.plus(log.per) <= now);
        self.windows.iter().all(over)
    }

    /// Returns what is known of the starts in a window: what a window of this span kept, else the shortest that is
    /// longer, else the longest.
    fn slots(&self, per: Duration) -> &[Slot] {
        let longer = self.windows.iter().filter(|log| log.per >= per).min_by_key(|log| log.per);
        let known = longer.or_else(|| self.windows.iter().max_by_key(|log| log.per));
        known.map_or(&[], |log| &log.slots)
    }

    #[cfg(test)]
    pub(super) fn most_slots(&self) -> usize {
        self.windows.iter().map(|log| log.slots.len()).max().unwrap_or(0)
    }
}

fn free_at(slots: &[Slot], window: Window, now: Timestamp) -> Option<Timestamp> {
    let counts = |slot: &&Slot| slot.last.plus(window.per) > now && slot.last < now.plus(window.per);
    // From the latest back to the one with which the window is full: when that leaves, there is room.
    let mut room = window.at_most;
    for slot in slots.iter().rev().filter(counts) {
        room = room.saturating_sub(slot.count);
        if room == 0 {
            return Some(slot.last.plus(window.per));
        }
    }
    None
}

fn record(slots: &mut Vec<Slot>, window: Window, at: Timestamp) {
    // What lies ahead started before now all the same, for the clock was set back.
    for slot in &mut *slots {
        slot.first = slot.first.min(at);
        slot.last = slot.last.min(at);
    }
    slots.retain(|slot| slot.last.plus(window.per) > at);
    slots.push(Slot { first: at, last: at, count: 1 });
    let together = if window.at_most <= PARTS { Duration::ZERO } else { window.per / PARTS };
    slots.dedup_by(|next, slot| {
        let near = next.last.since(slot.first) <= together;
        if near {
            slot.last = next.last;
            slot.count = slot.count.saturating_add(next.count);
        }
        near
    });
    // Only the latest starts, as many as the window allows, can hold anything up.
    let mut room = window.at_most;
    let needed = slots.iter().rev().take_while(|slot| {
        let needed = room > 0;
        room = room.saturating_sub(slot.count);
        needed
    });
    let needless = slots.len() - needed.count();
    slots.drain(..needless);
}
