//! The laws that every store keeps.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use boltjobs_core::conformance::Fixture;
use boltjobs_core::store::Store;
use boltjobs_sled::SledOptions;
use tempfile::TempDir;

#[derive(Debug)]
struct Directory {
    directory: TempDir,
    options: SledOptions,
}

impl Directory {
    fn new(options: SledOptions) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), options }
    }
}

impl Fixture for Directory {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.options.clone().open(self.directory.path()).unwrap())
    }
}

mod immediate {
    use super::*;

    boltjobs_core::store_conformance!(Directory::new(SledOptions::new()));
}

mod eventual {
    use boltjobs_sled::Durability;

    use super::*;

    boltjobs_core::store_conformance!(Directory::new(SledOptions::new().durability(Durability::Eventual)));
}

/// So small that every law runs over many compactions.
mod compacted {
    use super::*;

    boltjobs_core::store_conformance!(Directory::new(
        SledOptions::new().segment_size(64 << 10).compaction_floor(0).memory(0)
    ));
}
