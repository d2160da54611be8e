//! Where the latest record of each thing is that is not a job.
//!
//! Each change of a recurring definition writes its whole record, so the journal holds many of them that say nothing any
//! more. Compaction writes a record again only when the latest one goes; only its place tells which that is, for a
//! definition that is paused and resumed may be equal to many of its older records.

use std::collections::HashMap;

use boltjobs_core::engine::{Entry, RecordId};

/// The records of which a group holds something: whether the latest of it is a record, or a removal.
#[derive(Debug, Default)]
pub(crate) struct Noted(HashMap<RecordId, bool>);

impl Noted {
    /// Takes an entry of the group.
    pub(crate) fn note(&mut self, entry: &Entry) {
        if let Some((id, is_there)) = entry.record() {
            self.0.insert(id, is_there);
        }
    }

    /// Says whether the group has the latest record of something that is there.
    pub(crate) fn has(&self, id: &RecordId) -> bool {
        self.0.contains_key(id)
    }
}

/// The group with the latest record of each thing, by the number of a chunk that is not behind that record.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<RecordId, u64>);

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
    pub(crate) fn may_be_before(&self, id: &RecordId, chunk: u64) -> bool {
        self.0.get(id).is_none_or(|first| *first < chunk)
    }
}
