//! Reads an expression.

use chrono::TimeDelta;

use super::day::{MonthDays, WeekDays};
use super::error::CronError;
use super::field::{Fault, Field};
use super::timeline::{Fields, Timeline};
use crate::duration;

const LONGEST_INTERVAL: TimeDelta = TimeDelta::days(36_500);

/// What an expression means.
#[derive(Debug)]
pub(super) enum Plan {
    Never,
    /// This long after the previous time.
    Every(TimeDelta),
    /// At times of a local clock.
    Local {
        timeline: Timeline,
        /// What it was made of, to be told in words.
        fields: Fields,
        /// Whether hour or minute hold a wildcard, a range or a step, so that it follows elapsed time.
        floating: bool,
    },
}

/// Reads an expression that holds no needless space.
pub(super) fn plan(text: &str) -> Result<Plan, CronError> {
    if text.is_empty() {
        return Err(CronError::Empty);
    }
    if !text.starts_with('@') {
        return local(text, text);
    }
    match text.to_ascii_lowercase().as_str() {
        "@secondly" => local(text, "* * * * * *"),
        "@minutely" => local(text, "* * * * *"),
        "@hourly" => local(text, "0 * * * *"),
        "@daily" | "@midnight" => local(text, "0 0 * * *"),
        "@weekly" => local(text, "0 0 * * 0"),
        "@monthly" => local(text, "0 0 1 * *"),
        "@yearly" | "@annually" => local(text, "0 0 1 1 *"),
        "@never" => Ok(Plan::Never),
        lower => match lower.strip_prefix("@every") {
            Some(interval) if interval.is_empty() || interval.starts_with(' ') => {
                every(text, interval.trim_start())
            }
            _ => Err(CronError::UnknownShorthand { text: text.to_owned() }),
        },
    }
}

fn every(text: &str, interval: &str) -> Result<Plan, CronError> {
    let interval =
        duration::parse(interval).map_err(|source| CronError::Interval { text: text.to_owned(), source })?;
    match TimeDelta::from_std(interval) {
        Ok(delta) if delta > TimeDelta::zero() && delta <= LONGEST_INTERVAL => Ok(Plan::Every(delta)),
        _ => Err(CronError::IntervalRange { text: text.to_owned() }),
    }
}

/// Reads `expression`; `text` is what the user wrote for it, and what errors show.
fn local(text: &str, expression: &str) -> Result<Plan, CronError> {
    let parts: Vec<&str> = expression.split(' ').collect();
    let (second, [minute, hour, month_day, month, week_day]) = match *parts {
        [minute, hour, month_day, month, week_day] => ("0", [minute, hour, month_day, month, week_day]),
        [second, minute, hour, month_day, month, week_day] => {
            (second, [minute, hour, month_day, month, week_day])
        }
        _ => return Err(CronError::FieldCount { text: text.to_owned(), count: parts.len() }),
    };
    let fault = |field: Field| {
        move |Fault { part, mend }| CronError::Field {
            text: text.to_owned(),
            field: field.label(),
            part,
            mend,
        }
    };
    let values = |field: Field, part: &str| field.parse(part).map_err(fault(field));
    let fields = Fields {
        seconds: values(Field::Second, second)?,
        minutes: values(Field::Minute, minute)?,
        hours: values(Field::Hour, hour)?,
        month_days: MonthDays::parse(month_day).map_err(fault(Field::DayOfMonth))?,
        months: values(Field::Month, month)?,
        week_days: WeekDays::parse(week_day).map_err(fault(Field::DayOfWeek))?,
    };
    let timeline = Timeline::new(&fields)
        .map_err(|error| CronError::Unsupported { text: text.to_owned(), reason: error.to_string() })?;
    let floating = [minute, hour].iter().any(|part| part.contains(['*', '-', '/']));
    Ok(Plan::Local { timeline, fields, floating })
}
