//! What a journal is kept on.

use std::fmt;
use std::io;
use std::sync::Arc;

use sled::IVec;

use crate::disk::{Span, seq_of};
use crate::error::Failure;
use crate::head::{Head, Slot};

/// Keys that are written together, and removed together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch(Vec<(IVec, Option<IVec>)>);

impl Batch {
    pub(crate) fn insert(&mut self, key: &[u8], value: impl Into<IVec>) {
        self.0.push((key.into(), Some(value.into())));
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.0.push((key.into(), None));
    }

    /// Makes one of a part of another.
    #[cfg(feature = "simulation")]
    pub(crate) fn of(part: &[(IVec, Option<IVec>)]) -> Self {
        Self(part.to_vec())
    }

    /// Returns what is inserted.
    #[cfg(feature = "simulation")]
    pub(crate) fn inserts(&self) -> impl Iterator<Item = (&IVec, &IVec)> {
        self.0.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }

    /// Returns its parts, each of which becomes durable as a whole or not at all. Chunks are parts of their own if
    /// nothing is removed: of a group that is torn whatever there is of it is dropped.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &[(IVec, Option<IVec>)]> {
        let only_chunks = self.0.iter().all(|(key, value)| value.is_some() && seq_of(key).is_some());
        self.0.chunks(if only_chunks { 1 } else { self.0.len().max(1) })
    }

    /// Returns the keys, each with its value or without one.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (&IVec, Option<&IVec>)> {
        self.0.iter().map(|(key, value)| (key, value.as_ref()))
    }
}

/// The values that a medium has by now.
pub(crate) trait Chunks: fmt::Debug + Send + Sync {
    /// Returns the value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<IVec>, Failure>;
}

/// Keys, their values, and a head beside them.
pub(crate) trait Medium: fmt::Debug + Send {
    /// Makes changes durable. When it fails, nothing more is taken before it was opened again.
    fn write(&mut self, batch: &Batch) -> Result<(), Failure>;

    /// Says whether a sync failed since the last one that did not: what was written before may not be there.
    fn is_unsynced(&self) -> bool;

    /// Returns what reads from it, whatever becomes of it.
    fn chunks(&self) -> Arc<dyn Chunks>;

    /// Writes one of the two slots of the head; without a sync.
    fn note(&mut self, slot: Slot) -> io::Result<()>;

    /// Opens it again. The journal must be what it `was` before the write that failed, which would have made it `next`.
    fn reopen(&mut self, was: Span, next: Span) -> Result<(), Failure>;

    /// Lets go of everything, and notes how it was left.
    fn close(self: Box<Self>, head: Head);
}
