//! What the committer has done.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a store wrote since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The groups that were written, each as a whole.
    pub groups: u64,
    /// The times that the file was synced.
    pub syncs: u64,
    /// The chunks that were written.
    pub chunks: u64,
    /// The chunks that compaction removed.
    pub dropped: u64,
    /// The bytes of journal that there are now.
    pub journal_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) groups: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) chunks: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) journal_bytes: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            groups: read(&self.groups),
            syncs: read(&self.syncs),
            chunks: read(&self.chunks),
            dropped: read(&self.dropped),
            journal_bytes: read(&self.journal_bytes),
        }
    }

    pub(crate) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }
}
