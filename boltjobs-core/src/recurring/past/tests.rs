use std::collections::BTreeSet;
use std::time::Duration;

use boltjobs_fuzz::cases;
use proptest::prelude::*;

use super::super::{Misfire, RecurringJob};
use super::*;
use crate::cron::Cron;
use crate::job::JobSpec;

const HOUR: u64 = 3_600;
const YEAR: u64 = 366 * 24 * HOUR;

/// Seconds after 2024-01-01 00:00 UTC.
fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_704_067_200_000_000).plus(Duration::from_secs(seconds))
}

/// A definition that is fired as an engine does.
struct Scheduled(RecurringJob);

impl Scheduled {
    fn new(cron: &str, misfire: Misfire) -> Self {
        let definition =
            Definition::new("report", Cron::parse(cron).unwrap(), JobSpec::new("report.make", *b"{}"));
        Self(RecurringJob::new(Definition { misfire, ..definition }, at(0)))
    }

    /// Fires until nothing is due, and returns what fired.
    fn fire(&mut self, now: Timestamp) -> Vec<Timestamp> {
        let (record, mut fired) = (&mut self.0, Vec::new());
        for _ in 0..9 {
            if record.missed_until().is_some_and(|until| until > now) {
                let (back, past) = record.past.go_back(now, &record.definition);
                record.advance(back.or(record.next), past, None);
            } else if let Some((firing, past)) = record.fire(now) {
                record.advance(firing.next, past, None);
                fired.extend(firing.occurrences);
            } else {
                return fired;
            }
        }
        panic!("it fires for ever at {now}: {record:?}")
    }

    fn next(&self) -> Option<Timestamp> {
        self.0.next
    }
}

#[test]
fn a_clock_that_was_years_ahead_loses_nothing_and_repeats_nothing() {
    for cron in ["@hourly", "@every 1h"] {
        for misfire in [Misfire::FireOnce, Misfire::FireAll { at_most: 3 }, Misfire::Skip] {
            let mut it = Scheduled::new(cron, misfire);
            assert_eq!(it.fire(at(HOUR)), [at(HOUR)]);
            let wrong = 20 * YEAR + 1_800;
            let ahead = it.fire(at(wrong));
            assert!(ahead.len() <= 3 && it.next() == Some(at(20 * YEAR + HOUR)), "{ahead:?}");
            // The clock is right again, and each hour fires at its time.
            assert_eq!(it.fire(at(HOUR + 600)), [], "{misfire:?}");
            for hour in 2..50 {
                assert_eq!(it.next(), Some(at(hour * HOUR)), "{misfire:?}");
                assert_eq!(it.fire(at(hour * HOUR)), [at(hour * HOUR)], "{misfire:?}");
            }
            // Wrong once more, and right once more.
            let again = it.fire(at(wrong + 9));
            assert_eq!((again, it.next()), (vec![], Some(at(20 * YEAR + HOUR))), "{misfire:?}");
            assert_eq!(it.fire(at(50 * HOUR)), [at(50 * HOUR)], "{misfire:?}");
            // When the years have passed, it goes on behind what has fired.
            let later = it.fire(at(20 * YEAR + HOUR));
            assert_eq!(later, [at(20 * YEAR + HOUR)], "{cron} {misfire:?}");
            assert!(later.iter().all(|instant| !ahead.contains(instant)));
        }
    }
}

#[test]
fn a_clock_that_was_behind_the_calendar_does_not_end_the_schedule() {
    let mut it = Scheduled::new("@daily", Misfire::FireOnce);
    assert_eq!(it.fire(at(100 * YEAR)).len(), 1);
    assert_eq!(it.next(), None, "no cron goes beyond 2100");
    assert_eq!(it.fire(at(30 * HOUR)), []);
    assert_eq!(it.fire(at(48 * HOUR)), [at(48 * HOUR)]);
}

#[test]
fn a_clock_that_is_set_back_among_what_fired_waits_until_that_is_over() {
    let mut it = Scheduled::new("@hourly", Misfire::FireAll { at_most: 99 });
    assert_eq!(it.fire(at(3 * HOUR)).len(), 3);
    assert_eq!(it.fire(at(600)), []);
    assert_eq!(it.next(), Some(at(4 * HOUR)));
    // To pause and resume it, or to change its times, is no way around that.
    let paused = it.0.pause(true, at(600)).unwrap().pause(false, at(700)).unwrap();
    assert_eq!(paused.next, Some(at(4 * HOUR)));
    let cron = Cron::parse("30 * * * *").unwrap().into();
    let changed = it.0.with(Definition { cron, ..it.0.definition.clone() }, at(700)).unwrap();
    assert_eq!(changed.next, Some(at(3 * HOUR + 1_800)));
}

