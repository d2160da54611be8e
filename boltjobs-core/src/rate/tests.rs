use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::Timestamp;

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + micros)
}

const SECOND: i64 = 1_000_000;

fn started(rate: &Rate, instants: impl IntoIterator<Item = i64>) -> RateLog {
    let mut log = RateLog::default();
    instants.into_iter().for_each(|instant| log.record(rate, at(instant)));
    log
}

#[test]
fn a_rate_is_read_and_written_back() {
    for (text, written) in [
        ("100/1m", "100/1m"),
        ("5/s", "5/1s"),
        (" 1 / h ", "1/1h"),
        ("3/90s", "3/1m30s"),
        ("100/1m, burst = 10", "100/1m, burst = 10"),
        ("100/m,burst=100", "100/1m, burst = 100"),
        ("4294967295/365d", "4294967295/52w1d"),
    ] {
        assert_eq!(rate(text).to_string(), written);
        assert_eq!(rate(written), rate(text));
    }
}

#[test]
fn a_rate_is_one_window_or_two() {
    let windows = |text| rate(text).windows().map(|it| (it.at_most, it.per.as_micros())).collect::<Vec<_>>();
    assert_eq!(windows("100/1m"), [(100, 60_000_000)]);
    assert_eq!(windows("100/1m, burst = 10"), [(10, 6_000_000), (100, 60_000_000)]);
    assert_eq!(windows("100/1m, burst = 100"), [(100, 60_000_000)]);
    assert_eq!(windows("3/1s, burst = 1"), [(1, 333_334), (3, 1_000_000)], "rounded up, so never more");
}

#[test]
fn a_rate_that_makes_no_sense_says_how_to_mend_it() {
    let forms = "write `100/1m`, `5/s` or `100/1m, burst = 10`";
    let form =
        |text| format!("invalid rate `{text}`, it is a number and a span with a slash between them; {forms}");
    for (text, fault) in [
        ("", form("")),
        ("100", form("100")),
        ("/1m", form("/1m")),
        ("100/", form("100/")),
        ("0/1m", "rate `0/1m` lets nothing start; write a count of 1 or more, or pause the queue".to_owned()),
        ("5/0s", "span out of range in rate `5/0s`; write 1ms to 365d".to_owned()),
        ("5/366d", "span out of range in rate `5/366d`; write 1ms to 365d".to_owned()),
        (
            "5/1m, burst = 0",
            "a burst of 0 makes no sense in rate `5/1m, burst = 0`; write 1 to 5, or leave it out".to_owned(),
        ),
        (
            "5/1m, burst = 6",
            "a burst of 6 makes no sense in rate `5/1m, burst = 6`; write 1 to 5, or leave it out".to_owned(),
        ),
        (
            "4294967296/s",
            format!(
                "invalid number `4294967296` in rate `4294967296/s`, it is whole and from 1 to 4294967295; {forms}"
            ),
        ),
        (
            "+5/s",
            format!("invalid number `+5` in rate `+5/s`, it is whole and from 1 to 4294967295; {forms}"),
        ),
        (
            "5/minute",
            format!(
                "rate `5/minute`: unknown unit `minute` in duration `1minute`; \
                 write ms, s, m, h, d or w, as in `90s` or `1h30m`; {forms}"
            ),
        ),
        (
            "5/s, brust = 1",
            format!("unknown option `brust = 1` in rate `5/s, brust = 1`, it takes `burst`, once; {forms}"),
        ),
        (
            "5/s, burst = 1, burst = 2",
            format!(
                "unknown option `burst = 1, burst = 2` in rate `5/s, burst = 1, burst = 2`, it takes `burst`, once; {forms}"
            ),
        ),
    ] {
        assert_eq!(Rate::parse(text).unwrap_err().to_string(), fault);
    }
}

