//! What the committer has done: for [`SledStore::stats`](crate::SledStore::stats), and for the recorder that the program
//! has installed for the `metrics` facade.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const GROUPS: &str = "boltjobs_store_groups_total";
const GROUP_ENTRIES: &str = "boltjobs_store_group_entries";
const GROUP_BYTES: &str = "boltjobs_store_group_bytes";
const SYNC: &str = "boltjobs_store_sync_seconds";
const DROPPED: &str = "boltjobs_store_chunks_compacted_total";
const JOURNAL_BYTES: &str = "boltjobs_store_journal_bytes";
const LIVE_BYTES: &str = "boltjobs_store_live_bytes";

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
    /// The bytes that a journal of nothing but what is live and retained would have, as an estimate.
    pub live_bytes: u64,
}

/// A group that is on disk.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) entries: u64,
    pub(crate) chunks: u64,
    /// What these chunks count for in the size of the journal.
    pub(crate) bytes: u64,
    /// The chunks that compaction removed in the same write.
    pub(crate) dropped: u64,
    /// How long the disk took to write and sync it.
    pub(crate) took: Duration,
    /// The bytes of journal that there are now.
    pub(crate) journal_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    groups: AtomicU64,
    syncs: AtomicU64,
    chunks: AtomicU64,
    dropped: AtomicU64,
    journal_bytes: AtomicU64,
    live_bytes: AtomicU64,
}

impl Counters {
    /// Begins at zero, and tells the recorder what each metric means.
    pub(crate) fn new() -> Self {
        describe_counter!(GROUPS, Unit::Count, "Groups that were written, each with one sync");
        describe_histogram!(GROUP_ENTRIES, Unit::Count, "Entries of a group");
        describe_histogram!(GROUP_BYTES, Unit::Bytes, "Bytes of a group");
        describe_histogram!(SYNC, Unit::Seconds, "How long the disk took to write and sync a group");
        describe_counter!(DROPPED, Unit::Count, "Chunks of the journal that compaction removed");
        describe_gauge!(JOURNAL_BYTES, Unit::Bytes, "Bytes of the journal");
        describe_gauge!(LIVE_BYTES, Unit::Bytes, "Bytes of what is live and retained, as an estimate");
        Self::default()
    }

    pub(crate) fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            groups: read(&self.groups),
            syncs: read(&self.syncs),
            chunks: read(&self.chunks),
            dropped: read(&self.dropped),
            journal_bytes: read(&self.journal_bytes),
            live_bytes: read(&self.live_bytes),
        }
    }

    /// Counts a group, and what its write has made of the journal.
    pub(crate) fn wrote(&self, group: &Written) {
        let add = |counter: &AtomicU64, more| counter.fetch_add(more, Ordering::Relaxed);
        add(&self.groups, 1);
        add(&self.chunks, group.chunks);
        add(&self.dropped, group.dropped);
        self.journal_bytes.store(group.journal_bytes, Ordering::Relaxed);
        counter!(GROUPS).increment(1);
        counter!(DROPPED).increment(group.dropped);
        histogram!(GROUP_ENTRIES).record(number(group.entries));
        histogram!(GROUP_BYTES).record(number(group.bytes));
        histogram!(SYNC).record(group.took);
        gauge!(JOURNAL_BYTES).set(number(group.journal_bytes));
    }

    /// Counts a sync of the file.
    pub(crate) fn synced(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes what a journal without anything that is over would take.
    pub(crate) fn lives(&self, bytes: u64) {
        self.live_bytes.store(bytes, Ordering::Relaxed);
        gauge!(LIVE_BYTES).set(number(bytes));
    }
}

#[expect(clippy::cast_precision_loss, reason = "the metrics are f64, which is exact up to 2^53")]
fn number(value: u64) -> f64 {
    value as f64
}
