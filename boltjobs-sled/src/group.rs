//! Entries collect into a group while the one before is on its way to disk.

use std::num::NonZeroU64;
use std::sync::Arc;

use boltjobs_core::engine::{Entry, Journal, Mark};

use crate::chunk::{CONTINUES, GOES_ON, HEADER};
use crate::codec;
use crate::gate::Gate;
use crate::records::Noted;

/// The room for an entry that is encoded to see that it goes to the next chunk; larger ones are rare.
const BEYOND: usize = 1 << 10;

/// What becomes durable together.
#[derive(Debug)]
pub(crate) struct Group {
    /// The most bytes of a chunk, its header included.
    limit: usize,
    /// The number that its first chunk will have.
    pub(crate) first: u64,
    pub(crate) chunks: Vec<Draft>,
    /// Why it can't be written.
    pub(crate) fault: Option<String>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) records: Noted,
}

/// A chunk before it has its place in the journal: `bytes` begins with room for the header.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) bytes: Vec<u8>,
    pub(crate) flags: u8,
    pub(crate) count: u32,
}

impl Draft {
    /// Begins a chunk that takes so many bytes, its header included, before it moves.
    fn new(room: usize, entries: &[u8], flags: u8, count: u32) -> Self {
        let mut bytes = Vec::with_capacity(room);
        bytes.resize(HEADER, 0);
        bytes.extend_from_slice(entries);
        Self { bytes, flags, count }
    }
}

impl Group {
    pub(crate) fn new(limit: usize, first: u64) -> Self {
        Self {
            limit,
            first,
            chunks: Vec::new(),
            fault: None,
            gate: Arc::default(),
            records: Noted::default(),
        }
    }

    /// Says whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.fault.is_none()
    }

    /// Returns the bytes of its chunks.
    pub(crate) fn size(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum()
    }

    /// Says whether anybody waits for it.
    pub(crate) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.gate) > 1
    }

    /// Takes the group to be written; the next one begins in its place.
    pub(crate) fn take(&mut self) -> Self {
        // One that is empty has a chunk, too, when it is written.
        let next = self.first + self.chunks.len().max(1) as u64;
        let limit = self.limit;
        std::mem::replace(self, Self::new(limit, next))
    }

    /// Returns the place of the entry that begins at `at` in the chunk with this index.
    fn mark(&self, index: usize, at: usize) -> Option<Mark> {
        Some(Mark { chunk: NonZeroU64::new(self.first + index as u64)?, at: u32::try_from(at).ok()? })
    }

    /// Splits an entry that is larger than a chunk over several, which hold nothing else.
    fn split(&mut self, entry: &[u8]) {
        let mut pieces = entry.chunks(self.limit - HEADER).enumerate().peekable();
        while let Some((at, piece)) = pieces.next() {
            let goes_on = if pieces.peek().is_some() { GOES_ON } else { 0 };
            let flags = if at > 0 { goes_on | CONTINUES } else { goes_on };
            self.chunks.push(Draft::new(HEADER + piece.len(), piece, flags, u32::from(at == 0)));
        }
    }
}

impl Journal for Group {
    fn record(&mut self, entry: &Entry) -> Option<Mark> {
        self.records.note(entry);
        let whole = self.chunks.last().is_some_and(|chunk| chunk.flags == 0);
        if !whole {
            self.chunks.push(Draft::new(self.limit + BEYOND, &[], 0, 0));
        }
        let chunk = self.chunks.last_mut()?;
        let start = chunk.bytes.len();
        if let Err(error) = codec::encode(entry, &mut chunk.bytes) {
            chunk.bytes.truncate(start);
            self.fault = Some(error);
            None
        } else if chunk.bytes.len() <= self.limit {
            chunk.count += 1;
            self.mark(self.chunks.len() - 1, start)
        } else {
            let entry = chunk.bytes.split_off(start);
            if chunk.count == 0 {
                self.chunks.pop();
            }
            let index = self.chunks.len();
            if HEADER + entry.len() <= self.limit {
                self.chunks.push(Draft::new(self.limit + BEYOND, &entry, 0, 1));
            } else {
                self.split(&entry);
            }
            self.mark(index, HEADER)
        }
    }
}
