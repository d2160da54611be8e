use boltjobs_fuzz::{cases, numbers, reads_well, texts};
use proptest::option;
use proptest::prelude::*;

use super::*;

pub(crate) fn written() -> impl Strategy<Value = String> {
    let part = || option::weighted(0.4, numbers());
    (part(), part(), part(), part(), part(), part()).prop_map(|(w, d, h, m, s, ms)| {
        let parts = [w, d, h, m, s, ms].into_iter().zip(UNITS);
        parts.filter_map(|(number, (unit, _))| Some(format!("{}{unit}", number?))).collect()
    })
}

/// The milliseconds of a text that follows the rules, by a way of its own: from the back, one unit at a time.
fn millis(text: &str) -> Option<u128> {
    let (mut rest, mut sum) = (text, 0_u128);
    for (unit, millis) in UNITS.iter().rev() {
        let Some(before) =
            rest.strip_suffix(unit).filter(|before| before.ends_with(|c: char| c.is_ascii_digit()))
        else {
            continue;
        };
        let digits = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let number = before[before.len() - digits..].trim_start_matches('0');
        let number: u128 = if number.is_empty() { 0 } else { number.parse().ok()? };
        sum = sum.checked_add(number.checked_mul(u128::from(*millis))?)?;
        rest = &before[..before.len() - digits];
    }
    let longest = Duration::MAX.as_millis();
    (rest.is_empty() && !text.is_empty() && sum <= longest).then_some(sum)
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn a_text_is_a_duration_exactly_if_it_follows_the_rules(text in texts(written())) {
        match parse(&text) {
            Ok(duration) => {
                prop_assert_eq!(Some(duration.as_millis()), millis(&text), "{}", text);
                prop_assert_eq!(parse(&format(duration)), Ok(duration));
            }
            Err(error) => {
                prop_assert_eq!(millis(&text), None, "{} is refused: {}", text, error);
                reads_well(&error.to_string(), &text)?;
            }
        }
    }
}
