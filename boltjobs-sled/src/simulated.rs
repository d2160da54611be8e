//! A disk that is simulated: what happens to it, and when, is decided by whoever runs the simulation.
//!
//! It has what a real one has between a write and the platter. What sled was given is in its memory until it is
//! flushed, what was flushed is in the system's until it is synced. A process that is killed loses the first, a power
//! cut also the second, or a part of it: a group that is torn. After a sync that failed the system takes for written
//! what is not.

mod reader;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boltjobs_core::store::StoreError;
use sled::IVec;

use crate::archive::Records;
use crate::committer::Committer;
use crate::disk::{FORMAT_KEY, Span, seq_of};
use crate::error::{Failure, unavailable};
use crate::files::check;
use crate::head::{Head, Left, Slot};
use crate::medium::{Batch, Chunks, Medium};
use crate::open::{Found, begin};
use crate::options::SledOptions;
use crate::replay::{Broken, replay};
use crate::store::SledStore;

pub use writer::{SimulatedWriter, Writes};

/// The most bytes of a chunk: small, so that groups have several.
const CHUNK_LIMIT: usize = 1 << 10;

/// Where a simulated disk is asked whether it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskStep {
    /// A chunk is read.
    Read,
    /// Sled takes a write.
    Apply,
    /// The system takes it.
    Flush,
    /// The disk takes it.
    Sync,
    /// The file `head` is written.
    Head,
    /// Sled is opened again.
    Open,
    /// The file is written again after a sync that failed.
    Again,
}

/// What becomes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFault {
    /// It works.
    Pass,
    /// It fails, with an error of the system.
    Fail,
    /// It fails, for the disk is full.
    Full,
    /// The process dies before it.
    Die,
}

/// A disk that is simulated. It outlives the processes that open it.
#[derive(Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<Platter>>);

type Decide = Box<dyn FnMut(DiskStep) -> DiskFault + Send>;

#[derive(Default)]
struct Platter {
    durable: BTreeMap<IVec, IVec>,
    /// What the system has and the disk may not have, in order.
    cached: Vec<Batch>,
    /// What the system takes for written, and the disk does not have.
    believed: Vec<Batch>,
    /// What sled has and the system does not.
    buffered: Vec<Batch>,
    /// The head on the disk, and what was written to it since.
    head: [Vec<Slot>; 2],
    /// Sled has failed, and takes nothing before it is opened again.
    broken: bool,
    unsynced: bool,
    dead: bool,
    decide: Option<Decide>,
}

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedDisk").field("durable", &self.lock().durable.len()).finish_non_exhaustive()
    }
}

impl SimulatedDisk {
    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets who decides what becomes of each step.
    pub fn decide(&self, decide: impl FnMut(DiskStep) -> DiskFault + Send + 'static) {
        self.lock().decide = Some(Box::new(decide));
    }

    /// Opens the store on it.
    ///
    /// # Errors
    /// As [`SledOptions::open`].
    pub fn open(&self, options: &SledOptions) -> Result<(Arc<SledStore>, SimulatedWriter), StoreError> {
        self.lock().revive();
        let corrupt = |reason: String| StoreError::Corrupt { location: "simulated".to_owned(), reason };
        let head = self.lock().open_head();
        let crashed = head.left.is_none();
        if head.unsynced {
            let again = self.lock().write_again();
            again.map_err(|error| unavailable("simulated", &error.to_string()))?;
        }
        let content = self.lock().content();
        let chunks = content.iter().filter(|(key, _)| ***key != *FORMAT_KEY);
        let chunks = chunks.map(|(key, value)| {
            seq_of(key).map(|seq| (seq, value.clone())).ok_or_else(|| "it holds a foreign key".to_owned())
        });
        let engine = Records::new(self.chunks(), "simulated".to_owned()).engine(options.memory);
        let replayed = replay(chunks, head, engine).map_err(|broken| match broken {
            Broken::Newer(format) => corrupt(format!("format {format} is newer")),
            Broken::Damaged(reason) => corrupt(reason),
            Broken::Unread(error) => error,
        })?;
        let found = Found {
            location: "simulated".to_owned(),
            medium: Box::new(self.clone()),
            head,
            replayed,
            // Only what somebody asks for may fail.
            records: None,
            crashed,
            chunk_limit: CHUNK_LIMIT,
        };
        let (shared, disk) = begin(found, options)?;
        let shared = Arc::new(shared);
        let committer = Committer::new(&shared, disk);
        let store = Arc::new(SledStore::simulated(Arc::clone(&shared), self.clone()));
        Ok((store, SimulatedWriter { shared, committer: Some(committer), disk: self.clone() }))
    }

