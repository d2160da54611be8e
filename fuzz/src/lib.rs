//! What the properties of all crates share: how long they run, and input that is nearly right.
//!
//! A property that feeds a parser stands beside the code that it is about, in a module `fuzz`. By that name
//! `scripts/test fuzz` finds it.

mod edit;
mod fault;

use proptest::collection::vec;
use proptest::prelude::*;

pub use edit::{spoilt, spoilt_bytes};
pub use fault::reads_well;

/// The most bytes of a text that is repeated.
const LONGEST: usize = 20_000;

/// Returns how long a property runs: for 256 cases, or as many as `PROPTEST_CASES` says. Of a case that costs as much as
/// some of the others, so many times fewer.
pub fn cases(cost: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.div_ceil(cost), failure_persistence: None, ..usual }
}

/// Makes texts for a parser: valid ones, ones that are nearly valid, long ones, and any text at all.
pub fn texts(valid: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    let valid = valid.boxed();
    let free = vec(any::<char>(), 0..48).prop_map(String::from_iter);
    let bytes = vec(any::<u8>(), 0..64).prop_map(|bytes| String::from_utf8_lossy(&bytes[..]).into_owned());
    prop_oneof![
        4 => valid.clone(),
        8 => spoilt(valid.clone()),
        1 => (valid, 2..1_000_usize).prop_map(|(text, times)| text.repeat(times.min(LONGEST / text.len().max(1)))),
        2 => free,
        1 => bytes,
    ]
    .boxed()
}

/// Makes numbers as they are written: small ones, those at the ends of what a machine counts, and far longer ones.
pub fn numbers() -> BoxedStrategy<String> {
    let ends = [u64::from(u16::MAX), u64::from(u32::MAX), i64::MAX.cast_unsigned(), u64::MAX];
    let near =
        (proptest::sample::select(ends.to_vec()), 0..3_u128).prop_map(|(end, past)| u128::from(end) + past);
    prop_oneof![
        6 => (0..100_u32).prop_map(|number| number.to_string()),
        2 => any::<u64>().prop_map(|number| number.to_string()),
        2 => near.prop_map(|number| number.to_string()),
        1 => any::<u128>().prop_map(|number| number.to_string()),
        1 => "0{0,30}[0-9]{1,60}",
    ]
    .boxed()
}
