//! Any expression, against a calendar that is read day by day and minute by minute.

use std::collections::BTreeSet;

use boltjobs_fuzz::{cases, numbers, reads_well, texts};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::cron::timeline::looks;

/// What one item of a field means.
#[derive(Debug, Clone)]
enum Item {
    Values(BTreeSet<u32>),
    BeforeLast(u32),
    LastWorkday,
    NearestWorkday(u32),
    Nth(u32, u32),
    Last(u32),
}

/// A field, as it is written, and what it means.
#[derive(Debug, Clone)]
struct Written {
    text: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Expression {
    text: String,
    minute: Written,
    hour: Written,
    month_day: Written,
    month: Written,
    week_day: Written,
}

/// `*`, `7`, `7-9`, `7/2`, `*/2`, `7-9/2` or `9-7`, with values from `first` to `last`, perhaps by their names.
fn plain(first: u32, last: u32, names: &'static str) -> BoxedStrategy<(String, Item)> {
    let value = move |value: u32, form: u8| {
        let name = names.split(' ').nth((value - first) as usize).filter(|name| !name.is_empty());
        match (name, form % 4) {
            (Some(name), 0) => name.to_owned(),
            (Some(name), 1) => name.to_lowercase(),
            (_, 2) => format!("{value:02}"),
            _ => value.to_string(),
        }
    };
    let size = last - first + 1;
    (first..=last, first..=last, 1..=size, 0..8_u8, any::<[u8; 2]>())
        .prop_map(move |(start, end, step, form, [a, b])| {
            let (start_text, end_text) = (value(start, a), value(end, b));
            let turns = if start <= end { end - start + 1 } else { last - start + 1 + end - first + 1 };
            let (text, start, turns, step) = match form {
                0 => ("*".to_owned(), first, size, 1),
                1 => (format!("*/{step}"), first, size, step),
                2 => (format!("{start_text}/{step}"), start, last - start + 1, step),
                3 => (format!("{start_text}-{end_text}"), start, turns, 1),
                4 => (format!("{start_text}-{end_text}/{step}"), start, turns, step),
                _ => (start_text, start, 1, 1),
            };
            let each = (0..turns).filter(|turn| turn % step == 0);
            let values = each.map(|turn| first + (start - first + turn) % size).collect();
            (text, Item::Values(values))
        })
        .boxed()
}

fn field(item: BoxedStrategy<(String, Item)>) -> impl Strategy<Value = Written> {
    vec(item, 1..4).prop_map(|items| {
        let texts: Vec<_> = items.iter().map(|(text, _)| text.as_str()).collect();
        Written { text: texts.join(","), items: items.iter().map(|(_, item)| item.clone()).collect() }
    })
}

fn month_day() -> impl Strategy<Value = Written> {
    let rule = prop_oneof![
        Just(("L".to_owned(), Item::BeforeLast(0))),
        Just(("lw".to_owned(), Item::LastWorkday)),
        (1..=30_u32).prop_map(|days| (format!("L-{days}"), Item::BeforeLast(days))),
        (1..=31_u32).prop_map(|day| (format!("{day}W"), Item::NearestWorkday(day))),
    ];
    let every = Written { text: "?".to_owned(), items: vec![Item::Values((1..=31).collect())] };
    let plain = plain(1, 31, "");
    prop_oneof![6 => field(prop_oneof![3 => plain, 2 => rule].boxed()), 1 => Just(every)]
}

fn week_day() -> impl Strategy<Value = Written> {
    let rule = prop_oneof![
        (0..=7_u32, 1..=5_u32).prop_map(|(day, nth)| (format!("{day}#{nth}"), Item::Nth(day % 7, nth))),
        (0..=7_u32).prop_map(|day| (format!("{day}L"), Item::Last(day % 7))),
        Just(("7".to_owned(), Item::Values([0].into()))),
        Just(("FRIl".to_owned(), Item::Last(5))),
    ];
    let every = Written { text: "?".to_owned(), items: vec![Item::Values((0..=6).collect())] };
    let plain = plain(0, 6, "SUN MON TUE WED THU FRI SAT");
    prop_oneof![6 => field(prop_oneof![3 => plain, 2 => rule].boxed()), 1 => Just(every)]
}

fn expressions() -> impl Strategy<Value = Expression> {
    let months = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC";
    // Most months hold any, or few occurrences would be near.
    let month = prop_oneof![
        2 => field(Just(("*".to_owned(), Item::Values((1..=12).collect()))).boxed()),
        1 => field(plain(1, 12, months)),
    ];
    let (minute, hour) = (field(plain(0, 59, "")), field(plain(0, 23, "")));
    (minute, hour, month_day(), month, week_day(), "[ \t]{1,3}").prop_map(
        |(minute, hour, month_day, month, week_day, space)| {
            let texts = [&minute, &hour, &month_day, &month, &week_day].map(|field| field.text.as_str());
            Expression { text: texts.join(&space), minute, hour, month_day, month, week_day }
        },
    )
}

impl Written {
    fn restricts(&self) -> bool {
        !self.text.starts_with(['*', '?'])
    }

