//! The side file `head`: what the journal reached, so that a journal that lost its end is noticed.
//!
//! It is written after each sync and not synced itself. So it is never ahead of what is durable, exact when the
//! process is killed, and at worst behind after a power cut. Two slots in turn: a torn write spoils one of them.
//!
//! When the store is closed, the checksum of sled's whole file goes with it. So whatever happens to a closed store is
//! noticed before sled opens it, which would drop what it takes for torn.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::chunk::FORMAT;

/// The name of the file.
pub(crate) const NAME: &str = "head";

const MAGIC: [u8; 8] = *b"boltjobs";
const SLOT: usize = 48;

/// A head in its place in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// Which of the two.
    pub(crate) number: u64,
    bytes: [u8; SLOT],
}

impl Slot {
    /// Writes it to the file.
    pub(crate) fn put(&self, mut file: &File) -> io::Result<()> {
        file.seek(SeekFrom::Start(self.number * STRIDE))?;
        file.write_all(&self.bytes)
    }

    fn read(number: u64, mut file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; SLOT];
        file.seek(SeekFrom::Start(number * STRIDE))?;
        match file.read_exact(&mut bytes) {
            Ok(()) => Ok(Some(Self { number, bytes })),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A slot has a sector of its own.
const STRIDE: u64 = 4096;

/// The end of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// The format of the newest chunk.
    pub(crate) format: u32,
    /// How often the head was written; its parity chooses the slot.
    pub(crate) turn: u64,
    /// The number of the last chunk; 0 when there is none yet.
    pub(crate) last: u64,
    /// Its checksum.
    pub(crate) crc: u32,
    /// What the file of sled was when the store was closed; nothing while it is open.
    pub(crate) left: Option<Left>,
    /// Whether a sync failed: the system may take for written what is not, also for the next process.
    pub(crate) unsynced: bool,
}

/// A file as it was left: length and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Left {
    length: u64,
    crc: u32,
}

impl Left {
    /// That of a file that is simulated.
    #[cfg(feature = "simulation")]
    pub(crate) const UNCHECKED: Self = Self { length: 1, crc: 0 };

    /// Reads a whole file.
    pub(crate) fn of(mut file: &File) -> io::Result<Self> {
        let (mut hasher, mut length, mut buffer) = (crc32fast::Hasher::new(), 0, vec![0; 1 << 18]);
        file.rewind()?;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(Self { length, crc: hasher.finalize() });
            }
            hasher.update(&buffer[..read]);
            length += read as u64;
        }
    }
}

impl Head {
    fn to_bytes(self) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.format.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.turn.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.last.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.crc.to_le_bytes());
        // A length of 0 is that of no file that was in use.
        let left = self.left.unwrap_or(Left { length: 0, crc: u32::from(self.unsynced) });
        bytes[32..40].copy_from_slice(&left.length.to_le_bytes());
        bytes[40..44].copy_from_slice(&left.crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..44]);
        bytes[44..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; SLOT]) -> Option<Self> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        let whole = bytes[..8] == MAGIC && word(44) == crc32fast::hash(&bytes[..44]);
        // It is counted on, and nothing was ever written so often.
        let whole = whole && long(12) < 1 << 63;
        let left = (long(32) > 0).then(|| Left { length: long(32), crc: word(40) });
        let unsynced = left.is_none() && word(40) == 1;
        whole.then(|| Self { format: word(8), turn: long(12), last: long(20), crc: word(28), left, unsynced })
    }

    /// Notes that the journal has come to a chunk.
    pub(crate) fn advance(
        &mut self,
        last: u64,
        crc: u32,
        put: impl FnOnce(Slot) -> io::Result<()>,
    ) -> io::Result<()> {
        self.write(Self { last, crc, left: None, unsynced: false, ..*self }, put)
    }

    /// Notes that a sync has failed.
    pub(crate) fn doubt(&mut self, put: impl FnOnce(Slot) -> io::Result<()>) -> io::Result<()> {
        self.write(Self { left: None, unsynced: true, ..*self }, put)
    }

    /// Notes that the store was closed, and how the file of sled was left.
    pub(crate) fn leave(&mut self, left: Left, put: impl FnOnce(Slot) -> io::Result<()>) -> io::Result<()> {
        self.write(Self { left: Some(left), ..*self }, put)
    }

    fn write(&mut self, next: Self, put: impl FnOnce(Slot) -> io::Result<()>) -> io::Result<()> {
        let next = Self { format: u32::from(FORMAT), turn: self.turn + 1, ..next };
        put(Slot { number: next.turn % 2, bytes: next.to_bytes() })?;
        *self = next;
        Ok(())
    }

    /// Reads the newest head that is whole.
    pub(crate) fn read(file: &File) -> io::Result<Option<Self>> {
        Ok(Self::newest([Slot::read(0, file)?, Slot::read(1, file)?].into_iter().flatten()))
    }

    /// Returns the newest of those that are whole.
    pub(crate) fn newest(slots: impl Iterator<Item = Slot>) -> Option<Self> {
        slots.filter_map(|slot| Self::from_bytes(&slot.bytes)).max_by_key(|head| head.turn)
    }
}

#[cfg(test)]
mod fuzz;
