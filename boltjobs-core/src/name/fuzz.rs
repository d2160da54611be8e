use boltjobs_fuzz::{cases, reads_well, texts};
use proptest::prelude::*;

use super::*;

fn written() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9_-]{0,70}", "[a-z]{1,8}([.:][A-Za-z0-9]{1,20}){0,3}", "[a-zø ]{190,210}", "\\s{0,4}"]
}

fn agrees(name: &str, verdict: Result<(), NameError>, legal: bool) -> Result<(), TestCaseError> {
    prop_assert_eq!(verdict.is_ok(), legal, "{:?}", name);
    verdict.map_or_else(|error| reads_well(&error.to_string(), name), Ok)
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn exactly_the_documented_names_are_accepted(name in texts(written())) {
        let length = name.chars().count();
        let of_queues = "abcdefghijklmnopqrstuvwxyz0123456789_-";
        let queue = (1..=64).contains(&length) && name.chars().all(|c| of_queues.contains(c));
        agrees(&name, validate_queue(&name), queue)?;
        let seen = (1..=200).contains(&length) && name.split(char::is_control).count() == 1;
        agrees(&name, validate_request(&name), seen && name.split_whitespace().collect::<String>() == name)?;
        agrees(&name, validate_recurring_id(&name), seen && name.split_whitespace().next().is_some())?;
    }
}
