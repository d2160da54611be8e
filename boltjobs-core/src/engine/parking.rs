//! The keys that claims passed over, and when each may have room again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::gate::Hold;
use super::lane::LaneId;
use crate::Timestamp;

/// The most blocked keys that one claim looks at, so that no claim holds up the others for long.
const LOOKS: usize = 1_000;

/// By how much the clock goes back at least when it was set: two that ask at once may be a moment apart.
const SET_BACK: Duration = Duration::from_secs(1);

/// A key of a lane that was found blocked, and does not compete until that may have changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Parked {
    pub(super) key: Arc<str>,
    pub(super) queue: Arc<str>,
    pub(super) lane: LaneId,
}

/// What a rate may have room for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waits {
    /// The jobs of a handler, which compete all the time.
    Handler,
    /// The jobs of a key.
    Key(Parked),
}

#[derive(Debug, Default)]
pub(super) struct Parking {
    parked: BTreeSet<Parked>,
    /// When a rate may have room.
    times: BTreeSet<(Timestamp, Waits)>,
    /// The latest instant at which a rate was looked at.
    asked: Timestamp,
    /// The blocked keys that the claim may still look at.
    looks: usize,
    /// Whether a claim stopped for having looked at too many.
    pub(super) tired: bool,
    /// Whether the earliest of the times has moved closer.
    pub(super) sooner: bool,
    #[cfg(test)]
    pub(super) looked: usize,
}

impl Parking {
    /// Begins a claim, or another look at times.
    pub(super) fn begin(&mut self) {
        (self.looks, self.tired) = (LOOKS, false);
    }

    /// Says whether another blocked key may be looked at.
    pub(super) fn look(&mut self) -> bool {
        #[cfg(test)]
        {
            self.looked += 1;
        }
        self.tired |= self.looks == 0;
        self.looks = self.looks.saturating_sub(1);
        !self.tired
    }

    pub(super) fn park(&mut self, parked: Parked, hold: Hold) {
        if let Hold::KeyRate(_, until) = hold {
            self.ask_at(until, Waits::Key(parked.clone()));
        }
        self.parked.insert(parked);
    }

    /// Notes when to look again.
    pub(super) fn ask_at(&mut self, at: Timestamp, what: Waits) {
        self.sooner |= self.first().is_none_or(|first| at < first);
        self.times.insert((at, what));
    }

    /// Returns the earliest time at which a rate may have room.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.times.first().map(|(at, _)| *at)
    }

    pub(super) fn forget(&mut self, parked: &Parked) {
        self.parked.remove(parked);
    }

    /// Takes what is parked of a key.
    pub(super) fn take(&mut self, key: &Arc<str>) -> Vec<Parked> {
        if self.parked.is_empty() {
            return Vec::new();
        }
        let least = Parked { key: Arc::clone(key), queue: "".into(), lane: ("".into(), 0, false) };
        let of_key: Vec<_> =
            self.parked.range(least..).take_while(|parked| parked.key == *key).cloned().collect();
        for parked in &of_key {
            self.forget(parked);
        }
        of_key
    }

    /// Takes one thing whose time has come. All have, when the clock was set back: a rate forgets what lies ahead.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Waits> {
        let set_back = now.plus(SET_BACK) < self.asked;
        if self.times.is_empty() || (!set_back && self.first()? > now) {
            self.asked = now;
            return None;
        }
        let (_, what) = self.times.pop_first()?;
        if let Waits::Key(parked) = &what {
            self.forget(parked);
        }
        Some(what)
    }
}