    /// Says whether it holds a value, or a day.
    fn has(&self, value: u32, date: NaiveDate) -> bool {
        let month = || date.with_day(1).unwrap().iter_days().take_while(|day| day.month() == date.month());
        let weekday = |day: NaiveDate| day.weekday().num_days_from_sunday();
        let last = || month().last().map_or(0, |day| day.day());
        self.items.iter().any(|item| match item {
            Item::Values(values) => values.contains(&value),
            Item::BeforeLast(days) => date.day() + days == last(),
            Item::LastWorkday => month().filter(|day| (1..=5).contains(&weekday(*day))).last() == Some(date),
            Item::NearestWorkday(day) => {
                let workdays = month().filter(|day| (1..=5).contains(&weekday(*day)));
                *day <= last() && workdays.min_by_key(|near| near.day().abs_diff(*day)) == Some(date)
            }
            Item::Nth(wanted, nth) => {
                month().filter(|day| weekday(*day) == *wanted).nth(*nth as usize - 1) == Some(date)
            }
            Item::Last(wanted) => month().filter(|day| weekday(*day) == *wanted).last() == Some(date),
        })
    }
}

impl Expression {
    fn matches_day(&self, date: NaiveDate) -> bool {
        let month_day = self.month_day.has(date.day(), date);
        let week_day = self.week_day.has(date.weekday().num_days_from_sunday(), date);
        let both = self.month_day.restricts() && self.week_day.restricts();
        self.month.has(date.month(), date) && if both { month_day || week_day } else { month_day && week_day }
    }

    fn matches(&self, time: NaiveDateTime) -> bool {
        let date = time.date();
        self.matches_day(date) && self.hour.has(time.hour(), date) && self.minute.has(time.minute(), date)
    }

    fn floats(&self) -> bool {
        [&self.minute, &self.hour].iter().any(|field| field.text.contains(['*', '-', '/']))
    }
}

/// Anything that may be meant as an expression, not only of five fields.
fn written() -> impl Strategy<Value = String> {
    let shorthands =
        "@secondly @minutely @hourly @daily @midnight @weekly @monthly @yearly @annually @never @EVERY";
    prop_oneof![
        6 => expressions().prop_map(|expression| expression.text),
        2 => (field(plain(0, 59, "")), expressions()).prop_map(|(s, rest)| format!("{} {}", s.text, rest.text)),
        1 => select(shorthands.split(' ').map(str::to_owned).collect::<Vec<_>>()),
        1 => (numbers(), "(ms|s|m|h|d|w)").prop_map(|(number, unit)| format!("@every {number}{unit}")),
    ]
}

fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let near = (0..4_100_000_000_i64, 0..1_000_000_000_u32);
    let any = (DateTime::<Utc>::MIN_UTC.timestamp()..=DateTime::<Utc>::MAX_UTC.timestamp(), Just(0));
    prop_oneof![9 => near, 1 => any].prop_map(|(secs, nanos)| DateTime::from_timestamp(secs, nanos).unwrap())
}

