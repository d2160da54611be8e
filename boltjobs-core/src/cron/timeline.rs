//! The times that an expression names, on a clock that is never changed.
//!
//! The search itself is done by the `cron` crate. It is asked about local time read as UTC, where nothing
//! jumps, and in its own dialect: seconds first, Sunday = 1, and a day must match both day fields. What it
//! lacks is put around it: where either day field is enough there are two schedules, and `L`, `W` and `#` are
//! a filter on days.

use std::fmt::Write as _;
use std::str::FromStr as _;

use ::cron::Schedule;
use chrono::{NaiveDateTime, NaiveTime};

use super::day::{MonthDays, WeekDays};
use super::field::{Field, Values};

/// The fields of an expression, as they were read.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) seconds: Values,
    pub(super) minutes: Values,
    pub(super) hours: Values,
    pub(super) month_days: MonthDays,
    pub(super) months: Values,
    pub(super) week_days: WeekDays,
}

/// The times of an expression.
#[derive(Debug)]
pub(super) struct Timeline {
    parts: Vec<Part>,
}

/// Those of them for which both day fields must match.
#[derive(Debug)]
struct Part {
    schedule: Schedule,
    /// What the schedule can't say about days; `None` if it says it all.
    days: Option<(MonthDays, WeekDays)>,
}

impl Timeline {
    pub(super) fn new(fields: &Fields) -> Result<Self, ::cron::error::Error> {
        let Fields { month_days, week_days, .. } = fields;
        let choices = if month_days.restricted && week_days.restricted {
            vec![(month_days.clone(), WeekDays::any()), (MonthDays::any(), week_days.clone())]
        } else {
            vec![(month_days.clone(), week_days.clone())]
        };
        let mut parts = Vec::new();
        for (month_days, week_days) in choices {
            parts.extend(Part::new(fields, month_days, week_days)?);
        }
        Ok(Self { parts })
    }

    /// Returns the first time after `after`.
    pub(super) fn next_after(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        self.parts.iter().filter_map(|part| part.next_after(after)).min()
    }
}

impl Part {
    /// `None` if no day can match.
    fn new(
        fields: &Fields,
        month_days: MonthDays,
        week_days: WeekDays,
    ) -> Result<Option<Self>, ::cron::error::Error> {
        let days = month_days.candidates().intersection(week_days.month_candidates());
        if days.is_empty() {
            return Ok(None);
        }
        let text = format!(
            "{} {} {} {} {} {}",
            plain(Field::Second, fields.seconds),
            plain(Field::Minute, fields.minutes),
            plain(Field::Hour, fields.hours),
            plain(Field::DayOfMonth, days),
            plain(Field::Month, fields.months),
            if week_days.candidates() == Field::DayOfWeek.all() {
                "*".to_owned()
            } else {
                list(week_days.candidates().iter().map(|day| day + 1))
            },
        );
        let filtered = !month_days.is_plain() || !week_days.is_plain();
        let days = filtered.then_some((month_days, week_days));
        Ok(Some(Self { schedule: Schedule::from_str(&text)?, days }))
    }

    fn next_after(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut cursor = after;
        // Each round is a day later, and the schedule ends in 2100.
        loop {
            #[cfg(test)]
            looks::count();
            let time = self.schedule.after(&cursor.and_utc()).next()?.naive_utc();
            match &self.days {
                Some((month, week)) if !(month.matches(time.date()) && week.matches(time.date())) => {
                    cursor = time.date().and_time(LAST_SECOND);
                }
                _ => return Some(time),
            }
        }
    }
}

const LAST_SECOND: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 59) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

fn plain(field: Field, values: Values) -> String {
    if values == field.all() { "*".to_owned() } else { list(values.iter()) }
}

fn list(values: impl Iterator<Item = u32>) -> String {
    values.fold(String::new(), |mut text, value| {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{value}");
        text
    })
}

/// Counts the days that a search looks at, so that a test can tell what it costs.
#[cfg(test)]
pub(super) mod looks {
    use std::cell::Cell;

    thread_local! {
        static LOOKS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count() {
        LOOKS.set(LOOKS.get() + 1);
    }

    /// Returns how many there were since the last call.
    pub(in crate::cron) fn take() -> usize {
        LOOKS.take()
    }
}
