//! Chunks to and from what they are kept on.

use std::mem;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::engine::{Entry, Mark};
use sled::IVec;

use crate::chunk::{self, CONTINUES, GOES_ON, HEADER, Header, LAST_OF_GROUP};
use crate::codec;
use crate::committer;
use crate::error::Failure;
use crate::group::{Draft, Group};
use crate::head::Head;
use crate::medium::{Batch, Chunks, Medium};
use crate::records::{Noted, Places};
use crate::stats::{Counters, Written};

/// The key of the format, in a store that holds a journal.
pub(crate) const FORMAT_KEY: &[u8] = b"Mformat";

/// What a chunk costs beside its bytes: its key, and what sled keeps with it.
const OVERHEAD: u64 = 32;

/// Returns the key of a chunk; keys sort as chunks follow each other.
pub(crate) fn key(seq: u64) -> [u8; 9] {
    let mut key = [b'L'; 9];
    key[1..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// Returns the number of the chunk with this key.
pub(crate) fn seq_of(key: &[u8]) -> Option<u64> {
    let (b'L', seq) = key.split_first()? else { return None };
    Some(u64::from_be_bytes(seq.try_into().ok()?))
}

/// Returns what a chunk counts for in the size of the journal.
pub(crate) fn size_of(chunk: &[u8]) -> u64 {
    chunk.len() as u64 + OVERHEAD
}

/// The journal on disk. Only the committer has it.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) medium: Box<dyn Medium>,
    pub(crate) head: Head,
    pub(crate) span: Span,
    pub(crate) records: Places,
    /// Chunks of a group that was never whole; the next write removes them.
    pub(crate) torn: Vec<u64>,
    pub(crate) floor: u64,
    /// The end of what callers wrote. What compaction wrote itself never keeps it going.
    pub(crate) asked: u64,
    pub(crate) counters: Arc<Counters>,
}

/// Where the journal begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The oldest chunk; `next` when there is none.
    pub(crate) oldest: u64,
    /// The number of the next chunk.
    pub(crate) next: u64,
    /// The checksum of the last chunk.
    pub(crate) crc: u32,
    /// The size of all chunks.
    pub(crate) bytes: u64,
}

/// A group in its place in the journal. It stays the same however often it is written.
#[derive(Debug)]
pub(crate) struct Placed {
    batch: Batch,
    records: Noted,
    first: u64,
    /// What is told of it once it is written.
    written: Written,
    /// The journal with it.
    pub(crate) span: Span,
}

/// The oldest chunks, read back to be removed.
#[derive(Debug, Default)]
pub(crate) struct Oldest {
    pub(crate) entries: Vec<(Entry, Mark)>,
    pub(crate) chunks: u64,
    pub(crate) bytes: u64,
}

impl Disk {
    /// Gives a group its place behind what is on disk.
    pub(crate) fn place(&mut self, group: &mut Group, oldest: Option<&Oldest>) -> Result<Placed, Failure> {
        if let Some(fault) = &group.fault {
            return Err(Failure::Lasting(format!("an entry can't be encoded: {fault}")));
        }
        debug_assert_eq!(group.first, self.span.next, "its entries were given other places");
        let mut batch = Batch::default();
        let mut span = self.span;
        if self.head.last == 0 {
            batch.insert(FORMAT_KEY, &u32::from(chunk::FORMAT).to_le_bytes()[..]);
        }
        self.torn.drain(..).for_each(|seq| batch.remove(&key(seq)));
        if let Some(gone) = oldest {
            (span.oldest..span.oldest + gone.chunks).for_each(|seq| batch.remove(&key(seq)));
            span.oldest += gone.chunks;
            span.bytes -= gone.bytes;
        }
        if group.chunks.is_empty() {
            // The header alone says where the journal begins now.
            group.chunks.push(Draft { bytes: vec![0; HEADER], flags: 0, count: 0 });
        }
        let (first, count) = (span.next, group.chunks.len());
        let (mut entries, mut written) = (0, 0);
        for (at, draft) in group.chunks.drain(..).enumerate() {
            let Draft { mut bytes, flags, count: held } = draft;
            let last = if at + 1 == count { LAST_OF_GROUP } else { 0 };
            let header = Header {
                flags: flags | last,
                seq: span.next,
                group: first,
                oldest: span.oldest,
                previous: span.crc,
                count: held,
            };
            span.crc = chunk::seal(&mut bytes, header);
            span.bytes += size_of(&bytes);
            entries += u64::from(held);
            written += size_of(&bytes);
            batch.insert(&key(span.next), bytes);
            span.next += 1;
        }
        let written = Written {
            entries,
            chunks: count as u64,
            bytes: written,
            dropped: oldest.map_or(0, |gone| gone.chunks),
            took: Duration::ZERO,
            journal_bytes: span.bytes,
        };
        Ok(Placed { batch, records: mem::take(&mut group.records), first, written, span })
    }

