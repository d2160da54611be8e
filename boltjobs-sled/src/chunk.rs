//! A chunk: the unit in which entries are stored. Its header ties it to its place in the journal.

/// The newest format that is written and read.
pub(crate) const FORMAT: u16 = 1;

/// The bytes of a header.
pub(crate) const HEADER: usize = 40;

/// The group ends with this chunk.
pub(crate) const LAST_OF_GROUP: u8 = 1;
/// The one entry in this chunk goes on in the next one.
pub(crate) const GOES_ON: u8 = 2;
/// This chunk goes on with the entry of the one before.
pub(crate) const CONTINUES: u8 = 4;

/// What stands in front of the entries of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) flags: u8,
    /// The number of the chunk, from 1, without gaps.
    pub(crate) seq: u64,
    /// The number of the first chunk of its group.
    pub(crate) group: u64,
    /// The number of the oldest chunk that was left when this one was written.
    pub(crate) oldest: u64,
    /// The checksum of the chunk before.
    pub(crate) previous: u32,
    /// How many entries begin in this chunk.
    pub(crate) count: u32,
}

/// Fills in the room for the header at the front, and returns the checksum of the chunk.
pub(crate) fn seal(bytes: &mut [u8], header: Header) -> u32 {
    bytes[0..2].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[2] = header.flags;
    bytes[3] = 0;
    bytes[8..16].copy_from_slice(&header.seq.to_le_bytes());
    bytes[16..24].copy_from_slice(&header.group.to_le_bytes());
    bytes[24..32].copy_from_slice(&header.oldest.to_le_bytes());
    bytes[32..36].copy_from_slice(&header.previous.to_le_bytes());
    bytes[36..40].copy_from_slice(&header.count.to_le_bytes());
    let crc = checksum(bytes);
    bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    crc
}

/// Reads a chunk: its header, its checksum, which is right, and its entries.
pub(crate) fn read(bytes: &[u8]) -> Result<(Header, u32, &[u8]), Fault> {
    let Some((head, body)) = bytes.split_first_chunk::<HEADER>() else { return Err(Fault::Damaged) };
    let crc = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    if crc != checksum(bytes) {
        return Err(Fault::Damaged);
    }
    let format = u16::from_le_bytes([head[0], head[1]]);
    if format > FORMAT {
        return Err(Fault::Newer(format));
    }
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    let header = Header {
        flags: head[2],
        seq: long(8),
        group: long(16),
        oldest: long(24),
        previous: word(32),
        count: word(36),
    };
    Ok((header, crc, body))
}

/// Why a chunk can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not what was written.
    Damaged,
    /// It has a format that is not known yet.
    Newer(u16),
}

/// Sums up everything but the four bytes of the checksum itself.
fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..4]);
    hasher.update(&bytes[8..]);
    hasher.finalize()
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Header = Header {
        flags: LAST_OF_GROUP | CONTINUES,
        seq: u64::MAX - 1,
        group: 0x0102_0304_0506_0708,
        oldest: 3,
        previous: 0xDEAD_BEEF,
        count: 7,
    };

    fn sample() -> (Vec<u8>, u32) {
        let mut bytes = vec![0; HEADER];
        bytes.extend_from_slice(b"entries");
        let crc = seal(&mut bytes, SAMPLE);
        (bytes, crc)
    }

    #[test]
    fn a_chunk_is_read_back_as_it_was_written() {
        let (bytes, crc) = sample();
        assert_eq!(read(&bytes), Ok((SAMPLE, crc, b"entries".as_slice())));
    }

    #[test]
    fn any_flipped_bit_and_any_missing_byte_is_noticed() {
        let (bytes, _) = sample();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&flipped), Err(Fault::Damaged), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), Err(Fault::Damaged), "length {length}");
        }
    }

    #[test]
    fn a_newer_format_is_named_and_not_taken_for_damage() {
        let (mut bytes, _) = sample();
        bytes[0..2].copy_from_slice(&9_u16.to_le_bytes());
        let crc = checksum(&bytes);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(read(&bytes), Err(Fault::Newer(9)));
    }
}
