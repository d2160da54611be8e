//! The side file `head`: what the journal reached, so that a journal that lost its end is noticed.
//!
//! It is written after each sync and not synced itself. So it is never ahead of what is durable, exact when the
//! process is killed, and at worst behind after a power cut. Two slots in turn: a torn write spoils one of them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::chunk::FORMAT;

/// The name of the file.
pub(crate) const NAME: &str = "head";

const MAGIC: [u8; 8] = *b"boltjobs";
const SLOT: usize = 36;
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
}

impl Head {
    fn to_bytes(self) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.format.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.turn.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.last.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..32]);
        bytes[32..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; SLOT]) -> Option<Self> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        let whole = bytes[..8] == MAGIC && word(32) == crc32fast::hash(&bytes[..32]);
        whole.then(|| Self { format: word(8), turn: long(12), last: long(20), crc: word(28) })
    }

    /// Writes the head of the next turn.
    pub(crate) fn advance(&mut self, mut file: &File, last: u64, crc: u32) -> io::Result<()> {
        let next = Self { format: u32::from(FORMAT), turn: self.turn + 1, last, crc };
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
