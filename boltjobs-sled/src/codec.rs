//! Entries to bytes and back. Nothing else knows the encoding.

use bincode::config::{self, Configuration};
use boltjobs_core::engine::Entry;

/// Integers of variable length, little-endian: most numbers of an entry are small.
const CONFIG: Configuration = config::standard();

/// Appends an entry.
pub(crate) fn encode(entry: &Entry, bytes: &mut Vec<u8>) -> Result<(), String> {
    bincode::serde::encode_into_std_write(entry, bytes, CONFIG).map(drop).map_err(|error| error.to_string())
}

/// Takes one entry off the front. It says itself where it ends.
pub(crate) fn decode(bytes: &mut &[u8]) -> Result<Entry, String> {
    let (entry, length) =
        bincode::serde::decode_from_slice(bytes, CONFIG).map_err(|error| error.to_string())?;
    *bytes = bytes.get(length..).unwrap_or_default();
    Ok(entry)
}
