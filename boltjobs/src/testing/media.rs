//! What outlives the processes of a test.

use std::sync::{Arc, Mutex};

use boltjobs_core::job::Job;
use boltjobs_core::memory::{MemoryStore, Tape};
use boltjobs_core::store::{Counts, DocumentQuery, JobFilter, PageQuery, Store, StoreError};

use super::storm::Storm;
#[cfg(feature = "sled")]
use super::world::lock;
#[cfg(feature = "sled")]
use boltjobs_sled::{SimulatedDisk, SimulatedWriter, SledOptions, SledStore};

/// What a store is kept on.
#[derive(Debug)]
pub(super) enum Media {
    /// A tape in memory, on which everything is at once.
    Tape(Tape),
    /// A disk.
    #[cfg(feature = "sled")]
    Disk(SimulatedDisk),
}

/// A store that was opened.
#[derive(Debug)]
pub(super) enum Opened {
    Memory(Arc<MemoryStore>),
    #[cfg(feature = "sled")]
    Sled(Arc<SledStore>),
}

/// What writes for a store.
#[derive(Debug)]
pub(super) enum Writer {
    /// It writes itself.
    None,
    #[cfg(feature = "sled")]
    Disk(SimulatedDisk, Box<SimulatedWriter>),
}

/// What a test runs on, and what a crash costs there.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A tape in memory, on which everything is at once.
    Memory,
    /// The disk of the embedded store. A process that is killed leaves behind what the system had.
    Killed,
    /// The same. The power goes with it: nothing is left of what was not synced.
    Unpowered,
    /// What a seed decides.
    Seeded(u64),
}

impl Media {
    pub(super) fn new(kind: Kind, storm: Option<&Arc<Mutex<Storm>>>) -> Self {
        #[cfg(feature = "sled")]
        if let Some(storm) = storm.filter(|storm| lock(storm).below(3) > 0) {
            let (disk, storm) = (SimulatedDisk::default(), Arc::clone(storm));
            disk.decide(move |step| lock(&storm).strike_disk(step));
            return Self::Disk(disk);
        }
        #[cfg(feature = "sled")]
        if matches!(kind, Kind::Killed | Kind::Unpowered) {
            return Self::Disk(SimulatedDisk::default());
        }
        let _ = (kind, storm);
        Self::Tape(Tape::default())
    }

    /// Opens the store.
    pub(super) fn open(&self) -> Result<(Opened, Writer), StoreError> {
        match self {
            Self::Tape(tape) => Ok((Opened::Memory(Arc::new(MemoryStore::on_tape(tape))), Writer::None)),
            #[cfg(feature = "sled")]
            Self::Disk(disk) => {
                // So small that compaction is always at it.
                let (store, writer) =
                    disk.open(&SledOptions::new().compaction_floor(8 << 10).memory(4 << 10))?;
                Ok((Opened::Sled(store), Writer::Disk(disk.clone(), Box::new(writer))))
            }
        }
    }

    /// Lets what a process leaves behind be what a dying one does: `power` says whether the machine goes with it.
    #[cfg_attr(not(feature = "sled"), expect(unused_variables, reason = "a tape loses nothing"))]
    pub(super) fn die(&self, power: bool, chance: impl FnMut(usize) -> usize) {
        match self {
            Self::Tape(_) => {}
            #[cfg(feature = "sled")]
            Self::Disk(disk) if power => disk.cut_power(chance),
            #[cfg(feature = "sled")]
            Self::Disk(disk) => disk.kill(chance),
        }
    }
}

impl Opened {
    pub(super) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::clone(store) as _,
            #[cfg(feature = "sled")]
            Self::Sled(store) => Arc::clone(store) as _,
        }
    }

    /// Returns the jobs that match, oldest first, as they are in memory now.
    pub(super) fn jobs(&self, filter: JobFilter) -> Vec<Job> {
        let query = PageQuery { filter, oldest_first: true, after: None, limit: usize::MAX };
        match self {
            Self::Memory(store) => at_once(store.page(query)).map(|page| page.jobs).unwrap_or_default(),
            #[cfg(feature = "sled")]
            Self::Sled(store) => store.look(|engine| engine.page(&query)).jobs,
        }
    }

    /// Says whether somebody has set a limit of a queue (`queue/mail`) or of the handler of a request (`handler/concurrency/mail.send`),
    /// as is in memory now.
    pub(super) fn is_limited(&self, what: &str) -> bool {
        let (key, limit) = (format!("limit/{what}"), 1);
        let query = DocumentQuery { prefix: key.as_str().into(), limit, ..DocumentQuery::default() };
        let found = match self {
            Self::Memory(store) => at_once(store.documents(query)).unwrap_or_default(),
            #[cfg(feature = "sled")]
            Self::Sled(store) => store.look(|engine| engine.documents(&query)),
        };
        // Another name may begin alike, and comes behind it.
        found.iter().any(|document| *document.key == *key)
    }

    /// Returns the counters, as they are in memory now.
    pub(super) fn counts(&self) -> Counts {
        match self {
            Self::Memory(store) => at_once(store.counts()).unwrap_or_default(),
            #[cfg(feature = "sled")]
            Self::Sled(store) => store.look(boltjobs_core::engine::Engine::counts),
        }
    }
}

/// Takes an answer that is there at once: that of a look at what is in memory.
fn at_once<T>(answer: impl Future<Output = T>) -> T {
    use std::task::{Context, Poll, Waker};
    match std::pin::pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a store in memory does not answer at once"),
    }
}
