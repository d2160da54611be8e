use boltjobs_fuzz::{cases, spoilt_bytes};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn sealed() -> impl Strategy<Value = (Vec<u8>, Header)> {
    let body = vec(any::<u8>(), 0..200);
    (body, any::<u8>(), any::<[u64; 3]>(), any::<[u32; 2]>()).prop_map(|(body, flags, long, word)| {
        let ([seq, group, oldest], [previous, count]) = (long, word);
        let header = Header { flags, seq, group, oldest, previous, count };
        let mut bytes = [vec![0; HEADER], body].concat();
        seal(&mut bytes, header);
        (bytes, header)
    })
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn a_sealed_chunk_is_read_back_and_a_spoilt_one_is_refused(
        ((bytes, header), spoilt) in sealed().prop_flat_map(|sealed| {
            let spoilt = spoilt_bytes(Just(sealed.0.clone()));
            (Just(sealed), spoilt)
        }),
    ) {
        let (read_header, _, body) = read(&bytes).unwrap();
        prop_assert_eq!((read_header, body), (header, &bytes[HEADER..]));
        prop_assert!(spoilt == bytes || read(&spoilt) == Err(Fault::Damaged));
    }

    #[test]
    fn no_bytes_are_taken_for_a_chunk(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(read(&bytes), Err(Fault::Damaged));
    }
}
