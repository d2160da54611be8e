//! Shorthands, constructors and conversions.

use std::time::Duration;

use chrono::{Datelike as _, Weekday};

use super::*;

#[test]
fn each_shorthand_is_what_it_stands_for() {
    let after = utc(2027, 1, 1, 0, 0);
    let same = [
        ("@secondly", "* * * * * *"),
        ("@minutely", "* * * * *"),
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * SUN"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@Daily", "0 0 * * *"),
    ];
    for (text, plain) in same {
        assert_eq!(times(text, after, 20), times(plain, after, 20), "{text}");
    }
}

#[test]
fn an_interval_goes_on_from_where_it_was_whatever_the_zone() {
    let after = utc(2026, 10, 25, 0, 0) + chrono::TimeDelta::milliseconds(250);
    let upcoming: Vec<_> = cron("@every 1h30m").upcoming(after, chrono_tz::Europe::Berlin).take(3).collect();
    let minutes = |minutes| after + chrono::TimeDelta::minutes(minutes);
    assert_eq!(upcoming, [minutes(90), minutes(180), minutes(270)]);
    assert_eq!(cron("@every 250ms").upcoming(after, Utc).nth(3), Some(after + chrono::TimeDelta::seconds(1)));
}

#[test]
fn constructors_say_what_they_mean() {
    let texts = [
        (Cron::minutely(), "@minutely"),
        (Cron::hourly(), "@hourly"),
        (Cron::hourly_at(5).unwrap(), "5 * * * *"),
        (Cron::daily(), "@daily"),
        (Cron::daily_at(9, 30).unwrap(), "30 9 * * *"),
        (Cron::weekly(Weekday::Mon, 9, 30).unwrap(), "30 9 * * Mon"),
        (Cron::monthly(31, 9, 30).unwrap(), "30 9 31 * *"),
        (Cron::yearly(12, 24, 18, 0).unwrap(), "0 18 24 12 *"),
        (Cron::every(Duration::from_secs(90)).unwrap(), "@every 1m30s"),
        (Cron::never(), "@never"),
    ];
    for (cron, text) in texts {
        assert_eq!(cron.as_str(), text);
        assert_eq!(Cron::parse(text), Ok(cron));
    }
    let refused = [
        Cron::hourly_at(60),
        Cron::daily_at(24, 0),
        Cron::weekly(Weekday::Mon, 0, 60),
        Cron::monthly(0, 0, 0),
        Cron::yearly(13, 1, 0, 0),
        Cron::every(Duration::ZERO),
        Cron::every(Duration::MAX),
    ];
    assert!(refused.iter().all(Result::is_err));
}

#[test]
fn each_weekday_is_itself() {
    for day in
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun]
    {
        let next = Cron::weekly(day, 9, 0).unwrap().upcoming(utc(2027, 1, 1, 0, 0), Utc).next();
        assert_eq!(next.map(|at| at.weekday()), Some(day));
    }
}

#[test]
fn spaces_make_no_difference() {
    let spaced = cron("  0\t9  * *\n1 ");
    assert_eq!((spaced.as_str(), spaced.to_string()), ("0 9 * * 1", "0 9 * * 1".to_owned()));
    assert_eq!(spaced, cron("0 9 * * 1"));
    assert_ne!(spaced, cron("0 9 * * MON"));
    assert_eq!(format!("{spaced:?}"), r#"Cron("0 9 * * 1")"#);
}

#[test]
fn a_text_turns_into_a_cron_or_a_zone_wherever_one_is_taken() {
    fn taken<T: TryInto<Cron, Error: std::fmt::Debug>>(cron: T) -> Cron {
        cron.try_into().unwrap()
    }
    let text = "0 9 * * 1".to_owned();
    assert_eq!(taken("0 9 * * 1"), taken(&text));
    assert_eq!(taken(text.clone()), text.parse().unwrap());
    assert_eq!(String::from(taken(text.clone())), text);
}

#[test]
fn a_clone_and_the_iterator_outlive_their_cron() {
    let mut upcoming = {
        let cron = cron("0 0 1 1 *");
        cron.clone().upcoming(utc(2098, 6, 1, 0, 0), Zone::UTC)
    };
    assert_eq!(upcoming.by_ref().count(), 2);
    assert_eq!(upcoming.next(), None);
}
