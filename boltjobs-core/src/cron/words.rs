//! An expression in plain English.
//!
//! It tells what the fields hold, and not how they are written. What is even or short reads as one would say it; anything else is
//! put together field by field, for to be right is more than to be pretty. A wrapped range is told as two, as on a chosen day
//! the part after midnight is not behind the other one.

mod days;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::field::{Field, Values};
use super::timeline::Fields;

/// The most times of a day that are listed.
const TIMES: usize = 6;

/// The same where only the hours differ.
const HOURS: usize = 12;

/// The most spans of a day that are listed.
const SPANS: usize = 3;

/// The fewest values that are told as a first one, a last one and a step.
const STEPS: usize = 4;

const DAY: Duration = Duration::from_hours(24);

/// Tells an interval.
pub(super) fn interval(interval: Duration) -> String {
    format!("every {}, counted from the time before", span(interval))
}

fn span(span: Duration) -> String {
    let counted = |(count, unit): &(u128, &str)| match count {
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    };
    let millis = span.as_millis();
    if span > DAY && millis.is_multiple_of(DAY.as_millis()) {
        // Where clocks are changed a day has another length.
        return format!("{} days of 24 hours", millis / DAY.as_millis());
    }
    let units = [
        (millis / 3_600_000, "hour"),
        (millis / 60_000 % 60, "minute"),
        (millis / 1_000 % 60, "second"),
        (millis % 1_000, "millisecond"),
    ];
    let units: Vec<_> = units.into_iter().filter(|(count, _)| *count > 0).collect();
    match *units {
        [(1, unit)] => unit.to_owned(),
        _ => joined(units.iter().map(counted).collect()),
    }
}

/// Tells the times of a local clock.
pub(super) fn times(fields: &Fields) -> String {
    let Fields { seconds, minutes, hours, .. } = *fields;
    let days = days::of(fields, !is_all(hours, Field::Hour));
    time(seconds, minutes, hours) + &days
}

fn time(seconds: Values, minutes: Values, hours: Values) -> String {
    let to_second = sole(seconds) != Some(0);
    let clock = |hour: u32, minute: u32, second: u32| {
        let time = format!("{hour:02}:{minute:02}");
        if to_second { format!("{time}:{second:02}") } else { time }
    };
    let every_hour = is_all(hours, Field::Hour);
    let alone = sole(seconds).zip(sole(minutes));
    if let Some((second, minute)) = alone {
        if every_hour && (second, minute) == (0, 0) {
            return "every hour".to_owned();
        }
        if let Some((first, last, step)) = stepped(hours).filter(|_| !every_hour) {
            let [first, last] = [first, last].map(|hour| clock(hour, minute, second));
            return format!("{} from {first} to {last}", every(step, "hour"));
        }
    }
    let most = if alone.is_some() { HOURS } else { TIMES };
    if seconds.len() * minutes.len() * hours.len() <= most {
        let minutes = || hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)));
        let times =
            minutes().flat_map(|(hour, minute)| seconds.iter().map(move |second| (hour, minute, second)));
        return format!(
            "at {}",
            joined(times.map(|(hour, minute, second)| clock(hour, minute, second)).collect())
        );
    }
    let within = || match runs(hours) {
        _ if every_hour => String::new(),
        runs if runs.len() > SPANS => format!(" in {}", told(hours, Field::Hour)),
        runs => {
            let span = |(first, last)| format!("from {} to {}", clock(first, 0, 0), clock(last, 59, 59));
            format!(" {}", joined(runs.into_iter().map(span).collect()))
        }
    };
    let [in_minutes, in_hours] = [told(minutes, Field::Minute), told(hours, Field::Hour)];
    let every_minute = is_all(minutes, Field::Minute);
    match (even(seconds), even(minutes)) {
        (Some(step), _) if every_minute => every(step, "second") + &within(),
        (Some(step), _) => format!("{} in {in_minutes} of {in_hours}", every(step, "second")),
        (None, Some(step)) if !to_second => every(step, "minute") + &within(),
        (None, _) if !to_second => format!("at {in_minutes} of {in_hours}"),
        (None, _) if every_minute && every_hour => {
            format!("at {} of every minute", told(seconds, Field::Second))
        }
        (None, _) => format!("at {} of {in_minutes} of {in_hours}", told(seconds, Field::Second)),
    }
}

/// Tells the values of a field: `every minute`, `minute 5`, `every 7th minute from 0 to 56` or `minutes 1, 2 and 5 to 9`.
fn told(values: Values, field: Field) -> String {
    let unit = field.label();
    match (sole(values), stepped(values)) {
        _ if is_all(values, field) => format!("every {unit}"),
        (Some(value), _) => format!("{unit} {value}"),
        (None, Some((first, last, step @ 2..))) => {
            format!("every {} {unit} from {first} to {last}", nth(step))
        }
        (None, _) => format!("{unit}s {}", listed(&values.iter().collect::<Vec<_>>(), u32::to_string)),
    }
}

/// Lists values that ascend; three and more in a row are told by the first and the last.
fn listed(values: &[u32], name: impl Fn(&u32) -> String) -> String {
    let runs = values.chunk_by(|one, next| one + 1 == *next);
    let texts = runs.flat_map(|run| match run {
        [first, _, .., last] => vec![format!("{} to {}", name(first), name(last))],
        few => few.iter().map(&name).collect(),
    });
    joined(texts.collect())
}

fn joined(mut texts: Vec<String>) -> String {
    match texts.pop() {
        Some(last) if !texts.is_empty() => format!("{} and {last}", texts.join(", ")),
        last => last.unwrap_or_default(),
    }
}

fn every(step: u32, unit: &str) -> String {
    if step == 1 { format!("every {unit}") } else { format!("every {step} {unit}s") }
}

/// Writes an ordinal: `1st`, `22nd`, `13th`.
fn nth(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn is_all(values: Values, field: Field) -> bool {
    values == field.all()
}

fn sole(values: Values) -> Option<u32> {
    values.iter().next().filter(|_| values.len() == 1)
}

/// Returns the values that stand side by side, each by its first and its last.
fn runs(values: Values) -> Vec<(u32, u32)> {
    let values: Vec<_> = values.iter().collect();
    values.chunk_by(|one, next| one + 1 == *next).map(|run| (run[0], run[run.len() - 1])).collect()
}

/// Returns the first value, the last one and the step, if all steps are the same.
fn stepped(values: Values) -> Option<(u32, u32, u32)> {
    let values: Vec<_> = values.iter().collect();
    let [first, second, .., last] = *values else { return None };
    let step = second - first;
    let even = values.windows(2).all(|pair| pair[1] - pair[0] == step);
    (even && values.len() >= STEPS).then_some((first, last, step))
}

/// Returns the step of minutes or seconds that come round evenly, from 0 and from one hour or minute to the next.
fn even(values: Values) -> Option<u32> {
    let divides = |step: &u32| 60 % step == 0;
    (1..=30).filter(divides).find(|step| (0..60).all(|value| values.contains(value) == (value % step == 0)))
}
