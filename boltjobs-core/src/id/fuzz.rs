use boltjobs_fuzz::{cases, reads_well, texts};
use proptest::prelude::*;

use super::*;

fn written() -> impl Strategy<Value = String> {
    let id = any::<u128>().prop_map(|number| JobId::from_u128(number).to_string());
    (id, 0..5_u8).prop_map(|(id, form)| match form {
        0 => id.to_uppercase(),
        1 => id.replace('-', ""),
        2 => format!("{{{id}}}"),
        _ => id,
    })
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn an_id_that_is_read_is_written_back(text in texts(written())) {
        match text.parse::<JobId>() {
            Ok(id) => {
                prop_assert_eq!(id.to_string().parse(), Ok(id));
                let json = serde_json::to_string(&id).unwrap();
                prop_assert_eq!(serde_json::from_str::<JobId>(&json).unwrap(), id);
                let digits = format!("{:032x}", id.as_u128());
                prop_assert!(text.to_lowercase().replace('-', "").contains(&digits));
            }
            Err(error) => reads_well(&error.to_string(), &text)?,
        }
    }

    #[test]
    fn an_id_keeps_its_millisecond_and_its_version(micros: i64, random: u128) {
        let at = Timestamp::from_micros(micros);
        let id = JobId::from_parts(at, random);
        let uuid: Uuid = id.to_string().parse().unwrap();
        prop_assert_eq!((uuid.get_version_num(), uuid.get_variant()), (7, uuid::Variant::RFC4122));
        prop_assert_eq!(id.as_u128() >> 80, u128::from(at.as_millis()) & 0xFFFF_FFFF_FFFF);
    }
}