    /// Says whether the process has died at a step.
    pub fn is_dead(&self) -> bool {
        self.lock().dead
    }

    /// Ends the process: what sled had and the system did not may be there or not.
    pub fn kill(&self, mut chance: impl FnMut(usize) -> usize) {
        let mut platter = self.lock();
        let buffered = mem::take(&mut platter.buffered);
        let kept = chance(buffered.len() + 1);
        platter.cached.extend(buffered.into_iter().take(kept));
        platter.dead = true;
    }

    /// Cuts the power: of what was not synced the first part is there, and of what comes next a piece.
    ///
    /// `chance(n)` returns a number below `n`.
    pub fn cut_power(&self, mut chance: impl FnMut(usize) -> usize) {
        let mut platter = self.lock();
        // What is believed to be written is not, or just happens to be.
        let believed = mem::take(&mut platter.believed);
        let mut unsynced = mem::take(&mut platter.cached);
        unsynced.append(&mut platter.buffered);
        let unsynced = believed.into_iter().chain(unsynced);
        let unsynced: Vec<_> = unsynced.collect();
        let kept = chance(unsynced.len() + 1);
        for (at, batch) in unsynced.into_iter().enumerate() {
            if at < kept {
                apply(&mut platter.durable, &batch);
            } else if at == kept {
                let inserts: Vec<_> = batch.inserts().collect();
                let torn = chance(inserts.len().max(1));
                inserts.into_iter().take(torn).for_each(|(key, value)| {
                    platter.durable.insert(key.clone(), value.clone());
                });
            }
        }
        for slot in &mut platter.head {
            let kept = chance(slot.len().max(1));
            *slot = slot.get(kept).into_iter().copied().collect();
        }
        platter.unsynced = false;
        platter.dead = true;
    }
}

fn apply(content: &mut BTreeMap<IVec, IVec>, batch: &Batch) {
    for (key, value) in batch.changes() {
        match value {
            Some(value) => content.insert(key.clone(), value.clone()),
            None => content.remove(key),
        };
    }
}

impl Platter {
    fn revive(&mut self) {
        // The next process does not know of a sync that failed, unless it is told.
        (self.dead, self.broken, self.unsynced) = (false, false, false);
        // A process that was only dropped has written nothing more.
        self.buffered.clear();
    }

    /// Returns what a reader finds.
    fn content(&self) -> BTreeMap<IVec, IVec> {
        let mut content = self.durable.clone();
        let written = [&self.believed, &self.cached, &self.buffered].into_iter().flatten();
        written.for_each(|batch| apply(&mut content, batch));
        content
    }

    /// Returns the head of a store that is opened; a new one is made, and what a closed one has noted is forgotten.
    fn open_head(&mut self) -> Head {
        let slots = self.head.iter().filter_map(|slot| slot.last().copied());
        let found = Head::newest(slots);
        let mut head = found.unwrap_or_default();
        let times = match found {
            None => 2,
            Some(head) => u64::from(head.left.is_some()),
        };
        let left = head.left;
        for _ in 0..times {
            let (last, crc) = (head.last, head.crc);
            drop(head.advance(last, crc, |slot| {
                self.put(slot);
                Ok(())
            }));
        }
        self.sync_head();
        Head { left, ..head }
    }