#[test]
fn the_longest_stretch_that_was_missed_is_kept() {
    let mut it = Scheduled::new("@hourly", Misfire::FireOnce);
    // An outage, a clock that is years ahead, and an outage by that clock.
    for now in [5 * HOUR, 20 * YEAR, 20 * YEAR + 5 * HOUR] {
        assert_eq!(it.fire(at(now)), [at(now)]);
    }
    assert_eq!(it.fire(at(6 * HOUR)), [at(6 * HOUR)]);
    assert_eq!(it.fire(at(3 * HOUR)), []);
    assert_eq!(it.next(), Some(at(7 * HOUR)), "the shorter one is forgotten");
}

#[test]
fn a_definition_that_is_resumed_goes_back_to_what_was_missed() {
    let mut it = Scheduled::new("@hourly", Misfire::FireOnce);
    it.fire(at(20 * YEAR));
    it.0 = it.0.pause(true, at(20 * YEAR)).unwrap();
    assert_eq!(it.0.missed_until(), None, "while it is paused nothing is to be gone back for");
    it.0 = it.0.pause(false, at(90)).unwrap();
    assert_eq!(it.next(), Some(at(HOUR)));
    // What is left of it begins with the first that was missed.
    it.0 = it.0.pause(true, at(90)).unwrap().pause(false, at(0).minus(Duration::from_hours(5))).unwrap();
    assert_eq!(it.next(), Some(at(HOUR)));
}

#[test]
fn an_outage_is_made_up_for_once() {
    let mut it = Scheduled::new("@hourly", Misfire::FireOnce);
    assert_eq!(it.fire(at(9 * HOUR + 60)), [at(9 * HOUR + 60)]);
    // A clock that is corrected by a little does not bring back an hour.
    assert_eq!(it.fire(at(9 * HOUR + 50)), []);
    assert_eq!(it.next(), Some(at(10 * HOUR)));
    assert_eq!(it.fire(at(10 * HOUR)), [at(10 * HOUR)]);
}

#[derive(Debug, Clone)]
enum Deed {
    Fire,
    Pause(bool),
    Change(usize),
}

const CRONS: [&str; 4] = ["@hourly", "*/20 * * * *", "@every 25m", "@daily"];

proptest! {
    #![proptest_config(cases(1))]

    /// Whatever the clock does, no instant fires twice, and it never gets stuck for longer than it was ahead.
    #[test]
    fn no_instant_fires_twice_whatever_the_clock_does(
        misfire in prop_oneof![
            Just(Misfire::FireOnce), Just(Misfire::Skip), (1..5_u32).prop_map(|at_most| Misfire::FireAll { at_most })
        ],
        cron in 0..CRONS.len(),
        deeds in proptest::collection::vec((
            prop_oneof![6 => 0..4_000_i64, 2 => -9_000..9_000_i64, 1 => -900_000..900_000_i64],
            prop_oneof![
                12 => Just(Deed::Fire),
                1 => any::<bool>().prop_map(Deed::Pause),
                1 => (0..CRONS.len()).prop_map(Deed::Change)
            ],
        ), 1..80),
    ) {
        let mut it = Scheduled::new(CRONS[cron], misfire);
        let (mut now, mut seen, mut latest) = (1_000_000, BTreeSet::new(), 0);
        for (clock, deed) in deeds {
            now = (now + clock).max(0);
            latest = latest.max(now);
            let instant = at(now.unsigned_abs());
            match deed {
                Deed::Fire => {
                    for fired in it.fire(instant) {
                        prop_assert!(fired <= instant, "{fired} is early at {instant}");
                        prop_assert!(seen.insert(fired), "{fired} fired twice");
                    }
                    prop_assert!(it.next().is_none_or(|next| next > instant));
                    prop_assert!(it.0.paused || it.next().is_some());
                }
                Deed::Pause(pause) => it.0 = it.0.pause(pause, instant).unwrap_or_else(|| it.0.clone()),
                Deed::Change(cron) => {
                    let cron = Cron::parse(CRONS[cron]).unwrap().into();
                    let definition = Definition { cron, ..it.0.definition.clone() };
                    it.0 = it.0.with(definition, instant).unwrap_or_else(|| it.0.clone());
                }
            }
        }
        it.0 = it.0.pause(false, at(now.unsigned_abs())).unwrap_or(it.0);
        let end = at(latest.unsigned_abs() + 25 * HOUR);
        prop_assert!(it.next().is_some_and(|next| next <= end), "{:?} after {end}", it.next());
    }
}
