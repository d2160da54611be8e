//! Files that are wrong, and have the checksum of what they say.

use crate::damage::Damage;

fn forged(bytes: Vec<u8>) -> Damage {
    Damage::Replace("forged", bytes)
}

/// Writes a number into a field of both slots of a head.
pub(crate) fn heads(head: &[u8]) -> Vec<Damage> {
    let one = |at: usize, number: &[u8]| {
        let mut head = head.to_vec();
        for slot in [0, 4096] {
            head[slot + at..slot + at + number.len()].copy_from_slice(number);
            let crc = crc32fast::hash(&head[slot..slot + 44]);
            head[slot + 44..slot + 48].copy_from_slice(&crc.to_le_bytes());
        }
        forged(head)
    };
    let format = [2, 7, u32::MAX].map(|format: u32| one(8, &format.to_le_bytes()));
    let last = [u64::MAX, u64::MAX - 1, 1 << 40].map(|last: u64| one(20, &last.to_le_bytes()));
    let turn = [u64::MAX, u64::MAX - 1].map(|turn: u64| one(12, &turn.to_le_bytes()));
    let length = [1, u64::MAX].map(|length: u64| one(32, &length.to_le_bytes()));
    let crc = one(28, &[1; 4]);
    format.into_iter().chain(last).chain(turn).chain(length).chain([crc]).collect()
}

/// Changes the settings of sled.
pub(crate) fn settings(conf: &[u8]) -> Vec<Damage> {
    let text = std::str::from_utf8(&conf[..conf.len() - 4]).unwrap();
    let sizes = ["0", "1", "3", "255", "65535", "131072", "33554432", "9223372036854775808", "-1", "", "x"];
    let sizes = sizes.map(|size| text.replace("segment_size: 65536", &format!("segment_size: {size}")));
    let compressed = text.replace("false", "true");
    let version = text.replace("version: 0.34", "version: 9.9");
    let all = sizes.into_iter().chain([compressed, version, "\n".into(), "segment_size: 65536\n".into()]);
    all.map(|text| forged([text.as_bytes(), &crc32fast::hash(text.as_bytes()).to_le_bytes()].concat()))
        .collect()
}

/// Changes bytes of an index of sled.
pub(crate) fn snapshots(snapshot: &[u8]) -> Vec<Damage> {
    let length = snapshot.len() - 12;
    let one = |at: usize| {
        let mut bytes = snapshot.to_vec();
        bytes[at] = [0, 1, 127, 128, 255][at % 5];
        let crc = crc32fast::hash(&bytes[..length]);
        bytes[length + 8..].copy_from_slice(&crc.to_le_bytes());
        bytes
    };
    let step = (length / 150).max(1);
    (0..length).step_by(step).map(one).filter(|bytes| bytes != snapshot).map(forged).collect()
}
