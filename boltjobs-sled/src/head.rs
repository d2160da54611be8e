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
}

/// A file as it was left: length and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Left {
    length: u64,
    crc: u32,
}

impl Left {
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
        let left = self.left.unwrap_or_default();
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
        let left = (long(32) > 0).then(|| Left { length: long(32), crc: word(40) });
        whole.then(|| Self { format: word(8), turn: long(12), last: long(20), crc: word(28), left })
    }

    /// Notes that the journal has come to a chunk.
    pub(crate) fn advance(&mut self, file: &File, last: u64, crc: u32) -> io::Result<()> {
        self.write(file, Self { last, crc, left: None, ..*self })
    }

    /// Notes that the store was closed, and how the file of sled was left.
    pub(crate) fn leave(&mut self, file: &File, left: Left) -> io::Result<()> {
        self.write(file, Self { left: Some(left), ..*self })?;
        file.sync_all()
    }

    fn write(&mut self, mut file: &File, next: Self) -> io::Result<()> {
        let next = Self { format: u32::from(FORMAT), turn: self.turn + 1, ..next };
        file.seek(SeekFrom::Start(next.turn % 2 * STRIDE))?;
        file.write_all(&next.to_bytes())?;
        *self = next;
        Ok(())
    }

    /// Reads the newest head that is whole.
    pub(crate) fn read(mut file: &File) -> io::Result<Option<Self>> {
        let mut newest: Option<Self> = None;
        for slot in 0..2 {
            let mut bytes = [0; SLOT];
            file.seek(SeekFrom::Start(slot * STRIDE))?;
            match file.read_exact(&mut bytes) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                Err(error) => return Err(error),
            }
            let head = Self::from_bytes(&bytes);
            newest = newest.into_iter().chain(head).max_by_key(|head| head.turn);
        }
        Ok(newest)
    }
}

#[cfg(test)]
mod fuzz;