    fn put(&mut self, slot: Slot) {
        let [first, second] = &mut self.head;
        if slot.number == 0 { first.push(slot) } else { second.push(slot) }
    }

    fn sync_head(&mut self) {
        for slot in &mut self.head {
            *slot = slot.last().copied().into_iter().collect();
        }
    }

    fn strike(&mut self, step: DiskStep) -> io::Result<()> {
        if self.dead {
            return Err(io::Error::other("the process is dead"));
        }
        match self.decide.as_mut().map_or(DiskFault::Pass, |decide| decide(step)) {
            DiskFault::Pass => Ok(()),
            DiskFault::Fail => Err(io::Error::other("the disk fails, as the simulation decided")),
            DiskFault::Full => Err(io::ErrorKind::StorageFull.into()),
            DiskFault::Die => {
                self.dead = true;
                Err(io::Error::other("the process died"))
            }
        }
    }

    fn write(&mut self, batch: &Batch) -> io::Result<()> {
        for part in batch.parts() {
            self.strike(DiskStep::Apply)?;
            self.buffered.push(Batch::of(part));
        }
        self.strike(DiskStep::Flush)?;
        let mut buffered = mem::take(&mut self.buffered);
        self.cached.append(&mut buffered);
        self.sync()
    }

    /// Writes again what only the system believes to be written.
    fn write_again(&mut self) -> io::Result<()> {
        self.strike(DiskStep::Again)?;
        let mut all = mem::take(&mut self.believed);
        all.append(&mut self.cached);
        self.cached = all;
        self.sync()?;
        self.unsynced = false;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if let Err(error) = self.strike(DiskStep::Sync) {
            if !self.dead {
                // Not one of the writes will be made by a later sync.
                let mut cached = mem::take(&mut self.cached);
                self.believed.append(&mut cached);
                self.unsynced = true;
            }
            return Err(error);
        }
        for batch in mem::take(&mut self.cached) {
            apply(&mut self.durable, &batch);
        }
        Ok(())
    }
}

impl Medium for SimulatedDisk {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let mut platter = self.lock();
        if platter.broken {
            return Err(Failure::Passing("the database is not open again".to_owned()));
        }
        let written = platter.write(batch);
        platter.broken = written.is_err();
        Ok(written?)
    }

    fn is_unsynced(&self) -> bool {
        self.lock().unsynced
    }

    fn chunks(&self) -> Arc<dyn Chunks> {
        Arc::new(self.clone())
    }

    fn note(&mut self, slot: Slot) -> io::Result<()> {
        let mut platter = self.lock();
        // Pages that are there are written over: that a sync has failed can always be noted.
        if !platter.unsynced {
            platter.strike(DiskStep::Head)?;
        }
        platter.put(slot);
        Ok(())
    }

    fn reopen(&mut self, was: Span, next: Span) -> Result<(), Failure> {
        let mut platter = self.lock();
        // Sled is dropped, and may write what it has in memory.
        if platter.strike(DiskStep::Flush).is_ok() {
            let mut buffered = mem::take(&mut platter.buffered);
            platter.cached.append(&mut buffered);
        } else if platter.dead {
            return Err(Failure::Passing("the process is dead".to_owned()));
        }
        platter.buffered.clear();
        if platter.unsynced {
            platter.write_again()?;
        }
        platter.strike(DiskStep::Open)?;
        check(platter.content().into_iter().map(Ok), was, next)?;
        platter.broken = false;
        Ok(())
    }

    fn close(self: Box<Self>, mut head: Head) {
        let mut platter = self.lock();
        let mut buffered = mem::take(&mut platter.buffered);
        platter.cached.append(&mut buffered);
        if platter.unsynced || platter.sync().is_err() {
            return;
        }
        let noted = head.leave(Left::UNCHECKED, |slot| {
            platter.put(slot);
            Ok(())
        });
        if noted.is_ok() {
            platter.sync_head();
        }
    }
}

#[cfg(test)]
mod tests;
