use proptest::prelude::*;

use super::*;

const YEAR: Duration = Duration::from_hours(8760);

fn seconds(seconds: &[u64]) -> Vec<Duration> {
    seconds.iter().copied().map(Duration::from_secs).collect()
}

fn fault(text: &str) -> String {
    Backoff::parse(text).unwrap_err().to_string()
}

#[test]
fn every_form_is_read() {
    let exponential =
        |base, max, jitter| Backoff::Exponential { base: Duration::from_secs(base), max, jitter };
    let max = Some(Duration::from_mins(10));
    let cases = [
        ("polynomial", Backoff::Polynomial),
        ("fixed(30s)", Backoff::Fixed(Duration::from_secs(30))),
        ("list(1s, 10s, 1m)", Backoff::List(seconds(&[1, 10, 60]))),
        ("list(0s)", Backoff::List(seconds(&[0]))),
        ("exponential(2s)", exponential(2, None, 0.0)),
        ("exponential(2s, max = 10m)", exponential(2, max, 0.0)),
        ("exponential(2s,jitter=0.2,max=10m)", exponential(2, max, 0.2)),
        (" exponential ( 2s , jitter = 1 ) ", exponential(2, None, 1.0)),
    ];
    for (text, backoff) in cases {
        assert_eq!(Backoff::parse(text), Ok(backoff), "{text}");
    }
    assert_eq!(Backoff::default(), Backoff::Polynomial);
}

#[test]
fn every_fault_lists_the_legal_forms() {
    let forms = "; write `polynomial`, `fixed(30s)`, `list(1s, 10s, 1m)` or `exponential(2s, max = 10m, jitter = 0.2)`";
    let cases = [
        ("", "unknown backoff ``"),
        ("linear(2s)", "unknown backoff `linear(2s)`"),
        ("fixed(2s", "unknown backoff `fixed(2s`"),
        ("fixed()", "backoff `fixed()` takes one delay"),
        ("fixed(1s, 2s)", "backoff `fixed(1s, 2s)` takes one delay"),
        ("list()", "backoff `list()` takes at least one delay"),
        ("exponential()", "backoff `exponential()` takes a first delay before its options"),
        ("exponential(max = 1s)", "backoff `exponential(max = 1s)` takes a first delay before its options"),
        (
            "list(1s,)",
            "backoff `list(1s,)`: empty duration; write a number and a unit, as in `90s` or `1h30m`",
        ),
        (
            "exponential(2s, cap = 1m)",
            "unknown option `cap = 1m` in backoff `exponential(2s, cap = 1m)`, it takes `max` and `jitter`",
        ),
        (
            "exponential(2s, max = 1m, max = 2m)",
            "option `max` comes twice in backoff `exponential(2s, max = 1m, max = 2m)`",
        ),
        (
            "exponential(2s, jitter = 1.1)",
            "invalid jitter `1.1` in backoff `exponential(2s, jitter = 1.1)`, it is from 0 to 1",
        ),
        (
            "exponential(2s, jitter = NaN)",
            "invalid jitter `NaN` in backoff `exponential(2s, jitter = NaN)`, it is from 0 to 1",
        ),
        (
            "exponential(2s, max = 1s)",
            "in backoff `exponential(2s, max = 1s)` the max is below the first delay",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(fault(text), format!("{message}{forms}"));
    }
}

#[test]
fn the_polynomial_is_the_documented_formula() {
    let delay = |retry, chance| Backoff::Polynomial.delay(retry, chance).as_secs();
    for (retry, least, most) in [(1, 15, 44), (2, 16, 74), (3, 31, 118), (10, 6_576, 6_866)] {
        assert_eq!((delay(retry, 0), delay(retry, 29)), (least, most), "{retry}");
        assert_eq!(delay(retry, 30), least);
    }
}

#[test]
fn the_last_of_a_list_repeats() {
    let backoff = Backoff::List(seconds(&[1, 10, 60]));
    let delays: Vec<_> = (1..=5).map(|retry| backoff.delay(retry, u64::MAX)).collect();
    assert_eq!(delays, seconds(&[1, 10, 60, 60, 60]));
    assert_eq!(Backoff::List(Vec::new()).delay(1, 0), Duration::ZERO);
}

#[test]
fn an_exponential_doubles_up_to_its_max_and_jitter_comes_on_top() {
    let backoff = Backoff::parse("exponential(2s, max = 10s, jitter = 0.5)").unwrap();
    let delays = |chance| (1..=4).map(|retry| backoff.delay(retry, chance)).collect::<Vec<_>>();
    assert_eq!(delays(0), seconds(&[2, 4, 8, 10]));
    assert_eq!(delays(u64::MAX), seconds(&[3, 6, 12, 15]));
}

#[test]
fn a_jitter_out_of_range_counts_as_the_nearer_end() {
    let delay = |jitter| {
        Backoff::Exponential { base: Duration::from_secs(2), max: None, jitter }.delay(1, u64::MAX).as_secs()
    };
    assert_eq!([delay(-1.0), delay(7.0), delay(f64::INFINITY), delay(f64::NAN)], [2, 4, 4, 2]);
}

#[test]
fn no_delay_is_longer_than_a_year() {
    let endless = Backoff::Exponential { base: Duration::MAX, max: Some(Duration::MAX), jitter: 1.0 };
    let tiny = Backoff::Exponential { base: Duration::from_nanos(1), max: None, jitter: 0.0 };
    for backoff in [Backoff::Polynomial, Backoff::Fixed(Duration::MAX), endless, tiny] {
        assert_eq!(backoff.delay(u32::MAX, u64::MAX), YEAR, "{backoff}");
    }
}

#[test]
fn retry_zero_counts_as_the_first() {
    assert_eq!(Backoff::Polynomial.delay(0, 0), Backoff::Polynomial.delay(1, 0));
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn backoffs() -> impl Strategy<Value = Backoff> {
    let exponential = (millis(0..100_000), proptest::option::of(millis(100_000..u64::MAX)), 0.0..=1.0);
    prop_oneof![
        Just(Backoff::Polynomial),
        millis(0..u64::MAX).prop_map(Backoff::Fixed),
        proptest::collection::vec(millis(0..u64::MAX), 1..5).prop_map(Backoff::List),
        exponential.prop_map(|(base, max, jitter)| Backoff::Exponential { base, max, jitter }),
    ]
}

proptest! {
    #[test]
    fn a_displayed_backoff_parses_back(backoff in backoffs()) {
        prop_assert_eq!(Backoff::parse(&backoff.to_string()), Ok(backoff));
    }

    #[test]
    fn jitter_only_adds(backoff in backoffs(), retry: u32, chance: u64) {
        prop_assert!(backoff.delay(retry, chance) >= backoff.delay(retry, 0));
    }

    #[test]
    fn no_text_panics(text in "(polynomial|fixed|list|exponential)?[(=,) a-z0-9.é]{0,30}") {
        let _ = Backoff::parse(&text);
    }
}
