//! The times to come, as an iterator.

use std::iter::FusedIterator;

use chrono::{DateTime, Utc};

use super::{Cron, Dst, Zone};

/// The instants at which a [`Cron`] fires, from [`Cron::upcoming`].
#[derive(Debug, Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Upcoming {
    cron: Cron,
    zone: Zone,
    /// The instant that was returned last; `None` once there are no more.
    previous: Option<DateTime<Utc>>,
}

impl Upcoming {
    pub(super) fn new(cron: Cron, zone: Zone, after: DateTime<Utc>) -> Self {
        Self { cron, zone, previous: Some(after) }
    }
}

impl Iterator for Upcoming {
    type Item = DateTime<Utc>;

    fn next(&mut self) -> Option<DateTime<Utc>> {
        self.previous = self.cron.next_after(self.previous?, &self.zone, Dst::default());
        self.previous
    }
}

impl FusedIterator for Upcoming {}
