//! From chunks to an engine. What is missing, damaged or out of place is found here.

use boltjobs_core::engine::{Engine, Entry, Mark};
use boltjobs_core::store::StoreError;

use crate::chunk::{self, CONTINUES, Fault, Header, LAST_OF_GROUP};
use crate::disk::{Span, Split, size_of, take_entries};
use crate::head::Head;
use crate::records::{Noted, Places};

/// What became of a journal that is whole.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) engine: Engine,
    pub(crate) span: Span,
    pub(crate) records: Places,
    /// Chunks of a last group that a power cut tore: nobody was told that it was written.
    pub(crate) torn: Vec<u64>,
}

/// Why a journal can't be trusted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It was written by a newer release.
    Newer(u32),
    /// It is damaged.
    Damaged(String),
    /// A part of it can't be read.
    Unread(StoreError),
}

/// How many transitions may wait before they are published, to bound the memory of a long replay.
const PUBLISH_EVERY: usize = 1 << 16;

/// Reads chunks in the order of their keys. `head` is how far the journal is known to have come, `engine` is empty.
pub(crate) fn replay<B: AsRef<[u8]>>(
    chunks: impl Iterator<Item = Result<(u64, B), String>>,
    head: Head,
    engine: Engine,
) -> Result<Replayed, Broken> {
    let mut replay = Replay::new(head, engine);
    for chunk in chunks {
        let (seq, bytes) = chunk.map_err(Broken::Damaged)?;
        replay.take(seq, bytes.as_ref())?;
    }
    replay.finish()
}

struct Replay {
    head: Head,
    engine: Engine,
    records: Places,
    /// What is in groups that are whole.
    span: Option<Span>,
    /// Where the last whole group says that the journal begins.
    begins: u64,
    /// The first chunk that is there.
    first: u64,
    open: Open,
    unpublished: usize,
}

/// The group that is being read; it counts once its last chunk is there.
#[derive(Default)]
struct Open {
    chunks: Vec<u64>,
    entries: Vec<(Entry, Mark)>,
    split: Split,
    crc: u32,
    bytes: u64,
    /// Whether a chunk of it is missing.
    torn: bool,
}

impl Replay {
    fn new(head: Head, engine: Engine) -> Self {
        Self {
            head,
            engine,
            records: Places::default(),
            span: None,
            begins: 1,
            first: 1,
            open: Open::default(),
            unpublished: 0,
        }
    }

    fn take(&mut self, seq: u64, bytes: &[u8]) -> Result<(), Broken> {
        let (header, crc, body) = chunk::read(bytes).map_err(|fault| match fault {
            Fault::Newer(format) => Broken::Newer(u32::from(format)),
            Fault::Damaged => Broken::Damaged(format!("chunk {seq} is damaged")),
        })?;
        // Numbers begin with 1, and no store lives until the last one. So what follows may add and subtract one.
        if [0, u64::MAX].contains(&seq) {
            return Err(Broken::Damaged(format!("no chunk has the number {seq}")));
        }
        if header.seq != seq {
            return Err(Broken::Damaged(format!("chunk {} is in the place of chunk {seq}", header.seq)));
        }
        if seq == self.head.last && crc != self.head.crc {
            return Err(Broken::Damaged(format!("chunk {seq} is not the one that was written last")));
        }
        if self.span.is_none() && self.open.chunks.is_empty() {
            self.begin(seq, header)?;
        }
        if self.is_torn(seq, header)? {
            self.open.torn = true;
            self.open.chunks.push(seq);
            return Ok(());
        }
        let open = &mut self.open;
        take_entries(header, body, &mut open.split, &mut open.entries)
            .map_err(|fault| Broken::Damaged(format!("chunk {seq} can't be read: {fault}")))?;
        open.chunks.push(seq);
        open.crc = crc;
        open.bytes += size_of(bytes);
        if header.flags & LAST_OF_GROUP != 0 {
            self.apply(seq, header.oldest)?;
        }
        Ok(())
    }

    /// The oldest chunk has no predecessor to compare with, and may be in the middle of its group.
    fn begin(&mut self, seq: u64, header: Header) -> Result<(), Broken> {
        self.first = seq;
        if header.flags & CONTINUES != 0 {
            return Err(Broken::Damaged(format!("the chunk before chunk {seq} is missing")));
        }
        self.open.crc = header.previous;
        Ok(())
    }

    /// Says whether a chunk belongs to a last group that a power cut tore, and refuses every other gap.
    fn is_torn(&self, seq: u64, header: Header) -> Result<bool, Broken> {
        let whole = self.span.map_or(self.first - 1, |span| span.next - 1);
        let before = self.open.chunks.last().copied().unwrap_or(whole);
        let follows = seq == before + 1 && header.previous == self.open.crc && !self.open.torn;
        if follows {
            return Ok(false);
        }
        // Only one group is ever on its way, so all that a power cut may tear is one group, and it is the last.
        let start = self.span.map_or(1, |span| span.next);
        if header.group == start && self.span.is_some() {
            return Ok(true);
        }
        let missing = before + 1;
        Err(Broken::Damaged(format!("chunk {missing} is missing, but chunk {seq} is there")))
    }

    fn apply(&mut self, seq: u64, begins: u64) -> Result<(), Broken> {
        let open = std::mem::take(&mut self.open);
        let mut noted = Noted::default();
        open.entries.iter().for_each(|(entry, _)| noted.note(entry));
        self.records.take(noted, open.chunks.first().copied().unwrap_or(seq));
        self.unpublished += open.entries.len();
        open.entries.into_iter().for_each(|(entry, mark)| self.engine.apply_at(entry, Some(mark)));
        if let Some(fault) = self.engine.take_fault() {
            return Err(Broken::Unread(fault));
        }
        if self.unpublished >= PUBLISH_EVERY {
            self.publish(seq + 1);
        }
        let bytes = self.span.map_or(0, |span| span.bytes) + open.bytes;
        self.span = Some(Span { oldest: self.first, next: seq + 1, crc: open.crc, bytes });
        self.begins = begins;
        // The next group follows this one.
        self.open.crc = open.crc;
        Ok(())
    }

