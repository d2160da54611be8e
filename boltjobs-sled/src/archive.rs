//! Records that were evicted, read back from their chunks.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boltjobs_core::engine::{Archive, Engine, Entry, Mark};
use boltjobs_core::job::Job;
use boltjobs_core::store::StoreError;
use sled::IVec;

use crate::chunk::{self, CONTINUES, GOES_ON, Header};
use crate::codec;
use crate::disk::{Split, read_chunk, take_entries};
use crate::error::{Failure, unavailable};
use crate::medium::Chunks;

/// Reads records from the chunks of a medium. They mostly lie in the order in which they are asked for, so the latest
/// chunks are kept.
#[derive(Debug)]
pub(crate) struct Records {
    chunks: Arc<dyn Chunks>,
    location: String,
    /// The one that was asked for last at the end.
    latest: Mutex<VecDeque<(Header, IVec)>>,
    ahead: Mutex<Ahead>,
}

/// How many chunks are kept that were read. Of a job that has ended the whole, its claim and its end lie in three of them,
/// and those of the next job mostly in the same three.
const LATEST: usize = 8;

impl Archive for Records {
    fn record(&self, trail: &[Mark]) -> Result<Job, StoreError> {
        self.read(trail).map_err(|failure| match failure {
            Failure::Passing(reason) => unavailable(&self.location, &reason),
            Failure::Lasting(reason) => {
                let reason = format!("{reason}; restore it from a backup, or move it away and start anew");
                StoreError::Corrupt { location: self.location.clone(), reason }
            }
        })
    }
}

impl Records {
    pub(crate) fn new(chunks: Arc<dyn Chunks>, location: String) -> Arc<Self> {
        Arc::new(Self { chunks, location, latest: Mutex::default(), ahead: Mutex::default() })
    }

    /// Makes an engine that keeps so many bytes of records in memory, and reads the others back from here.
    pub(crate) fn engine(self: &Arc<Self>, memory: u64) -> Engine {
        let mut engine = Engine::default();
        engine.keep_records(memory, Arc::clone(self) as _);
        engine
    }

    /// Reads what is likely to be asked for next, about so many records, while nobody waits for it.
    ///
    /// A long line is worked off chunk by chunk, and a record is asked for under the lock that everybody waits for.
    pub(crate) fn look_ahead(&self, records: usize) {
        loop {
            let next = self.ahead().next(records);
            let Some(chunk) = next else { return };
            // What can't be read now is met by whoever asks for it.
            let entries = self.decoded(chunk).unwrap_or_default();
            self.ahead().put(chunk, entries);
        }
    }

    /// Reads a chunk of whole entries: each with its place.
    fn decoded(&self, chunk: u64) -> Result<Vec<Decoded>, Failure> {
        let (header, bytes) = read_chunk(&*self.chunks, chunk)?;
        let mut entries = Vec::new();
        if header.flags & (CONTINUES | GOES_ON) == 0 {
            let body = &bytes[chunk::HEADER..];
            take_entries(header, body, &mut Split::default(), &mut entries).map_err(Failure::Lasting)?;
        }
        Ok(entries.into_iter().map(|(entry, mark)| (mark.at, Some(entry))).collect())
    }

    /// Counts what was read and not asked for yet.
    #[cfg(test)]
    pub(crate) fn count_ahead(&self) -> usize {
        self.ahead()
            .chunks
            .iter()
            .flat_map(|(_, entries)| entries)
            .filter(|(_, entry)| entry.is_some())
            .count()
    }

    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, trail: &[Mark]) -> Result<Job, Failure> {
        let lost = || Failure::Lasting(format!("there is no job where one was written, at {trail:?}"));
        Job::from_entries(trail.iter().map(|mark| self.entry(*mark)))?.ok_or_else(lost)
    }

    fn entry(&self, mark: Mark) -> Result<Entry, Failure> {
        if let Some(entry) = self.ahead().take(mark) {
            return Ok(entry);
        }
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = latest.iter().rposition(|(header, _)| header.seq == mark.chunk.get());
        let known = known.and_then(|at| latest.remove(at));
        let (header, bytes) = known.map_or_else(|| read_chunk(&*self.chunks, mark.chunk.get()), Ok)?;
        let lost = |what: &str| Failure::Lasting(format!("chunk {} {what}", mark.chunk));
        let entry = if header.flags & GOES_ON == 0 {
            let mut from = bytes.get(mark.at as usize..).unwrap_or_default();
            codec::decode(&mut from).map_err(|fault| lost(&fault))?
        } else {
            self.split(header, &bytes)?
        };
        if latest.len() == LATEST {
            latest.pop_front();
        }
        latest.push_back((header, bytes));
        Ok(entry)
    }

    /// Returns the entry that begins with this chunk and goes on in the next ones.
    fn split(&self, header: Header, bytes: &IVec) -> Result<Entry, Failure> {
        let (mut split, mut entries) = (Split::default(), Vec::new());
        let (mut header, mut bytes) = (header, bytes.clone());
        loop {
            let body = &bytes[chunk::HEADER..];
            take_entries(header, body, &mut split, &mut entries).map_err(Failure::Lasting)?;
            if let Some((entry, _)) = entries.pop() {
                return Ok(entry);
            }
            (header, bytes) = read_chunk(&*self.chunks, header.seq + 1)?;
        }
    }
}

