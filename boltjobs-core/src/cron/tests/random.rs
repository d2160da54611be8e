//! Any text, and any list of ranges.

use std::collections::BTreeSet;

use chrono::{Datelike as _, Days, NaiveTime};
use proptest::prelude::*;

use super::*;

/// `a-b/n`, over values from `first` to `last`, perhaps wrapped, and the values that it means.
fn range(first: u32, last: u32) -> impl Strategy<Value = (String, BTreeSet<u32>)> {
    (first..=last, first..=last, 1..5usize).prop_map(move |(start, end, step)| {
        let mut all = vec![start];
        while all[all.len() - 1] != end {
            let value = all[all.len() - 1];
            all.push(if value == last { first } else { value + 1 });
        }
        let text = if step == 1 { format!("{start}-{end}") } else { format!("{start}-{end}/{step}") };
        (text, all.into_iter().step_by(step).collect())
    })
}

/// One to three ranges.
fn field(first: u32, last: u32) -> impl Strategy<Value = (String, BTreeSet<u32>)> {
    proptest::collection::vec(range(first, last), 1..4).prop_map(|ranges| {
        let texts: Vec<_> = ranges.iter().map(|(text, _)| text.as_str()).collect();
        (texts.join(","), ranges.iter().flat_map(|(_, values)| values).copied().collect())
    })
}

proptest! {
    #[test]
    fn random_fields_match_what_a_calendar_says(
        (minute, minutes) in field(0, 59),
        (hour, hours) in field(0, 23),
        (month_day, month_days) in field(1, 31),
        (month, months) in field(1, 12),
        (week_day, week_days) in field(0, 6),
        after in 0i64..4_000_000_000,
    ) {
        let text = format!("{minute} {hour} {month_day} {month} {week_day}");
        let after = DateTime::from_timestamp(after, 0).unwrap();
        let times: Vec<_> = hours
            .iter()
            .flat_map(|&hour| minutes.iter().map(move |&minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap()))
            .collect();
        let expected = (0..800)
            .map(|days| after.date_naive() + Days::new(days))
            .filter(|date| {
                months.contains(&date.month())
                    && (month_days.contains(&date.day())
                        || week_days.contains(&date.weekday().num_days_from_sunday()))
            })
            .flat_map(|date| times.iter().map(move |&time| date.and_time(time).and_utc()))
            .find(|&at| at > after);
        prop_assert_eq!(cron(&text).upcoming(after, Utc).next(), expected, "{}", text);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = Cron::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_text_panics_and_a_displayed_cron_parses_to_the_same(
        text in "(@every [0-9smhd]{1,5}|@[a-z]{0,8}|([0-9]{0,2}[-*/,?LW#é]?[0-9]{0,2}(MON|feb|W|L|#[0-9])?( |  )){4,7})",
        after in 0i64..4_000_000_000,
    ) {
        if let Ok(cron) = Cron::parse(&text) {
            let again = Cron::parse(&cron.to_string()).unwrap();
            prop_assert_eq!(&again, &cron);
            let after = DateTime::from_timestamp(after, 0).unwrap();
            let zone = chrono_tz::Europe::Berlin;
            let first: Vec<_> = cron.upcoming(after, zone).take(3).collect();
            prop_assert!(first.iter().all(|&at| at > after) && first.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(first, again.upcoming(after, zone).take(3).collect::<Vec<_>>());
        }
    }

    #[test]
    fn parsable_texts_are_displayed_as_they_were_read(
        (minute, _) in field(0, 59),
        (hour, _) in field(0, 23),
        week_day in "(MON|FRI#2|5L|\\*|\\?|1-3)",
        month_day in "(L|15W|LW|L-3|\\*/2|\\*|\\?|1,L)",
    ) {
        let text = format!("{minute} {hour} {month_day} * {week_day}");
        let cron = cron(&text);
        prop_assert_eq!(cron.to_string(), text);
    }
}
