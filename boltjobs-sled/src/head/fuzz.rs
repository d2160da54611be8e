use boltjobs_fuzz::{cases, spoilt_bytes};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

const SECTOR: usize = 4_096;

fn heads() -> impl Strategy<Value = Head> {
    let left = option::of((1..=u64::MAX, any::<u32>()).prop_map(|(length, crc)| Left { length, crc }));
    let numbers = (any::<[u32; 2]>(), 0..1_u64 << 63, any::<u64>(), any::<bool>());
    (numbers, left).prop_map(|(([format, crc], turn, last, failed), left)| Head {
        format,
        turn,
        last,
        crc,
        left,
        unsynced: failed && left.is_none(),
    })
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn the_newer_slot_that_is_whole_counts(
        (first, second) in (heads(), heads()),
        spoilt in [any::<bool>(), any::<bool>()],
        byte in 0..SLOT,
    ) {
        let mut bytes = [&first.to_bytes()[..], &[0; SECTOR - SLOT], &second.to_bytes()].concat();
        for (slot, _) in spoilt.iter().enumerate().filter(|(_, spoilt)| **spoilt) {
            bytes[slot * SECTOR + byte] ^= 0x40;
        }
        let whole = [first, second].into_iter().zip(spoilt).filter(|(_, spoilt)| !spoilt);
        let newest = whole.map(|(head, _)| head).max_by_key(|head| head.turn);
        prop_assert_eq!(Head::read(&file(&bytes)).unwrap(), newest);
    }

    #[test]
    fn any_file_is_a_head_that_was_written_or_none(
        head in heads(),
        bytes in prop_oneof![vec(any::<u8>(), 0..200), spoilt_bytes(heads().prop_map(|head| head.to_bytes().to_vec()))],
    ) {
        let read = Head::read(&file(&bytes)).unwrap();
        prop_assert!(read.is_none_or(|read| read.to_bytes() == bytes[..SLOT]));
        // What was written in the place of another one is that, however far it had come.
        let whole = file(&head.to_bytes());
        prop_assert_eq!(Head::read(&whole).unwrap(), Some(head));
    }
}
