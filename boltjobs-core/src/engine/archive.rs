//! What reads back from a journal what was written to it.

use std::fmt;
use std::num::NonZeroU64;

use super::Entry;
use crate::job::Job;
use crate::store::StoreError;

/// Where in a journal an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The number of the piece of the journal that it begins in, from 1.
    pub chunk: NonZeroU64,
    /// Its place in that piece.
    pub at: u32,
}

impl Mark {
    /// Returns the place of the entry with this number, from 1, in a journal whose pieces are its entries.
    pub(crate) fn of_entry(number: usize) -> Option<Self> {
        Some(Self { chunk: NonZeroU64::new(number as u64)?, at: 0 })
    }
}

/// Reads records back that are on disk.
pub trait Archive: fmt::Debug + Send + Sync {
    /// Returns the record that was written at the first mark, with the transitions at the others: see
    /// [`Job::from_entries`].
    ///
    /// # Errors
    /// Says why it can't be read.
    fn record(&self, trail: &[Mark]) -> Result<Job, StoreError>;
}

impl Job {
    /// Makes a record out of its entries: the whole of it, and the transitions that came after. `None` if they are
    /// something else.
    ///
    /// # Errors
    /// The first error among the entries.
    pub fn from_entries<E>(entries: impl IntoIterator<Item = Result<Entry, E>>) -> Result<Option<Self>, E> {
        let mut entries = entries.into_iter();
        let Some(Entry::Job(mut job) | Entry::Plain(mut job)) = entries.next().transpose()? else {
            return Ok(None);
        };
        for entry in entries {
            let Entry::Moved(change) = entry? else { return Ok(None) };
            if change.id != job.id {
                return Ok(None);
            }
            job.make(change);
        }
        Ok(Some(*job))
    }
}
