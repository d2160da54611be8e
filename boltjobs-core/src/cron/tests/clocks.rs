//! Clocks that are changed, compared with the oracle.

use chrono::{Datelike as _, NaiveDateTime, Offset as _, TimeDelta, Timelike as _, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::oracle::{Case, compare, looks};
use super::*;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

fn at(time: NaiveDateTime, hour: u32, minute: u32) -> bool {
    (time.hour(), time.minute()) == (hour, minute)
}

fn is_workday(time: NaiveDateTime) -> bool {
    !matches!(time.weekday(), Weekday::Sat | Weekday::Sun)
}

fn is_last_of_month(time: NaiveDateTime) -> bool {
    (time + TimeDelta::days(1)).month() != time.month()
}

/// Expressions for whole years.
const YEARLY: [Case; 16] = [
    Case { text: "30 2 * * *", fixed: true, matches: |t| at(t, 2, 30) },
    Case { text: "0 0 * * *", fixed: true, matches: |t| at(t, 0, 0) },
    Case { text: "0,30 0,1,2,3 * * *", fixed: true, matches: |t| t.hour() <= 3 && t.minute() % 30 == 0 },
    Case { text: "*/30 * * * *", fixed: false, matches: |t| t.minute() % 30 == 0 },
    Case { text: "15 * * * *", fixed: false, matches: |t| t.minute() == 15 },
    Case {
        text: "*/20 1-3 * * *",
        fixed: false,
        matches: |t| (1..=3).contains(&t.hour()) && t.minute() % 20 == 0,
    },
    Case { text: "40 1/2 * * *", fixed: false, matches: |t| t.hour() % 2 == 1 && t.minute() == 40 },
    Case { text: "0 0 1 * *", fixed: true, matches: |t| at(t, 0, 0) && t.day() == 1 },
    Case { text: "30 2 * * 0", fixed: true, matches: |t| at(t, 2, 30) && t.weekday() == Weekday::Sun },
    Case {
        text: "0 9 13 * FRI",
        fixed: true,
        matches: |t| at(t, 9, 0) && (t.day() == 13 || t.weekday() == Weekday::Fri),
    },
    Case { text: "0 0 L * *", fixed: true, matches: |t| at(t, 0, 0) && is_last_of_month(t) },
    Case {
        text: "0 2 15W * *",
        fixed: true,
        matches: |t| {
            let instead_of_weekend =
                matches!((t.day(), t.weekday()), (14, Weekday::Fri) | (16, Weekday::Mon));
            at(t, 2, 0) && (instead_of_weekend || (t.day() == 15 && is_workday(t)))
        },
    },
    Case {
        text: "45 1 * * FRI#2",
        fixed: true,
        matches: |t| at(t, 1, 45) && t.weekday() == Weekday::Fri && (8..=14).contains(&t.day()),
    },
    Case {
        text: "30 1 * * 7L",
        fixed: true,
        matches: |t| {
            at(t, 1, 30) && t.weekday() == Weekday::Sun && (t + TimeDelta::days(7)).month() != t.month()
        },
    },
    Case {
        text: "10 2 */2 * 1",
        fixed: true,
        matches: |t| at(t, 2, 10) && t.day() % 2 == 1 && t.weekday() == Weekday::Mon,
    },
    Case {
        text: "0 22-2 * 1-3,OCT MON-FRI",
        fixed: false,
        matches: |t| {
            t.minute() == 0
                && (t.hour() >= 22 || t.hour() <= 2)
                && matches!(t.month(), 1..=3 | 10)
                && is_workday(t)
        },
    },
];

/// Expressions for the hours around a change.
const NIGHTLY: [Case; 9] = [
    Case { text: "*/12 * * * *", fixed: false, matches: |t| t.minute() % 12 == 0 },
    Case { text: "7/20 * * * *", fixed: false, matches: |t| t.minute() % 20 == 7 },
    Case { text: "50 0-2 * * *", fixed: false, matches: |t| t.hour() <= 2 && t.minute() == 50 },
    Case { text: "5 * 1,8,15,22,29 * *", fixed: false, matches: |t| t.minute() == 5 && t.day() % 7 == 1 },
    Case { text: "0 0 * * *", fixed: true, matches: |t| at(t, 0, 0) },
    Case { text: "15 2 * * *", fixed: true, matches: |t| at(t, 2, 15) },
    Case {
        text: "10,50 0,1,2,3 * * *",
        fixed: true,
        matches: |t| t.hour() <= 3 && matches!(t.minute(), 10 | 50),
    },
    Case { text: "30 23 L * *", fixed: true, matches: |t| at(t, 23, 30) && is_last_of_month(t) },
    Case { text: "45 1 * * 0", fixed: true, matches: |t| at(t, 1, 45) && t.weekday() == Weekday::Sun },
];

fn whole_year(zone: Tz, year: i32) {
    let looks = looks(zone, utc(year, 1, 1, 12, 0), utc(year + 1, 1, 1, 12, 0), MINUTE);
    compare(&YEARLY, zone, &looks, None);
}

#[test]
fn a_year_in_berlin_is_what_the_clock_shows() {
    whole_year(chrono_tz::Europe::Berlin, 2026);
}

#[test]
fn a_year_in_new_york_is_what_the_clock_shows() {
    whole_year(chrono_tz::America::New_York, 2026);
}

#[test]
fn a_year_on_lord_howe_where_clocks_change_by_half_an_hour_is_what_the_clock_shows() {
    whole_year(chrono_tz::Australia::Lord_Howe, 2026);
}

#[test]
fn a_year_in_cairo_where_midnight_is_skipped_is_what_the_clock_shows() {
    whole_year(chrono_tz::Africa::Cairo, 2026);
}

/// The spans of six hours of a year in which the clock of a zone is changed.
fn changes(zone: Tz, year: i32) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let offset = |at: DateTime<Utc>| at.with_timezone(&zone).offset().fix();
    let span = TimeDelta::hours(6);
    let start = utc(year, 1, 1, 0, 0);
    let spans = (0..4 * 365).map(|n| (start + span * n, start + span * (n + 1)));
    spans.filter(|&(from, to)| offset(from) != offset(to)).collect()
}

