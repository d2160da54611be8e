use boltjobs_fuzz::{cases, numbers, reads_well, texts};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::duration::fuzz::written as span;

fn written() -> impl Strategy<Value = String> {
    let span = prop_oneof![3 => "[1-9]{0,3}(ms|s|m|h|d|w)", 1 => span()];
    // The burst is often just within its bounds, or just beyond.
    let count = (1..4_u32, 0..5_u32).prop_map(|(count, burst)| (count.to_string(), Some(burst.to_string())));
    let counts = prop_oneof![count, (numbers(), option::of(numbers()))];
    (counts, span).prop_map(|((count, burst), span)| {
        let burst = burst.map(|burst| format!(", burst = {burst}")).unwrap_or_default();
        format!("{count}/{span}{burst}")
    })
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn a_rate_that_is_read_is_written_back_and_lets_something_start(text in texts(written())) {
        match Rate::parse(&text) {
            Ok(rate) => {
                prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
                let windows: Vec<_> = rate.windows().collect();
                let year = Duration::from_hours(365 * 24);
                prop_assert!(windows.iter().all(|window| window.at_most > 0), "{}", text);
                prop_assert!(windows.iter().all(|window| !window.per.is_zero() && window.per <= year), "{}", text);
                let shorter = |a: &Window, b: &Window| a.at_most < b.at_most && a.per <= b.per;
                prop_assert!(windows.len() <= 2 && windows.is_sorted_by(shorter), "{}: {:?}", text, windows);
            }
            Err(error) => reads_well(&error.to_string(), &text)?,
        }
    }
}
