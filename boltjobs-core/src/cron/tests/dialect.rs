//! What an expression means, on a clock that is not changed.

use super::*;

#[test]
fn one_is_monday_and_both_zero_and_seven_are_sunday() {
    // 2027-01-01 is a Friday.
    let after = utc(2027, 1, 1, 12, 0);
    assert_eq!(times("0 0 * * 1", after, 2), ["2027-01-04 00:00:00", "2027-01-11 00:00:00"]);
    assert_eq!(times("0 0 * * 0", after, 1), ["2027-01-03 00:00:00"]);
    for sunday in ["7", "SUN", "sun", "7-7", "7,0", "0-0"] {
        let text = format!("0 0 * * {sunday}");
        assert_eq!(times(&text, after, 9), times("0 0 * * 0", after, 9), "{text}");
    }
}

/// The days of January 2027 on which `0 0 {month_day} * {week_day}` fires.
fn january(month_day: &str, week_day: &str) -> Vec<String> {
    days(month_day, week_day, 2027, 1)
}

fn days(month_day: &str, week_day: &str, year: i32, month: u32) -> Vec<String> {
    let first = utc(year, month, 1, 0, 0);
    let upcoming =
        cron(&format!("0 0 {month_day} * {week_day}")).upcoming(first - chrono::TimeDelta::seconds(1), Utc);
    let prefix = first.format("%Y-%m").to_string();
    let in_month =
        upcoming.map(|at| at.format("%Y-%m %-d").to_string()).take_while(|at| at.starts_with(&prefix));
    in_month.map(|at| at[8..].to_owned()).collect()
}

#[test]
fn either_day_field_is_enough_when_both_are_restricted() {
    assert_eq!(january("13", "FRI"), ["1", "8", "13", "15", "22", "29"]);
    assert_eq!(january("L", "FRI#2"), ["8", "31"]);
    assert_eq!(january("1-7", "MON"), ["1", "2", "3", "4", "5", "6", "7", "11", "18", "25"]);
}

#[test]
fn a_day_field_that_starts_with_a_star_or_is_a_question_mark_is_not_restricted() {
    assert_eq!(january("*/2", "MON"), ["11", "25"]);
    assert_eq!(january("13-31", "*/3"), ["13", "16", "17", "20", "23", "24", "27", "30", "31"]);
    assert_eq!(january("13", "?"), ["13"]);
    assert_eq!(january("?", "FRI"), january("*", "FRI"));
    assert_eq!(january("?", "?").len(), 31);
    assert_eq!(january("*/10", "SUNL"), ["31"]);
}

#[test]
fn days_are_counted_from_the_end_of_their_month() {
    assert_eq!(january("L", "*"), ["31"]);
    assert_eq!(days("L", "*", 2028, 2), ["29"]);
    assert_eq!(days("l-3", "*", 2027, 2), ["25"]);
    assert_eq!(january("L-30", "*"), ["1"]);
    assert!(days("L-30", "*", 2027, 4).is_empty());
    assert_eq!(january("1,L,L-1", "*"), ["1", "30", "31"]);
}

#[test]
fn the_nearest_workday_stays_in_its_month() {
    // The 1st of May 2027 is a Saturday, the 1st of August a Sunday, the 31st of January a Sunday.
    assert_eq!(days("1W", "*", 2027, 5), ["3"]);
    assert_eq!(days("1W", "*", 2027, 8), ["2"]);
    assert_eq!(january("31W", "*"), ["29"]);
    assert_eq!(january("LW", "*"), ["29"]);
    assert_eq!(january("16W", "*"), ["15"]);
    assert_eq!(january("17W", "*"), ["18"]);
    assert_eq!(january("19w", "*"), ["19"]);
    assert!(days("31W", "*", 2027, 4).is_empty());
    // The last of February 2027 is a Sunday: the widest step back.
    assert_eq!(days("LW", "*", 2027, 2), ["26"]);
    assert_eq!(days("28W", "*", 2027, 2), ["26"]);
}

#[test]
fn a_weekday_can_be_one_of_its_month() {
    assert_eq!(january("*", "FRI#2"), ["8"]);
    assert_eq!(january("*", "5#2"), ["8"]);
    assert_eq!(january("*", "FRI#5"), ["29"]);
    assert!(days("*", "FRI#5", 2027, 2).is_empty());
    assert_eq!(january("*", "FRIL"), ["29"]);
    assert_eq!(january("*", "5l"), ["29"]);
    assert_eq!(january("*", "7L"), ["31"]);
    assert_eq!(january("*", "0#1"), ["3"]);
    assert_eq!(january("*", "MON#1,FRIL,WED"), ["4", "6", "13", "20", "27", "29"]);
    assert_eq!(days("*", "SUNL", 2027, 2), ["28"]);
}