fn every_change(year: i32) -> usize {
    let mut seen = 0;
    for &zone in &TZ_VARIANTS {
        for (from, to) in changes(zone, year) {
            let around = TimeDelta::hours(4);
            let looks = looks(zone, from - around, to + around, MINUTE);
            compare(&NIGHTLY, zone, &looks, Some(TimeDelta::milliseconds(61 * 60_000 + 500)));
            seen += 1;
        }
    }
    seen
}

#[test]
fn every_change_of_every_zone_in_2026_is_what_the_clock_shows() {
    assert!(every_change(2026) > 200);
}

#[test]
fn every_change_of_every_zone_in_2011_is_what_the_clock_shows() {
    // The year in which Samoa skipped a day, and others changed their clocks for good.
    assert!(every_change(2011) > 200);
}

#[test]
fn seconds_follow_the_rule_of_their_hour_and_minute() {
    const CASES: [Case; 4] = [
        Case { text: "*/20 30 2 * * *", fixed: true, matches: |t| at(t, 2, 30) && t.second() % 20 == 0 },
        Case { text: "10 0 3 * * *", fixed: true, matches: |t| at(t, 3, 0) && t.second() == 10 },
        Case { text: "15 */10 * * * *", fixed: false, matches: |t| t.second() == 15 && t.minute() % 10 == 0 },
        Case { text: "@secondly", fixed: false, matches: |_| true },
    ];
    let zone = chrono_tz::Europe::Berlin;
    for day in [utc(2026, 3, 29, 0, 0), utc(2026, 10, 25, 0, 0)] {
        let looks = looks(zone, day - TimeDelta::hours(1), day + TimeDelta::hours(3), TimeDelta::seconds(1));
        compare(&CASES, zone, &looks, Some(TimeDelta::milliseconds(97_300)));
    }
}