/// An entry and its place in its chunk, until it is asked for.
type Decoded = (u32, Option<Entry>);

/// What was read before it was asked for.
#[derive(Debug, Default)]
struct Ahead {
    /// The chunk that was asked for last.
    latest: u64,
    /// Whether it came right behind the one before.
    runs: bool,
    /// The chunks behind it, as far as they were read.
    chunks: VecDeque<(u64, Vec<Decoded>)>,
}

/// The most chunks that are read ahead.
const FURTHEST: usize = 8;

impl Ahead {
    /// Takes an entry that was read. Each is asked for once, as its record stays in memory then.
    fn take(&mut self, mark: Mark) -> Option<Entry> {
        let chunk = mark.chunk.get();
        if chunk != self.latest {
            self.runs = chunk == self.latest + 1;
            self.latest = chunk;
        }
        let (_, entries) = self.chunks.iter_mut().find(|(number, _)| *number == chunk)?;
        let at = entries.binary_search_by_key(&mark.at, |(at, _)| *at).ok()?;
        mem::take(&mut entries.get_mut(at)?.1)
    }

    /// Returns the chunk that is to be read next for so many records, if chunks are asked for one after the other.
    fn next(&mut self, records: usize) -> Option<u64> {
        let latest = self.latest;
        self.chunks.retain(|(number, _)| self.runs && *number >= latest);
        let behind = || self.chunks.iter().filter(|(number, _)| *number > latest);
        let read: usize = behind().map(|(_, entries)| entries.len()).sum();
        let far = self.chunks.back().map_or(latest, |(number, _)| *number);
        (self.runs && read < records && behind().count() < FURTHEST).then_some(far.max(latest) + 1)
    }

    fn put(&mut self, chunk: u64, entries: Vec<Decoded>) {
        self.chunks.push_back((chunk, entries));
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    fn mark(chunk: u64, at: u32) -> Mark {
        Mark { chunk: NonZeroU64::new(chunk).unwrap(), at }
    }

    fn entries(chunk: u32) -> Vec<Decoded> {
        (0..3).map(|at| (at, Some(Entry::Boot(chunk * 10 + at)))).collect()
    }

    #[test]
    fn what_is_asked_for_here_and_there_is_not_read_ahead() {
        let mut ahead = Ahead::default();
        for chunk in [7, 3, 5, 4] {
            assert_eq!((ahead.take(mark(chunk, 0)), ahead.next(10)), (None, None));
        }
    }

    #[test]
    fn what_is_asked_for_in_a_row_is_read_ahead_and_given_once() {
        let mut ahead = Ahead::default();
        assert_eq!((ahead.take(mark(4, 0)), ahead.take(mark(5, 0))), (None, None));
        for chunk in 6..8 {
            assert_eq!(ahead.next(4), Some(u64::from(chunk)));
            ahead.put(chunk.into(), entries(chunk));
        }
        assert_eq!(ahead.next(4), None, "six records are enough for four");
        assert_eq!(ahead.take(mark(6, 1)), Some(Entry::Boot(61)));
        assert_eq!((ahead.take(mark(6, 1)), ahead.take(mark(6, 9))), (None, None));
        // The three of the seventh are not.
        assert_eq!(ahead.next(4), Some(8));
        assert_eq!(ahead.take(mark(7, 0)), Some(Entry::Boot(70)));
        assert_eq!(ahead.take(mark(2, 0)), None);
        assert_eq!((ahead.next(4), ahead.chunks.len()), (None, 0), "nothing is kept once it is over");
    }

    #[test]
    fn there_is_an_end_to_what_is_read_ahead() {
        let mut ahead = Ahead { latest: 1, runs: true, ..Ahead::default() };
        let read = std::iter::from_fn(|| {
            let chunk = ahead.next(usize::MAX)?;
            ahead.put(chunk, Vec::new());
            Some(chunk)
        });
        assert_eq!(read.collect::<Vec<_>>(), (2..2 + FURTHEST as u64).collect::<Vec<_>>());
    }
}
