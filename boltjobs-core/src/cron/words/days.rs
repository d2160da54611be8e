//! The days of an expression in plain English.

use super::{Values, is_all, joined, listed, nth, stepped};
use crate::cron::day::{MonthDays, MonthRule, WeekDays, WeekRule};
use crate::cron::field::Field;
use crate::cron::timeline::Fields;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// Tells the days, with a space before. That it is every day is said only if it is asked for.
pub(super) fn of(fields: &Fields, said: bool) -> String {
    let months: Vec<_> = fields.months.iter().collect();
    let months = listed(&months, |month| MONTHS[*month as usize - 1].to_owned());
    let some_months = !is_all(fields.months, Field::Month);
    let choices = choices(fields);
    match choices.count() {
        0 => {
            let days = if said { " every day" } else { "" };
            if some_months { format!("{days} in {months}") } else { days.to_owned() }
        }
        // Of one thing it can be said at once in which months it is.
        1 if some_months => match choices.told() {
            text if text.contains("the month") => format!(" {}", text.replace("the month", &months)),
            text => format!(" {text} in {months}"),
        },
        _ if some_months => format!(" in {months}, {}", choices.told()),
        _ => format!(" {}", choices.told()),
    }
}

/// What is said of the days: groups of which each day is in one, or in both.
struct Choices {
    groups: Vec<Vec<String>>,
    between: &'static str,
}

impl Choices {
    fn count(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    fn told(self) -> String {
        let groups: Vec<_> = self.groups.into_iter().filter(|group| !group.is_empty()).map(joined).collect();
        groups.join(self.between)
    }
}

fn choices(fields: &Fields) -> Choices {
    let Fields { month_days, week_days, .. } = fields;
    let [month, week] = [of_month(month_days), of_week(week_days)];
    if month_days.restricted && week_days.restricted {
        // Either is enough, so that one that is every day leaves nothing to say.
        let groups = if month.is_empty() || week.is_empty() { Vec::new() } else { vec![month, week] };
        return Choices { groups, between: " and also " };
    }
    Choices { groups: vec![week, month], between: ", but only " }
}

/// Tells days of the month; nothing if it is each of them.
fn of_month(days: &MonthDays) -> Vec<String> {
    if is_all(days.plain, Field::DayOfMonth) {
        return Vec::new();
    }
    let mut told = Vec::new();
    match stepped(days.plain) {
        _ if days.plain.is_empty() => {}
        Some((first, last, step @ 2..)) => {
            told.push(format!(
                "on every {} day from the {} to the {} of the month",
                nth(step),
                nth(first),
                nth(last)
            ));
        }
        _ => {
            let plain: Vec<_> = days.plain.iter().collect();
            told.push(format!("on the {} of the month", listed(&plain, |day| nth(*day))));
        }
    }
    told.extend(days.rules.iter().map(|rule| match *rule {
        MonthRule::BeforeLast(0) => "on the last day of the month".to_owned(),
        MonthRule::BeforeLast(1) => "on the day before the last day of the month".to_owned(),
        MonthRule::BeforeLast(days) => format!("on the {} day before the last day of the month", nth(days)),
        MonthRule::LastWorkday => "on the last weekday of the month".to_owned(),
        MonthRule::NearestWorkday(day) => format!("on the weekday of the month nearest to the {}", nth(day)),
    }));
    told
}

/// Tells days of the week, which begins on Monday here; nothing if it is each of them.
fn of_week(days: &WeekDays) -> Vec<String> {
    if is_all(days.plain, Field::DayOfWeek) {
        return Vec::new();
    }
    let from_monday = |day: u32| (day + 6) % 7;
    let name = |day: u32| WEEKDAYS[day as usize];
    let mut told = Vec::new();
    if !days.plain.is_empty() {
        let plain: Values = days.plain.iter().map(from_monday).collect();
        let plain: Vec<_> = plain.iter().collect();
        told.push(format!("on {}", listed(&plain, |day| name(*day).to_owned())));
    }
    told.extend(days.rules.iter().map(|rule| match *rule {
        WeekRule::Nth { weekday, nth } => {
            format!("on the {} {} of the month", NTH[nth as usize - 1], name(from_monday(weekday)))
        }
        WeekRule::Last { weekday } => format!("on the last {} of the month", name(from_monday(weekday))),
    }));
    told
}
