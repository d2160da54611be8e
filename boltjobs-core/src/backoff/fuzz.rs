use boltjobs_fuzz::{cases, numbers, reads_well, texts};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::duration::fuzz::written as span;

fn written() -> impl Strategy<Value = String> {
    let short = || prop_oneof![3 => "[1-9][0-9]{0,3}(ms|s|m|h|d|w)", 1 => span()];
    let jitter = prop_oneof!["0(\\.[0-9]{1,20})?", "1(\\.0{1,9})?", "[0-9.eE+-]{1,9}", numbers()];
    let exponential = (short(), option::of(short()), option::of(jitter)).prop_map(|(base, max, jitter)| {
        let max = max.map(|max| format!(", max = {max}")).unwrap_or_default();
        let jitter = jitter.map(|jitter| format!(",jitter={jitter}")).unwrap_or_default();
        format!("exponential({base}{max}{jitter})")
    });
    prop_oneof![
        1 => Just("polynomial".to_owned()),
        2 => short().prop_map(|delay| format!("fixed({delay})")),
        2 => vec(short(), 0..6).prop_map(|delays| format!("list({})", delays.join(" , "))),
        4 => exponential,
    ]
}

/// The most that retry `retry` may wait, as documented.
fn most(backoff: &Backoff, retry: u32) -> Duration {
    let most = match backoff {
        Backoff::Polynomial => {
            let retry = u128::from(retry.max(1));
            let seconds = (retry - 1).saturating_pow(4) + 15 + 29 * retry;
            Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))
        }
        Backoff::Fixed(delay) => *delay,
        Backoff::List(delays) => delays.iter().max().copied().unwrap_or_default(),
        Backoff::Exponential { max, .. } => max.unwrap_or(Duration::MAX).saturating_mul(2),
    };
    most.min(Duration::from_hours(365 * 24))
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn a_backoff_that_is_read_is_written_back_and_no_delay_leaves_its_bounds(
        text in texts(written()),
        retries: [u32; 4],
        chance: u64,
    ) {
        match Backoff::parse(&text) {
            Ok(backoff) => {
                let again = Backoff::parse(&backoff.to_string());
                prop_assert_eq!(again.as_ref(), Ok(&backoff));
                for retry in retries.into_iter().chain(0..9).chain([63, 64, 65, u32::MAX]) {
                    let (least, delay) = (backoff.delay(retry, 0), backoff.delay(retry, chance));
                    prop_assert!(least <= delay && delay <= most(&backoff, retry), "{} at {}: {:?}", text, retry, delay);
                    let grows = !matches!(backoff, Backoff::List(_));
                    prop_assert!(!grows || least <= backoff.delay(retry.saturating_add(1), 0), "{} at {}", text, retry);
                }
            }
            Err(error) => reads_well(&error.to_string(), &text)?,
        }
    }
}