    /// Makes a group durable. When it fails, nothing more is taken before the medium was opened again.
    pub(crate) fn write(&mut self, group: &mut Placed) -> Result<(), Failure> {
        let begun = committer::now();
        let written = self.medium.write(&group.batch);
        self.counters.synced();
        if written.is_err() {
            self.doubt();
        }
        written?;
        group.written.took = begun.elapsed();
        let span = group.span;
        let Self { head, medium, .. } = self;
        head.advance(span.next - 1, span.crc, |slot| medium.note(slot))?;
        self.counters.wrote(&group.written);
        self.span = span;
        self.records.take(mem::take(&mut group.records), group.first);
        Ok(())
    }

    /// Notes for the next process what this one knows, if it ends before it can make up for it.
    fn doubt(&mut self) {
        let Self { head, medium, .. } = self;
        if medium.is_unsynced()
            && let Err(error) = head.doubt(|slot| medium.note(slot))
        {
            tracing::warn!(%error, "the store could not note that a sync has failed");
        }
    }

    /// Opens the medium again after a failure. The journal must be what it was, but for the group that may be there.
    pub(crate) fn reopen(&mut self, next: Option<Span>) -> Result<(), Failure> {
        self.medium.reopen(self.span, next.unwrap_or(self.span))
    }

    /// Lets go of everything.
    pub(crate) fn close(self) {
        self.medium.close(self.head);
    }

    /// Reads chunks from the oldest on, until they hold `budget` bytes. An entry is read whole.
    pub(crate) fn read_oldest(&self, budget: u64) -> Result<Oldest, Failure> {
        let mut oldest = Oldest::default();
        let mut split = Split::default();
        while oldest.bytes < budget || !split.is_empty() {
            let seq = self.span.oldest + oldest.chunks;
            if seq == self.span.next {
                break;
            }
            let (header, bytes) = read_chunk(&*self.medium.chunks(), seq)?;
            take_entries(header, &bytes[HEADER..], &mut split, &mut oldest.entries)
                .map_err(|_| Failure::Lasting(format!("chunk {seq} is damaged")))?;
            oldest.chunks += 1;
            oldest.bytes += size_of(&bytes);
        }
        Ok(oldest)
    }
}

/// Reads a chunk that is in the journal, if it is the one that was written.
pub(crate) fn read_chunk(chunks: &dyn Chunks, seq: u64) -> Result<(Header, IVec), Failure> {
    let lost = |what| Failure::Lasting(format!("chunk {seq} {what}"));
    let bytes = chunks.get(&key(seq))?.ok_or_else(|| lost("is gone"))?;
    let (header, ..) = chunk::read(&bytes).map_err(|_| lost("is damaged"))?;
    if header.seq == seq { Ok((header, bytes)) } else { Err(lost("is another one")) }
}

/// The pieces of an entry, until its last one is there.
#[derive(Debug, Default)]
pub(crate) struct Split {
    bytes: Vec<u8>,
    /// The chunk that it begins in.
    first: u64,
}

impl Split {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Adds the entries of a chunk, each with its place; what an entry has so far is kept in `split`.
pub(crate) fn take_entries(
    header: Header,
    mut body: &[u8],
    split: &mut Split,
    entries: &mut Vec<(Entry, Mark)>,
) -> Result<(), String> {
    if (header.flags & CONTINUES != 0) == split.is_empty() {
        return Err("a piece of an entry is missing".to_owned());
    }
    let mark = |chunk, at| {
        let (chunk, at) = (
            NonZeroU64::new(chunk).ok_or("0 is no number")?,
            u32::try_from(at).map_err(|_| "it is too long")?,
        );
        Ok::<_, &str>(Mark { chunk, at })
    };
    if header.flags & (CONTINUES | GOES_ON) != 0 {
        if header.flags & CONTINUES == 0 {
            split.first = header.seq;
        }
        split.bytes.extend_from_slice(body);
        if header.flags & GOES_ON == 0 {
            let Split { bytes, first } = mem::take(split);
            entries.push((decode_whole(&bytes)?, mark(first, HEADER)?));
        }
        return Ok(());
    }
    let end = HEADER + body.len();
    for _ in 0..header.count {
        let at = end - body.len();
        entries.push((codec::decode(&mut body)?, mark(header.seq, at)?));
    }
    if body.is_empty() { Ok(()) } else { Err("bytes are left over".to_owned()) }
}

fn decode_whole(mut bytes: &[u8]) -> Result<Entry, String> {
    let entry = codec::decode(&mut bytes)?;
    if bytes.is_empty() { Ok(entry) } else { Err("bytes are left over".to_owned()) }
}