    fn publish(&mut self, next: u64) {
        let unpublished = self.engine.take_unpublished();
        // Nobody watches yet.
        drop(self.engine.publish(unpublished));
        let leaving = self.engine.take_leaving();
        drop(self.engine.evict(leaving, next));
        self.unpublished = 0;
    }

    fn finish(mut self) -> Result<Replayed, Broken> {
        let span = self.span.unwrap_or(Span { oldest: 1, next: 1, crc: 0, bytes: 0 });
        self.publish(span.next);
        let last = span.next - 1;
        if last < self.head.last {
            let known = self.head.last;
            return Err(Broken::Damaged(format!(
                "the journal ends with chunk {last}, but chunk {known} had been written"
            )));
        }
        if self.span.is_some() && self.begins != self.first {
            let (first, begins) = (self.first, self.begins);
            return Err(Broken::Damaged(format!(
                "the journal begins with chunk {first} instead of chunk {begins}"
            )));
        }
        Ok(Replayed { engine: self.engine, span, records: self.records, torn: self.open.chunks })
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{HEADER, seal};
    use crate::codec;

    /// The chunks of groups of some sizes; each chunk counts a boot.
    fn journal(groups: &[u64]) -> Vec<(u64, Vec<u8>)> {
        let (mut chunks, mut seq, mut previous) = (Vec::new(), 1, 0);
        for size in groups {
            let group = seq;
            for at in 0..*size {
                let mut bytes = vec![0; HEADER];
                codec::encode(&Entry::Boot(u32::try_from(seq).unwrap()), &mut bytes).unwrap();
                let flags = if at + 1 == *size { LAST_OF_GROUP } else { 0 };
                previous = seal(&mut bytes, Header { flags, seq, group, oldest: 1, previous, count: 1 });
                chunks.push((seq, bytes));
                seq += 1;
            }
        }
        chunks
    }

    /// Replays the chunks that are left, when the head has come to a chunk.
    fn replay_left(
        chunks: &[(u64, Vec<u8>)],
        left: impl Fn(u64) -> bool,
        last: u64,
    ) -> Result<Replayed, String> {
        let named = chunks.iter().find(|(seq, _)| *seq == last);
        let crc = named.map_or(0, |(_, bytes)| chunk::read(bytes).unwrap().1);
        let head = Head { last, crc, ..Head::default() };
        let left = chunks.iter().filter(|(seq, _)| left(*seq)).cloned().map(Ok);
        replay(left, head, Engine::default()).map_err(|broken| match broken {
            Broken::Damaged(reason) => reason,
            Broken::Newer(format) => format.to_string(),
            Broken::Unread(error) => error.to_string(),
        })
    }

    #[test]
    fn a_journal_that_is_whole_is_applied_to_its_end() {
        let chunks = journal(&[1, 3, 2]);
        for last in [0, 4, 6] {
            let replayed = replay_left(&chunks, |_| true, last).unwrap();
            assert_eq!((replayed.engine.boot(), replayed.span.next), (6, 7));
            assert!(replayed.torn.is_empty());
        }
    }

    #[test]
    fn any_chunk_that_is_missing_up_to_the_head_is_noticed() {
        let chunks = journal(&[1, 3, 2]);
        for missing in 1..=6 {
            assert!(replay_left(&chunks, |seq| seq != missing, 6).is_err(), "{missing}");
            assert!(replay_left(&chunks, |seq| seq < missing, 6).is_err(), "from {missing} on");
            assert!(replay_left(&chunks, |seq| seq > missing, 6).is_err(), "up to {missing}");
        }
    }

    #[test]
    fn what_a_power_cut_tore_of_the_last_group_is_dropped() {
        let chunks = journal(&[1, 3, 3]);
        for (left, torn) in [([5, 6], [5, 6]), ([5, 7], [5, 7]), ([6, 7], [6, 7])] {
            let replayed = replay_left(&chunks, |seq| seq <= 4 || left.contains(&seq), 4).unwrap();
            assert_eq!((replayed.engine.boot(), replayed.span.next), (4, 5), "{left:?}");
            assert_eq!(replayed.torn, torn);
        }
        // Somebody was told that it was written.
        assert!(replay_left(&chunks, |seq| seq != 6, 7).is_err());
        // It is not the last one.
        assert!(replay_left(&chunks, |seq| seq != 3, 1).is_err());
    }

    #[test]
    fn a_number_that_no_chunk_has_is_refused() {
        for seq in [0, u64::MAX] {
            let mut bytes = journal(&[1]).remove(0).1;
            seal(&mut bytes, Header { flags: 0, seq, group: seq, oldest: seq, previous: 0, count: 1 });
            assert!(
                replay_left(&[(seq, bytes)], |_| true, 0).unwrap_err().contains("no chunk has the number")
            );
        }
    }

    #[test]
    fn a_chunk_in_the_place_of_another_is_noticed() {
        let chunks = journal(&[1, 1, 1]);
        let moved = vec![chunks[0].clone(), (2, chunks[2].1.clone())];
        assert!(replay_left(&moved, |_| true, 0).is_err());
        // A chunk of another journal has another predecessor.
        let mut other = journal(&[2, 1, 1]);
        other[0] = chunks[0].clone();
        assert!(replay_left(&other, |_| true, 0).is_err());
    }
}
