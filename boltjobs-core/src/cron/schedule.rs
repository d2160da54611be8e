//! The expression itself.

use std::fmt::{self, Debug, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, TimeZone as _, Utc, Weekday};
use serde::{Deserialize, Serialize};

use super::parse::{self, Plan};
use super::{CronError, Dst, Upcoming, Zone, dst, words};
use crate::duration;

/// The instants asked about end here; the calendar beneath ends with 2100.
const LAST_YEAR: i32 = 2100;

/// A cron expression, checked and ready: see [the module](super) for what can be written.
///
/// Two are equal if their texts are, apart from spaces. It is stored and shown as its text, and cheap to
/// clone.
///
/// # Examples
///
/// ```
/// use boltjobs_core::cron::Cron;
/// use chrono::{TimeZone, Utc};
///
/// let mondays = Cron::parse("0 9 * * 1")?;
/// let new_year = Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap();
/// let first = mondays.upcoming(new_year, chrono_tz::Europe::Oslo).next();
/// assert_eq!(first, Some(Utc.with_ymd_and_hms(2027, 1, 4, 8, 0, 0).unwrap()));
/// # Ok::<(), boltjobs_core::cron::CronError>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron(Arc<Inner>);

struct Inner {
    text: String,
    plan: Plan,
}

impl Cron {
    /// Parses an expression. Spaces around it and between its fields may be any number.
    ///
    /// # Errors
    ///
    /// Names the field, what is wrong in it, and what can be written there.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let plan = parse::plan(&text)?;
        Ok(Self(Arc::new(Inner { text, plan })))
    }

    /// Fires each minute: `@minutely`.
    pub fn minutely() -> Self {
        Self::known("@minutely")
    }

    /// Fires each hour, on the hour: `@hourly`.
    pub fn hourly() -> Self {
        Self::known("@hourly")
    }

    /// Fires each hour, at this minute.
    ///
    /// # Errors
    ///
    /// If `minute` is above 59.
    pub fn hourly_at(minute: u32) -> Result<Self, CronError> {
        Self::parse(&format!("{minute} * * * *"))
    }

    /// Fires each day, at midnight: `@daily`.
    pub fn daily() -> Self {
        Self::known("@daily")
    }

    /// Fires each day, at this hour and minute.
    ///
    /// # Errors
    ///
    /// If `hour` is above 23 or `minute` above 59.
    pub fn daily_at(hour: u32, minute: u32) -> Result<Self, CronError> {
        Self::parse(&format!("{minute} {hour} * * *"))
    }

    /// Fires each week, on this day at this hour and minute.
    ///
    /// # Errors
    ///
    /// If `hour` is above 23 or `minute` above 59.
    pub fn weekly(day: Weekday, hour: u32, minute: u32) -> Result<Self, CronError> {
        Self::parse(&format!("{minute} {hour} * * {day}"))
    }

    /// Fires each month, on this day at this hour and minute. A month that has no such day is left out.
    ///
    /// # Errors
    ///
    /// If `day` is not from 1 to 31, `hour` is above 23 or `minute` above 59.
    pub fn monthly(day: u32, hour: u32, minute: u32) -> Result<Self, CronError> {
        Self::parse(&format!("{minute} {hour} {day} * *"))
    }

    /// Fires each year, on this day of this month at this hour and minute. A year that has no such day is
    /// left out.
    ///
    /// # Errors
    ///
    /// If `month` is not from 1 to 12, `day` not from 1 to 31, `hour` above 23 or `minute` above 59.
    pub fn yearly(month: u32, day: u32, hour: u32, minute: u32) -> Result<Self, CronError> {
        Self::parse(&format!("{minute} {hour} {day} {month} *"))
    }

    /// Fires this long after the previous time: `@every 90s`. What is less than a millisecond is dropped.
    ///
    /// # Errors
    ///
    /// If `interval` is less than a millisecond or more than 36500 days.
    pub fn every(interval: Duration) -> Result<Self, CronError> {
        Self::parse(&format!("@every {}", duration::format(interval)))
    }

    /// Never fires: `@never`. A job that recurs like this can still be triggered.
    pub fn never() -> Self {
        Self(Arc::new(Inner { text: "@never".to_owned(), plan: Plan::Never }))
    }

    /// Returns the expression as it was written, apart from needless spaces.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Returns the first instant at which it fires after `after`, never `after` itself; `None` if there is
    /// none.
    ///
    /// Fields are read on the local clock of `zone`, and `dst` says what happens where that is changed. An
    /// `@every` fires `after` plus its interval, whatever the zone. All other instants are whole seconds,
    /// from 1970 to 2100.
    pub fn next_after(&self, after: DateTime<Utc>, zone: &Zone, dst: Dst) -> Option<DateTime<Utc>> {
        match &self.0.plan {
            Plan::Never => None,
            Plan::Every(interval) => after.checked_add_signed(*interval),
            Plan::Local { .. } if after.year() > LAST_YEAR => None,
            Plan::Local { timeline, floating, .. } => {
                // Nothing fires before, and what is far from there could overflow.
                let earliest = Utc.with_ymd_and_hms(1969, 12, 30, 0, 0, 0).earliest()?;
                dst::next_after(timeline, *floating, after.max(earliest), zone.tz(), dst)
            }
        }
    }

    /// Says in plain English when it fires.
    ///
    /// It is made of what the expression means, so that `*/15 * * * *` and `0,15,30,45 * * * *` read alike. Times are those of
    /// the local clock. The words are for people, and may be others in a later release.
    ///
    /// # Examples
    ///
    /// ```
    /// use boltjobs_core::cron::Cron;
    /// let mornings = Cron::parse("30 7 * * MON-FRI")?;
    /// assert_eq!(mornings.in_words(), "at 07:30 on Monday to Friday");
    /// # Ok::<(), boltjobs_core::cron::CronError>(())
    /// ```
    pub fn in_words(&self) -> String {
        match &self.0.plan {
            Plan::Never => "never".to_owned(),
            Plan::Every(interval) => words::interval(interval.to_std().unwrap_or_default()),
            Plan::Local { fields, .. } => words::times(fields),
        }
    }

    /// Returns the interval of an `@every`.
    pub(crate) fn interval(&self) -> Option<Duration> {
        match &self.0.plan {
            Plan::Every(interval) => interval.to_std().ok(),
            Plan::Never | Plan::Local { .. } => None,
        }
    }

    /// Returns the instants at which it fires after `after`, in order, with the default [`Dst`].
    pub fn upcoming(&self, after: DateTime<Utc>, zone: impl Into<Zone>) -> Upcoming {
        Upcoming::new(self.clone(), zone.into(), after)
    }

    fn known(shorthand: &str) -> Self {
        let Ok(cron) = Self::parse(shorthand) else {
            unreachable!("`{shorthand}` is one of the shorthands, and a test reads each of them");
        };
        cron
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Cron {}

impl Hash for Cron {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Debug for Cron {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cron").field(&self.as_str()).finish()
    }
}

impl Display for Cron {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Cron {
    type Error = CronError;

    fn try_from(text: &str) -> Result<Self, CronError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Cron {
    type Error = CronError;

    fn try_from(text: String) -> Result<Self, CronError> {
        Self::parse(&text)
    }
}

impl TryFrom<&String> for Cron {
    type Error = CronError;

    fn try_from(text: &String) -> Result<Self, CronError> {
        Self::parse(text)
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.as_str().to_owned()
    }
}
