//! Entries to bytes and back. Nothing else knows the encoding.

use bincode::config::{self, Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use boltjobs_core::engine::Entry;

/// Integers of variable length, little-endian: most numbers of an entry are small.
const CONFIG: Configuration = config::standard();

/// Appends an entry.
pub(crate) fn encode(entry: &Entry, bytes: &mut Vec<u8>) -> Result<(), String> {
    bincode::serde::encode_into_writer(entry, Appended(bytes), CONFIG).map_err(|error| error.to_string())
}

/// Appends, which can't fail: less for each number than a stream does, which counts and may.
struct Appended<'a>(&'a mut Vec<u8>);

impl Writer for Appended<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Takes one entry off the front. It says itself where it ends.
pub(crate) fn decode(bytes: &mut &[u8]) -> Result<Entry, String> {
    // Room is made for a text before it is read, so a length that is not true must not be believed. In memory a value
    // takes at most sixteen times the bytes that it has here; a limit is a constant, hence the steps.
    let decoded = match bytes.len() {
        0..0x400 => bounded::<0x4000>(bytes),
        0x400..0x4000 => bounded::<0x4_0000>(bytes),
        0x4000..0x4_0000 => bounded::<0x40_0000>(bytes),
        0x4_0000..0x40_0000 => bounded::<0x400_0000>(bytes),
        0x40_0000..0x400_0000 => bounded::<0x4000_0000>(bytes),
        _ => bincode::serde::borrow_decode_from_slice(bytes, CONFIG),
    };
    let (entry, length) = decoded.map_err(|error| error.to_string())?;
    *bytes = bytes.get(length..).unwrap_or_default();
    Ok(entry)
}

fn bounded<const MOST: usize>(bytes: &[u8]) -> Result<(Entry, usize), DecodeError> {
    let config: Configuration<LittleEndian, Varint, Limit<MOST>> = CONFIG.with_limit();
    bincode::serde::borrow_decode_from_slice(bytes, config)
}

#[cfg(test)]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests {
    use boltjobs_core::engine::Engine;
    use boltjobs_core::job::{JobSpec, NewJob};
    use boltjobs_core::{JobId, Timestamp};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn records(spec: JobSpec) -> (Engine, Vec<Entry>) {
        let (mut engine, mut entries) = (Engine::default(), Vec::new());
        let job = NewJob { id: JobId::from_parts(NOW, 1), spec: spec.into(), start_at: None };
        engine.at(NOW, &mut entries).enqueue(vec![job]).unwrap();
        (engine, entries)
    }

    #[test]
    fn entries_are_read_back_one_after_the_other() {
        let (_, mut entries) = records(JobSpec::new("mail.send", vec![7; 100_000]));
        entries.push(Entry::Boot(7));
        let mut bytes = Vec::new();
        for entry in &entries {
            encode(entry, &mut bytes).unwrap();
        }
        let mut rest = bytes.as_slice();
        let read: Vec<_> = (0..2).map(|_| decode(&mut rest).unwrap()).collect();
        assert_eq!(read, entries);
        assert!(rest.is_empty() && decode(&mut rest).is_err());
    }

    #[test]
    fn a_length_that_cannot_be_is_an_error_and_takes_no_memory() {
        let spec = JobSpec {
            title: Some("title".to_owned()),
            tags: vec!["red".to_owned()],
            ..JobSpec::new("a", *b"{}")
        };
        let (_, entries) = records(spec);
        let mut bytes = Vec::new();
        encode(&entries[0], &mut bytes).unwrap();
        for at in 0..bytes.len() {
            for length in [1_u64 << 33, 1 << 46, 1 << 62, u64::MAX] {
                let longer = [&bytes[..at], &[253], &length.to_le_bytes(), &bytes[at + 1..]].concat();
                // Some places hold a number that may be of any size.
                if let Ok(entry) = decode(&mut longer.as_slice()) {
                    assert_ne!(entry, entries[0]);
                }
            }
        }
    }

    #[test]
    fn a_length_that_is_not_true_is_refused_before_room_is_made_for_it() {
        // A queue that is resumed, with a name of 2^62 bytes, and one of 2^40.
        for length in [1_u64 << 62, 1 << 40] {
            let bytes = [&[14, 253][..], &length.to_le_bytes(), b"mail"].concat();
            assert!(decode(&mut bytes.as_slice()).is_err());
        }
        let longest = Entry::QueueResumed("q".repeat(0x400 - 4).into());
        let mut bytes = Vec::new();
        encode(&longest, &mut bytes).unwrap();
        assert_eq!((bytes.len(), decode(&mut bytes.as_slice())), (0x400, Ok(longest)));
    }

    #[test]
    fn the_weight_of_a_job_is_about_what_it_takes() {
        let text = || "word".repeat(250);
        let plain = JobSpec::new("mail.send", vec![7; 250]);
        let rich = JobSpec {
            title: Some(text()),
            tags: vec![text(); 10],
            sensitive: vec![text(); 5],
            meta: [(text(), text())].into(),
            concurrency_key: Some(text().into()),
            ..plain.clone()
        };
        for spec in [plain, rich] {
            let (engine, entries) = records(spec);
            let mut bytes = Vec::new();
            encode(&entries[0], &mut bytes).unwrap();
            let (weight, took) = (engine.weight(), bytes.len() as u64);
            assert!(weight > took * 8 / 10 && weight < took * 14 / 10, "{weight} for {took}");
        }
    }
}