#[test]
fn a_start_leaves_when_the_whole_span_has_passed() {
    let two = rate("2/1s");
    let log = started(&two, [0, 300_000]);
    assert_eq!(log.free_at(&two, at(300_000)), Some(at(SECOND)));
    assert_eq!(log.free_at(&two, at(SECOND - 1)), Some(at(SECOND)));
    assert_eq!(log.free_at(&two, at(SECOND)), None);
    assert!(!log.is_over(at(300_000 + SECOND - 1)));
    assert!(log.is_over(at(300_000 + SECOND)));
    assert!(RateLog::default().is_over(at(0)));
}

#[test]
fn a_burst_spreads_what_the_whole_window_would_allow() {
    let spread = rate("6/6s, burst = 2");
    let log = started(&spread, [0, 0]);
    assert_eq!(log.free_at(&spread, at(0)), Some(at(2 * SECOND)));
    let log = started(&spread, [0, 0, 2 * SECOND, 2 * SECOND, 4 * SECOND, 4 * SECOND]);
    assert_eq!(log.free_at(&spread, at(5 * SECOND)), Some(at(6 * SECOND)));
}

#[test]
fn many_starts_take_little_room() {
    let many = rate("1000000/1m");
    let mut log = RateLog::default();
    for start in 0..200_000 {
        log.record(&many, at(start * 1_000));
        assert!(log.most_slots() <= 65, "{}", log.most_slots());
    }
    assert!(log.most_slots() > 60);
}

#[test]
fn starts_that_were_not_allowed_are_kept_only_as_far_as_they_count() {
    let one = rate("1/1s");
    let log = started(&one, 0..1_000);
    assert_eq!(log.most_slots(), 1);
    assert_eq!(log.free_at(&one, at(1_000)), Some(at(999 + SECOND)));
}

#[test]
fn a_small_step_back_of_the_clock_holds_jobs_up_for_no_longer_than_the_step() {
    let two = rate("2/10s");
    let log = started(&two, [0, 0]);
    assert_eq!(log.free_at(&two, at(-3 * SECOND)), Some(at(10 * SECOND)));
}

#[test]
fn a_large_step_back_of_the_clock_lets_one_job_through_and_then_blocks_for_one_span() {
    let two = rate("2/10s");
    let mut log = started(&two, [0, 0]);
    let long_ago = -3_600 * SECOND;
    assert_eq!(log.free_at(&two, at(long_ago)), None);
    assert!(!log.is_over(at(long_ago)), "or the log would be dropped, and two more let through");
    log.record(&two, at(long_ago));
    assert_eq!(log.free_at(&two, at(long_ago)), Some(at(long_ago + 10 * SECOND)));
    assert_eq!(log.free_at(&two, at(long_ago + 10 * SECOND)), None);
}

#[test]
fn a_changed_count_goes_on_with_what_was_started() {
    let log = started(&rate("3/10s"), [0, SECOND, 2 * SECOND]);
    assert_eq!(log.free_at(&rate("4/10s"), at(2 * SECOND)), None);
    assert_eq!(log.free_at(&rate("1/10s"), at(2 * SECOND)), Some(at(12 * SECOND)));
}

#[test]
fn a_changed_span_goes_on_with_what_is_known() {
    let log = started(&rate("3/10s"), [0, SECOND, 2 * SECOND]);
    assert_eq!(log.free_at(&rate("2/5s"), at(4 * SECOND)), Some(at(6 * SECOND)), "a longer one knew all");
    let mut log = started(&rate("2/5s"), [0, 10 * SECOND]);
    assert_eq!(
        log.free_at(&rate("1/1m"), at(11 * SECOND)),
        Some(at(70 * SECOND)),
        "a shorter one knew the rest"
    );
    log.record(&rate("2/1m"), at(11 * SECOND));
    assert_eq!(log.free_at(&rate("2/1m"), at(16 * SECOND)), Some(at(70 * SECOND)));
    assert!(!log.is_over(at(70 * SECOND)));
}

/// Every start, and what follows from all of them.
#[derive(Default)]
struct Naive(Vec<Timestamp>);

impl Naive {
    fn within(&self, window: Window, now: Timestamp) -> usize {
        self.0.iter().filter(|start| start.plus(window.per) > now).count()
    }

