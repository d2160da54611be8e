//! What a store gives to the suite.

use std::fmt::Debug;
use std::sync::Arc;

use crate::memory::{MemoryStore, Tape};
use crate::store::Store;

/// Somewhere to store jobs, as a temporary folder. Laws run beside each other, each with a fixture of its own.
pub trait Fixture: Debug {
    /// Opens the store. At first it holds nothing; once it was [closed](Store::close) and is opened again, what it held.
    fn open(&self) -> Arc<dyn Store>;

    /// Says whether anything is left after a close. Laws that reopen the store are skipped where there is not.
    fn durable(&self) -> bool {
        true
    }

    /// Says whether one process owns the store, so that whatever ran before it was opened runs no more.
    ///
    /// Where servers share one, a job stays theirs until its lease is over.
    fn exclusive(&self) -> bool {
        true
    }
}

/// The memory store, which forgets everything, or one with a tape, which does not.
#[derive(Debug, Default)]
pub struct InMemory(Option<Tape>);

impl InMemory {
    /// Makes a fixture whose store can be opened again, like one with a disk.
    pub fn with_tape() -> Self {
        Self(Some(Tape::default()))
    }
}

impl Fixture for InMemory {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.as_ref().map_or_else(MemoryStore::new, MemoryStore::on_tape))
    }

    fn durable(&self) -> bool {
        self.0.is_some()
    }
}
