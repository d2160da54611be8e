//! How a store is opened.

use std::path::Path;

use boltjobs_core::store::StoreError;

use crate::SledStore;

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Whatever was answered is on disk. The default.
    #[default]
    Immediate,
    /// Answers come before the disk: a crash of the machine or of the process can undo the latest 100 ms in which
    /// answers were given, never more, and never a part of a write.
    ///
    /// Work is gathered for 50 ms at most and then written. A write that takes longer than 25 ms, with what
    /// compaction reads for it, makes callers wait for it, so a disk that stalls makes the store slow instead of
    /// forgetful. At worst answers were given for 25 ms during the write before, 50 ms of gathering, and 25 ms of the
    /// write that a crash cuts off; pauses that the system makes in between come on top. Jobs may run before
    /// they are on disk; after a crash such a job may be unknown although it ran.
    Eventual,
}

/// Opens a [`SledStore`].
///
/// # Examples
/// ```
/// use boltjobs_sled::{Durability, SledOptions};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("jobs");
/// let store = SledOptions::new().durability(Durability::Eventual).open(path)?;
/// # Ok::<(), boltjobs_core::store::StoreError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SledOptions {
    pub(crate) durability: Durability,
    pub(crate) segment_size: usize,
    pub(crate) compaction_floor: u64,
    pub(crate) cache: u64,
    pub(crate) memory: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl SledOptions {
    /// Begins with the default of every option.
    pub fn new() -> Self {
        Self {
            durability: Durability::Immediate,
            segment_size: 2 << 20,
            compaction_floor: 16 << 20,
            cache: 16 << 20,
            memory: 64 << 20,
        }
    }

    /// Sets what an answer means. Default: [`Durability::Immediate`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets the unit, in bytes, in which the file grows: a power of two from 64 KiB to 16 MiB. Default: 2 MiB.
    ///
    /// It counts when the store is made; one that is there keeps what it was made with. Smaller ones make a smaller
    /// file and more work for each job.
    #[must_use]
    pub fn segment_size(mut self, bytes: usize) -> Self {
        self.segment_size = bytes;
        self
    }

    /// Sets how many bytes of journal are left alone before what is dead is cleared away. Default: 16 MiB.
    ///
    /// The journal takes seven quarters of what is live and retained, and this; a third of what lives more while a long
    /// row of it is written again. The file is up to twice as large, as sled cleans what is half dead.
    #[must_use]
    pub fn compaction_floor(mut self, bytes: u64) -> Self {
        self.compaction_floor = bytes;
        self
    }

    /// Sets about how many bytes of the file are cached in memory. Default: 16 MiB.
    #[must_use]
    pub fn cache(mut self, bytes: u64) -> Self {
        self.cache = bytes;
        self
    }

    /// Sets about how many bytes of memory the records of waiting jobs may take, payloads included; those of jobs that
    /// have ended may take a quarter of that. Default: 64 MiB.
    ///
    /// What is more stays on disk alone until it is needed: it takes 120 to 250 bytes of memory for each job, and a few
    /// microseconds to read a record back.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Opens the store in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when a process has it, [`StoreError::Corrupt`] when it is damaged,
    /// [`StoreError::NewerFormat`] when a newer release wrote it, [`StoreError::Location`] when no store can be
    /// there. Nothing is overwritten in any of these cases, with one exception: of a damaged store whose process was
    /// killed, sled may drop what it takes for torn before the damage is found. Keep a copy of such a store before it is
    /// opened if it may have to be mended by hand.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SledStore, StoreError> {
        SledStore::open_with(path.as_ref(), self)
    }
}