const RULES: [Dst; 3] = [Dst::OncePerDay, Dst::Elapsed, Dst::SkipGap];

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn an_expression_fires_at_the_minutes_that_a_calendar_says(
        expression in expressions(),
        from in 0..4_000_000_000_i64,
    ) {
        let cron = Cron::parse(&expression.text).unwrap();
        let from = DateTime::from_timestamp(from, 0).unwrap();
        let minute = from.with_second(0).unwrap();
        // A month of days, so that there is something to find; those that match are looked at minute by minute.
        let days = minute.date_naive().iter_days().take(32).filter(|date| expression.matches_day(*date));
        let minutes = |date: NaiveDate| (0..1_440).map(move |at| date.and_time(NaiveTime::MIN) + TimeDelta::minutes(at));
        let expected = days.flat_map(minutes).filter(|time| expression.matches(*time)).map(|time| time.and_utc());
        let expected: Vec<_> = expected.filter(|at| *at > from).take(9).collect();
        let actual: Vec<_> = cron.upcoming(from, Utc).take(9).collect();
        let end = (minute + TimeDelta::days(32)).date_naive();
        let actual: Vec<_> = actual.into_iter().filter(|at| at.date_naive() < end).collect();
        prop_assert_eq!(expected, actual, "{}", expression.text);
    }

    #[test]
    fn an_expression_that_follows_elapsed_time_fires_when_the_clock_of_any_zone_shows_it(
        expression in expressions(),
        zone in select(chrono_tz::TZ_VARIANTS.to_vec()),
        dst in select(RULES.to_vec()),
        from in 0..4_000_000_000_i64,
    ) {
        let cron = Cron::parse(&expression.text).unwrap();
        let from = DateTime::from_timestamp(from, 0).unwrap();
        if let Some(next) = cron.next_after(from, &zone.into(), dst) {
            prop_assert!(next > from);
            let shown = next.with_timezone(&zone).naive_local();
            let follows = expression.floats() || dst == Dst::Elapsed;
            prop_assert!(!follows || expression.matches(shown), "{} in {} at {}", expression.text, zone, shown);
        }
    }

    #[test]
    fn whatever_is_accepted_is_written_back_and_goes_forward_with_bounded_work(
        text in texts(written()),
        after in instants(),
        zone in select(chrono_tz::TZ_VARIANTS.to_vec()),
        dst in select(RULES.to_vec()),
    ) {
        match Cron::parse(&text) {
            Ok(cron) => {
                prop_assert_eq!(cron.to_string().parse(), Ok(cron.clone()));
                let json = serde_json::to_string(&cron).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Cron>(&json).unwrap(), &cron);
                let mut latest = after;
                for _ in 0..3 {
                    looks::take();
                    let next = cron.next_after(latest, &zone.into(), dst);
                    let looks = looks::take();
                    prop_assert!(looks <= 10_000, "{} looks of {} after {}", looks, text, latest);
                    let Some(next) = next else { break };
                    prop_assert!(next > latest, "{}: {} after {}", text, next, latest);
                    latest = next;
                }
            }
            Err(error) => {
                let normal = text.split_whitespace().collect::<Vec<_>>().join(" ");
                reads_well(&error.to_string(), &normal)?;
            }
        }
    }

    #[test]
    fn whatever_is_accepted_is_told_in_words(text in texts(written())) {
        if let Ok(cron) = Cron::parse(&text) {
            let words = cron.in_words();
            let plain = |c: char| c.is_ascii_alphanumeric() || [' ', ',', ':'].contains(&c);
            prop_assert!(words.chars().all(plain), "`{}` is told as `{}`", text, words);
            let parts = words.split(' ');
            prop_assert!(parts.clone().count() > 0 && parts.clone().all(|word| !word.is_empty()), "{}: {}", text, words);
        }
    }

    #[test]
    fn a_zone_that_is_read_is_written_back(
        text in texts(select(chrono_tz::TZ_VARIANTS.to_vec()).prop_map(|zone| zone.name().to_owned())),
    ) {
        match text.parse::<Zone>() {
            Ok(zone) => prop_assert_eq!(zone.to_string(), text),
            Err(error) => {
                prop_assert!(error.nearest.len() <= 3);
                reads_well(&error.to_string(), &text)?;
            }
        }
    }
}