#[test]
fn a_range_may_wrap() {
    let after = utc(2027, 1, 1, 0, 0);
    let same = [
        ("0 22-2 * * *", "0 0,1,2,22,23 * * *"),
        ("0 22-3/2 * * *", "0 0,2,22 * * *"),
        ("58-1 * * * *", "0,1,58,59 * * * *"),
        ("0 0 29-2 * *", "0 0 1,2,29,30,31 * *"),
        ("0 0 1 NOV-FEB *", "0 0 1 1,2,11,12 *"),
        ("0 0 * * FRI-MON", "0 0 * * 0,1,5,6"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * 7-2", "0 0 * * 0,1,2"),
        ("0 0 * * 6-0", "0 0 * * 0,6"),
        ("0 0 * * 0-7", "0 0 * * *"),
        ("0 0 * * SAT-FRI", "0 0 * * *"),
    ];
    for (text, plain) in same {
        assert_eq!(times(text, after, 60), times(plain, after, 60), "{text}");
    }
}

#[test]
fn a_step_goes_from_its_start_to_the_last_value() {
    let after = utc(2027, 1, 1, 0, 0);
    let same = [
        ("5/15 * * * *", "5,20,35,50 * * * *"),
        ("*/25 * * * *", "0,25,50 * * * *"),
        ("10-30/10 * * * *", "10,20,30 * * * *"),
        ("*/60 */24 * * *", "0 0 * * *"),
        ("0 0 */10 * *", "0 0 1,11,21,31 * *"),
        ("0 0 1 2/5 *", "0 0 1 2,7,12 *"),
        ("0 0 * * MON/2", "0 0 * * 1,3,5"),
        ("0 0 * * */2", "0 0 * * 0,2,4,6"),
        ("1,1,1-3,*/30 * * * *", "0,1,2,3,30 * * * *"),
        ("00 05 * jan,Dec mon", "0 5 * 1,12 1"),
    ];
    for (text, plain) in same {
        assert_eq!(times(text, after, 60), times(plain, after, 60), "{text}");
    }
}

#[test]
fn six_fields_have_seconds_first() {
    let after = utc(2027, 1, 1, 0, 0);
    assert_eq!(
        times("*/30 5 0 * * *", after, 3),
        ["2027-01-01 00:05:00", "2027-01-01 00:05:30", "2027-01-02 00:05:00"]
    );
}

#[test]
fn the_next_time_is_strictly_after_and_a_fraction_of_a_second_counts() {
    let due = utc(2027, 1, 1, 9, 0);
    let next = |after| cron("0 9 * * *").next_after(after, &Zone::UTC, Dst::OncePerDay);
    assert_eq!(next(due), Some(utc(2027, 1, 2, 9, 0)));
    assert_eq!(next(due - chrono::TimeDelta::nanoseconds(1)), Some(due));
    assert_eq!(next(due + chrono::TimeDelta::nanoseconds(1)), Some(utc(2027, 1, 2, 9, 0)));
}

#[test]
fn an_expression_that_cannot_fire_has_no_next_time() {
    for text in [
        "0 0 31 2 *",
        "0 0 30 2 *",
        "0 0 31 4,6 ?",
        "0 0 31W 2 *",
        "0 0 */31 * FRI#2",
        "0 0 L-29 2 *",
        "@never",
    ] {
        assert_eq!(times(text, utc(2027, 1, 1, 0, 0), 1), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_rare_day_is_found_however_far_off() {
    // Five Mondays in February: a leap year that starts on a Thursday.
    assert_eq!(
        times("0 0 * 2 MON#5", utc(2027, 1, 1, 0, 0), 2),
        ["2044-02-29 00:00:00", "2072-02-29 00:00:00"]
    );
    assert_eq!(times("0 0 29 2 *", utc(2096, 3, 1, 0, 0), 1), Vec::<String>::new());
}

#[test]
fn expressions_fire_from_1970_to_2100_and_no_instant_is_too_far_off_to_ask() {
    let (min, max) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    assert_eq!(times("0 0 * * *", min, 1), ["1970-01-01 00:00:00"]);
    assert_eq!(times("59 23 31 12 *", utc(2099, 12, 31, 23, 59), 2), ["2100-12-31 23:59:00"]);
    for zone in chrono_tz::TZ_VARIANTS {
        assert!(cron("* * * * *").upcoming(min, zone).next().is_some(), "{zone}");
        assert_eq!(cron("* * * * *").upcoming(max, zone).next(), None, "{zone}");
    }
    assert_eq!(cron("@every 1s").upcoming(max, Utc).next(), None);
}
