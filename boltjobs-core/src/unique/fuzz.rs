use boltjobs_fuzz::{cases, reads_well, texts};
use proptest::prelude::*;
use proptest::{option, sample};

use super::*;

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn exactly_the_keys_that_can_be_kept_and_held_are_accepted(
        key in texts(prop_oneof!["[a-z:0-9]{0,40}", "[a-z]{500}[a-zø]{6,14}"].boxed()),
        states in option::of(sample::subsequence(JobState::ALL.to_vec(), 0..3)),
        within in option::of(0..3_u64),
    ) {
        let legal = (1..=KEY_BYTES).contains(&key.len())
            && within != Some(0)
            && (within.is_some() || states.as_ref().is_none_or(|states| !states.is_empty()));
        let within = within.map(Duration::from_nanos);
        let unique = Unique { states, within, ..Unique::key(key.as_str()) };
        match unique.validate() {
            Ok(()) => prop_assert!(legal, "{:?}", unique),
            Err(error) => {
                prop_assert!(!legal, "{:?} is refused: {}", unique, error);
                let named = if key.len() > KEY_BYTES { "" } else { &key };
                reads_well(&error.to_string(), named)?;
            }
        }
    }
}