    /// Returns the first instant from `now` on at which one more may start.
    fn free_at(&self, rate: &Rate, now: Timestamp) -> Timestamp {
        let free = |at: Timestamp| rate.windows().all(|it| self.within(it, at) < it.at_most as usize);
        let leaving = rate.windows().flat_map(|it| self.0.iter().map(move |start| start.plus(it.per)));
        let mut candidates: Vec<_> = leaving.filter(|at| *at > now).chain([now]).collect();
        candidates.sort_unstable();
        candidates.into_iter().find(|at| free(*at)).expect("all have left in the end")
    }
}

fn rates() -> impl Strategy<Value = Rate> {
    let spans = prop_oneof![1_u64..100, 100_u64..100_000];
    (prop_oneof![1_u32..6, 60_u32..70, 100_u32..300], spans, any::<u32>(), any::<bool>()).prop_map(
        |(count, millis, burst, bursting)| Rate {
            count,
            per: Duration::from_millis(millis),
            burst: bursting.then_some(burst % count + 1),
        },
    )
}

proptest! {
    #[test]
    fn never_more_than_a_rate_allows_and_never_much_later(
        rate in rates(),
        steps in prop::collection::vec((prop_oneof![Just(0), 1_u32..60, 1_u32..1_000], 1_usize..40), 1..60),
    ) {
        let (mut log, mut naive, mut now) = (RateLog::default(), Naive::default(), at(0));
        let longest = rate.windows().map(|window| window.per).max().unwrap();
        let exact = rate.windows().all(|window| window.at_most <= 64);
        let late = if exact { Duration::ZERO } else { longest / 64 };
        let mut ask_again = now;
        for (step, wanted) in steps {
            // To where something was to become free, or on by up to a quarter of the span.
            now = if step == 0 { now.max(ask_again) } else { now.plus(longest * step / 4_000) };
            for _ in 0..wanted {
                let due = naive.free_at(&rate, now);
                match log.free_at(&rate, now) {
                    None => {
                        prop_assert_eq!(due, now, "more than the rate allows");
                        log.record(&rate, now);
                        naive.0.push(now);
                    }
                    Some(at) => {
                        prop_assert!(at > now && (due..=due.plus(late)).contains(&at), "{} is not {}", at, due);
                        ask_again = at;
                        break;
                    }
                }
            }
            prop_assert!(log.most_slots() <= 65);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_lets_one_more_through_each_time_and_blocks_for_two_spans_at_most(
        rate in rates(),
        steps in prop::collection::vec((0_u32..1_000, prop::option::weighted(0.1, 1_i64..4_000)), 1..200),
    ) {
        let longest = rate.windows().map(|window| window.per).max().unwrap();
        let span = i64::try_from(longest.as_micros()).unwrap();
        let (mut log, mut naive) = (RateLog::default(), Naive::default());
        // `real` is time as it passes, `offset` how far the clock on the wall is behind.
        let (mut real, mut offset, mut blocked) = (at(0), 0, None);
        let mut set: Vec<Timestamp> = Vec::new();
        for (step, jump) in steps {
            real = real.plus(longest * step / 4_000);
            if let Some(jump) = jump {
                offset -= jump * span / 1_000;
                set.push(real);
                blocked = None;
            }
            let now = Timestamp::from_micros(real.as_micros() + offset);
            if log.free_at(&rate, now).is_some() {
                let since = *blocked.get_or_insert(real);
                prop_assert!(real.since(since) <= longest * 2 + longest / 64, "blocked since {since}");
                continue;
            }
            blocked = None;
            log.record(&rate, now);
            naive.0.push(real);
            for window in rate.windows() {
                let set = set.iter().filter(|set| set.plus(window.per) > real).count();
                prop_assert!(naive.within(window, real) <= window.at_most as usize + set);
            }
        }
    }

    #[test]
    fn a_written_rate_is_read_back(rate in rates()) {
        prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
    }

    #[test]
    fn no_text_panics(text in "[0-9/smhd, =burst]{0,24}") {
        let _ = Rate::parse(&text);
    }
}
