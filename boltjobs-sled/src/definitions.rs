//! Where the latest record of each recurring definition is.
//!
//! Each change of a definition writes its whole record, so the journal holds many of them that say nothing any more.
//! Compaction writes a definition again only when the latest one goes; only its place tells which that is, for a
//! definition that is paused and resumed may be equal to many of its older records.

use std::collections::HashMap;
use std::sync::Arc;

use boltjobs_core::engine::Entry;

/// The definitions of which a group holds something: whether the latest of it is a record, or a removal.
#[derive(Debug, Default)]
pub(crate) struct Noted(HashMap<Arc<str>, bool>);

impl Noted {
    /// Takes an entry of the group.
    pub(crate) fn note(&mut self, entry: &Entry) {
        match entry {
            Entry::Recurring(job) => {
                self.0.insert(Arc::clone(&job.definition.id), true);
            }
            Entry::RecurringRemoved(id) => {
                self.0.insert(Arc::clone(id), false);
            }
            Entry::Boot(_)
            | Entry::Job(_)
            | Entry::Moved(_)
            | Entry::CancelRequested { .. }
            | Entry::Forgotten(_) => {}
        }
    }

    /// Says whether the group has the latest record of a definition that is there.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}

/// The group with the latest record of each definition, by the number of a chunk that is not behind that record.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<Arc<str>, u64>);

impl Places {
    /// Takes what a group holds that is in the journal now.
    pub(crate) fn take(&mut self, noted: Noted, first: u64) {
        for (id, is_there) in noted.0 {
            if is_there {
                self.0.insert(id, first);
            } else {
                self.0.remove(&id);
            }
        }
    }

    /// Says whether the latest record may be in a chunk before this one. What is not known may be anywhere.
    pub(crate) fn may_be_before(&self, id: &str, chunk: u64) -> bool {
        self.0.get(id).is_none_or(|first| *first < chunk)
    }
}
