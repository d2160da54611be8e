//! Keys that sled has before their chunks come, so that it writes each chunk once.
//!
//! What is set in a leaf of sled is appended to its file. A leaf is written as a whole when it is split, which is once
//! it has 17 keys, and when it was changed ten times since. Chunks that were added to the last leaf were written about
//! three times each: when they came, and in two splits, and what is dead of that took as much room again as the journal.
//! With keys that are there before, leaves are split while they are empty, and nine chunks come to each.

use crate::disk::{key, seq_of};
use crate::medium::Batch;

/// How many chunks have their keys before they come: those of the last leaf, which is split yet, and some more.
const AHEAD: u64 = 32;

/// The keys so far.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    /// The first chunk without one, as far as this process knows.
    next: u64,
}

impl Reserved {
    /// Gives sled the keys of the chunks that a batch inserts, and of those that come next. None of them is there, or
    /// nobody was ever told of it.
    pub(crate) fn before(&mut self, batch: &Batch, db: &sled::Db) -> sled::Result<()> {
        let inserted = batch.changes().filter(|(_, value)| value.is_some());
        let mut chunks = inserted.filter_map(|(key, _)| seq_of(key));
        let Some(first) = chunks.next() else { return Ok(()) };
        let next = chunks.last().unwrap_or(first).saturating_add(1 + AHEAD);
        for seq in first.max(self.next)..next {
            db.insert(key(seq), &[])?;
        }
        self.next = next;
        Ok(())
    }
}

/// Says whether there is only the key of a chunk yet.
pub(crate) fn is_only_reserved(key: &[u8], value: &[u8]) -> bool {
    value.is_empty() && seq_of(key).is_some()
}
