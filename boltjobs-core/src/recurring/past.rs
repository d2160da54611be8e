//! How far a schedule has come, so that no instant fires twice whatever the clock does.
//!
//! Instants fire in order, so one of them says it all: what is up to it has fired. A clock that is set back waits until
//! the schedule goes on behind it. But where a clock was wrong by years, that would be a long time. What was passed over
//! as missed on the way there has not fired, though, and so it fires after all if the clock is set back to before it.

use serde::{Deserialize, Serialize};

use super::{Definition, Firing, INSTANT};
use crate::Timestamp;

/// How far a schedule has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Past {
    /// The latest instant that has fired or was missed. None up to it fires any more, but for those that were missed.
    pub reached: Option<Timestamp>,
    /// The longest stretch that was passed over as missed.
    pub missed: Option<Missed>,
}

/// Occurrences that had no job of their own because nobody was there to fire them, or because the clock leapt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// The first of them that may still fire.
    pub from: Timestamp,
    /// The instant before which they end.
    pub until: Timestamp,
}

impl Missed {
    fn contains(self, instant: Timestamp) -> bool {
        self.from <= instant && instant < self.until
    }
}

impl Past {
    /// Returns the first occurrence after `now` that has not fired.
    pub(crate) fn next_after(self, now: Timestamp, definition: &Definition) -> Option<Timestamp> {
        let next = definition.next_after(now)?;
        let missed = |instant| self.missed.is_some_and(|missed| missed.contains(instant));
        let Some(reached) = self.reached.filter(|reached| next <= *reached && !missed(next)) else {
            return Some(next);
        };
        let later = self.missed.filter(|missed| next < missed.from);
        let later = later.and_then(|missed| definition.first_from(missed.from, missed.from));
        later.filter(|later| missed(*later)).or_else(|| definition.next_after(reached))
    }

    /// Goes back to what was missed, as the clock is among it again. Returns what fires next, if there is any left.
    pub(crate) fn go_back(self, now: Timestamp, definition: &Definition) -> (Option<Timestamp>, Self) {
        let left = |missed: Missed| {
            let first = definition.first_from(missed.from, missed.from.max(now));
            first.filter(|first| missed.contains(*first)).map(|from| Missed { from, ..missed })
        };
        let missed = self.missed.and_then(left);
        (missed.map(|missed| missed.from), Self { missed, ..self })
    }

    /// Decides what fires, for a schedule that waits for `next`, and how far it comes with it.
    pub(crate) fn fire(self, next: Timestamp, now: Timestamp, definition: &Definition) -> (Firing, Self) {
        let Some(missed) = self.missed.filter(|missed| missed.contains(next)) else {
            let firing = definition.fire(next, now);
            // What is exactly due always fires, so what was missed is before now.
            let until = firing.occurrences.first().copied().unwrap_or(now);
            let passed = Some(Missed { from: next, until }).filter(|passed| passed.from < passed.until);
            let missed = self.missed.into_iter().chain(passed);
            let missed = missed.max_by_key(|missed| missed.until.since(missed.from));
            let last = firing.occurrences.last().copied().unwrap_or(now);
            return (firing, Self { reached: Some(last), missed });
        };
        let behind = self.reached.and_then(|reached| definition.first_from(next, reached.plus(INSTANT)));
        if now >= missed.until {
            // The clock was set back among them and is set forward again: what is left stays missed.
            let past = Self { missed: Some(Missed { from: next, ..missed }), ..self };
            return (Firing { occurrences: Vec::new(), next: behind }, past);
        }
        let firing = definition.fire(next, now);
        let left = firing.next.filter(|next| missed.contains(*next));
        let past = Self { missed: left.map(|from| Missed { from, ..missed }), ..self };
        (Firing { next: left.or(behind), ..firing }, past)
    }
}

#[cfg(test)]
mod tests;
