//! Changing a part of a definition.

use std::time::Duration;

use thiserror::Error;

use super::{Definition, Misfire, Overlap};
use crate::Timestamp;
use crate::cron::{Cron, Dst, Zone};

/// What is to be another way in a definition; the rest of it stays, its job too.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// When it fires.
    pub cron: Option<Cron>,
    /// In which time zone.
    pub zone: Option<Zone>,
    /// What happens where clocks are changed.
    pub dst: Option<Dst>,
    /// What becomes of missed occurrences.
    pub misfire: Option<Misfire>,
    /// What becomes of an occurrence while an earlier job has not ended.
    pub overlap: Option<Overlap>,
    /// How much later than its instant a job may start at most.
    pub jitter: Option<Duration>,
    /// The first instant at which it may fire; `Some(None)` for none.
    pub starts_at: Option<Option<Timestamp>>,
    /// The last instant at which it may fire; `Some(None)` for none.
    pub ends_at: Option<Option<Timestamp>>,
}

impl Edit {
    /// Returns the definition as it is to be. What is given as it is already changes nothing.
    ///
    /// # Errors
    /// When the whole of it makes no sense.
    pub fn of(&self, definition: &Definition) -> Result<Definition, Nonsense> {
        let mut edited = definition.clone();
        let it = self.clone();
        edited.cron = it.cron.map_or(edited.cron, Into::into);
        edited.zone = it.zone.map_or(edited.zone, Into::into);
        edited.dst = it.dst.unwrap_or(edited.dst);
        edited.misfire = it.misfire.unwrap_or(edited.misfire);
        edited.overlap = it.overlap.unwrap_or(edited.overlap);
        edited.jitter = it.jitter.unwrap_or(edited.jitter);
        edited.starts_at = it.starts_at.unwrap_or(edited.starts_at);
        edited.ends_at = it.ends_at.unwrap_or(edited.ends_at);
        edited.check()?;
        Ok(edited)
    }
}

/// Why a definition makes no sense, although each part of it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Nonsense {
    /// Missed occurrences are made up for by none.
    #[error(
        "`Misfire::FireAll` with a limit of zero would fire none; use `Misfire::Skip` to fire none, or 1 and more"
    )]
    FiresNone,
    /// It ends before it starts.
    #[error(
        "`ends_at` `{end}` is before `starts_at` `{start}`, so it would never fire; set a later `ends_at`"
    )]
    EndsBeforeStart {
        /// The first instant at which it may fire.
        start: Timestamp,
        /// The last one.
        end: Timestamp,
    },
}

impl Definition {
    /// Checks that what it says makes sense together.
    ///
    /// # Errors
    /// What does not, and how to mend it.
    pub fn check(&self) -> Result<(), Nonsense> {
        match (self.misfire, self.starts_at, self.ends_at) {
            (Misfire::FireAll { at_most: 0 }, ..) => Err(Nonsense::FiresNone),
            (_, Some(start), Some(end)) if end < start => Err(Nonsense::EndsBeforeStart { start, end }),
            _ => Ok(()),
        }
    }
}