/// The instants of one local day, as the clock shows them, with their offset in hours.
fn day(text: &str, dst: Dst, date: (i32, u32, u32)) -> Vec<String> {
    let zone = Zone::from(chrono_tz::Europe::Berlin);
    let midnight = zone.tz().with_ymd_and_hms(date.0, date.1, date.2, 0, 0, 0).unwrap();
    let before = midnight.to_utc() - TimeDelta::seconds(1);
    std::iter::successors(cron(text).next_after(before, &zone, dst), |&at| {
        cron(text).next_after(at, &zone, dst)
    })
    .map(|at| at.with_timezone(&zone.tz()))
    .take_while(|at| at.date_naive() == midnight.date_naive())
    .map(|at| at.format("%H:%M %Z").to_string())
    .collect()
}

#[test]
fn a_fixed_time_in_a_gap_fires_once_at_its_end() {
    let spring = (2026, 3, 29);
    assert_eq!(day("30 2 * * *", Dst::OncePerDay, spring), ["03:00 CEST"]);
    assert_eq!(day("0,30 2 * * *", Dst::OncePerDay, spring), ["03:00 CEST"]);
    assert_eq!(day("0 2,3 * * *", Dst::OncePerDay, spring), ["03:00 CEST"]);
    assert!(day("30 2 * * *", Dst::SkipGap, spring).is_empty());
    assert!(day("30 2 * * *", Dst::Elapsed, spring).is_empty());
}

#[test]
fn a_fixed_time_in_an_overlap_fires_once_at_the_first() {
    let autumn = (2026, 10, 25);
    assert_eq!(day("30 2 * * *", Dst::OncePerDay, autumn), ["02:30 CEST"]);
    assert_eq!(day("30 2 * * *", Dst::SkipGap, autumn), ["02:30 CEST"]);
    assert_eq!(day("30 2 * * *", Dst::Elapsed, autumn), ["02:30 CEST", "02:30 CET"]);
}

#[test]
fn a_floating_expression_fires_in_both_passes_and_adds_nothing_for_a_gap() {
    for dst in [Dst::OncePerDay, Dst::SkipGap, Dst::Elapsed] {
        assert_eq!(
            day("*/30 2 * * *", dst, (2026, 10, 25)),
            ["02:00 CEST", "02:30 CEST", "02:00 CET", "02:30 CET"]
        );
        assert_eq!(day("0 * * * *", dst, (2026, 10, 25)).len(), 25);
        assert_eq!(day("0 * * * *", dst, (2026, 3, 29)).len(), 23);
        assert!(day("*/30 2 * * *", dst, (2026, 3, 29)).is_empty());
    }
}

#[test]
fn the_second_pass_is_found_when_the_rest_of_the_first_is_empty() {
    let zone = chrono_tz::Europe::Berlin.into();
    // 02:45, first pass. The next 02:30 on a clock that is not changed would be tomorrow's.
    let after = utc(2026, 10, 25, 0, 45);
    let next = cron("30 2 * * *").next_after(after, &zone, Dst::Elapsed);
    assert_eq!(next, Some(utc(2026, 10, 25, 1, 30)));
}

#[test]
fn a_day_that_was_skipped_whole_is_made_up_for_at_its_end() {
    // Samoa went from the end of the 29th to the start of the 31st.
    let samoa = |text: &str, dst| {
        let zone = Zone::from(chrono_tz::Pacific::Apia);
        let next = |at| cron(text).next_after(at, &zone, dst);
        let shown = |at: DateTime<Utc>| at.with_timezone(&zone.tz()).format("%d %H:%M").to_string();
        std::iter::successors(next(utc(2011, 12, 30, 0, 0)), |&at| next(at))
            .map(shown)
            .take(3)
            .collect::<Vec<_>>()
    };
    assert_eq!(samoa("0 9 * * *", Dst::OncePerDay), ["31 00:00", "31 09:00", "01 09:00"]);
    assert_eq!(samoa("0 0 * * *", Dst::OncePerDay), ["31 00:00", "01 00:00", "02 00:00"]);
    assert_eq!(samoa("0 9 * * *", Dst::SkipGap), ["31 09:00", "01 09:00", "02 09:00"]);
    assert_eq!(samoa("0 9 30 * *", Dst::OncePerDay)[0], "31 00:00");
    assert_eq!(samoa("0 */8 * * *", Dst::OncePerDay), ["29 16:00", "31 00:00", "31 08:00"]);
}
