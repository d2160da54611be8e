//! The two fields that choose a day, with `L`, `W` and `#`.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::field::{Fault, Field, Values, number};

/// A day of the month that depends on the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MonthRule {
    /// `L` and `L-3`: so many days before the last.
    BeforeLast(u32),
    /// `LW`: the last from Monday to Friday.
    LastWorkday,
    /// `15W`: the nearest from Monday to Friday.
    NearestWorkday(u32),
}

/// A day of the week that is only one of its month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WeekRule {
    /// `FRI#2`.
    Nth { weekday: u32, nth: u32 },
    /// `FRIL`.
    Last { weekday: u32 },
}

/// The field that holds days of the month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MonthDays {
    pub(super) plain: Values,
    pub(super) rules: Vec<MonthRule>,
    pub(super) restricted: bool,
}

/// The field that holds days of the week; Sunday is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WeekDays {
    pub(super) plain: Values,
    pub(super) rules: Vec<WeekRule>,
    pub(super) restricted: bool,
}

impl MonthDays {
    /// Every day.
    pub(super) fn any() -> Self {
        Self { plain: Field::DayOfMonth.all(), rules: Vec::new(), restricted: false }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text == "?" {
            return Ok(Self::any());
        }
        let mut days =
            Self { plain: Values::default(), rules: Vec::new(), restricted: !text.starts_with('*') };
        for item in text.split(',') {
            match MonthRule::parse(item)? {
                Some(rule) => days.rules.push(rule),
                None => days.plain = days.plain.union(Field::DayOfMonth.item(item)?),
            }
        }
        Ok(days)
    }

    /// The days on which it can match at all.
    pub(super) fn candidates(&self) -> Values {
        self.rules.iter().fold(self.plain, |days, rule| days.union(rule.candidates()))
    }

    /// Whether `candidates` says it all.
    pub(super) fn is_plain(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn matches(&self, date: NaiveDate) -> bool {
        self.plain.contains(date.day()) || self.rules.iter().any(|rule| rule.matches(date))
    }
}

impl WeekDays {
    /// Every day.
    pub(super) fn any() -> Self {
        Self { plain: Field::DayOfWeek.all(), rules: Vec::new(), restricted: false }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text == "?" {
            return Ok(Self::any());
        }
        let mut days =
            Self { plain: Values::default(), rules: Vec::new(), restricted: !text.starts_with('*') };
        for item in text.split(',') {
            match WeekRule::parse(item)? {
                Some(rule) => days.rules.push(rule),
                None => days.plain = days.plain.union(Field::DayOfWeek.item(item)?),
            }
        }
        Ok(days)
    }

    /// The days of the week on which it can match at all.
    pub(super) fn candidates(&self) -> Values {
        let weekdays = self.rules.iter().map(|rule| match *rule {
            WeekRule::Nth { weekday, .. } | WeekRule::Last { weekday } => weekday,
        });
        self.plain.union(weekdays.collect())
    }

    /// The days of the month on which it can match at all.
    pub(super) fn month_candidates(&self) -> Values {
        if !self.plain.is_empty() {
            return Field::DayOfMonth.all();
        }
        let days = self.rules.iter().flat_map(|rule| match *rule {
            WeekRule::Nth { nth, .. } => 7 * nth - 6..=(7 * nth).min(31),
            WeekRule::Last { .. } => 22..=31,
        });
        days.collect()
    }

    /// Whether `candidates` says it all.
    pub(super) fn is_plain(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn matches(&self, date: NaiveDate) -> bool {
        let weekday = date.weekday().num_days_from_sunday();
        self.plain.contains(weekday)
            || self.rules.iter().any(|rule| match *rule {
                WeekRule::Nth { weekday: wanted, nth } => {
                    weekday == wanted && (date.day() - 1) / 7 + 1 == nth
                }
                WeekRule::Last { weekday: wanted } => weekday == wanted && date.day() + 7 > last_day(date),
            })
    }
}

impl MonthRule {
    /// Reads a rule; `None` if the item is not meant as one.
    fn parse(item: &str) -> Result<Option<Self>, Fault> {
        let upper = item.to_ascii_uppercase();
        let rule = match upper.as_str() {
            "L" => Some(Self::BeforeLast(0)),
            "LW" => Some(Self::LastWorkday),
            _ if upper.starts_with('L') => upper
                .strip_prefix("L-")
                .and_then(number)
                .filter(|n| (1..=30).contains(n))
                .map(Self::BeforeLast),
            _ => match upper.strip_suffix('W') {
                Some(day) => number(day).filter(|n| (1..=31).contains(n)).map(Self::NearestWorkday),
                None => return Ok(None),
            },
        };
        let mend = "write `L` for the last day, `L-1` to `L-30` for days before it, `LW` for the last from Monday \
                    to Friday, or `1W` to `31W` for the nearest from Monday to Friday";
        rule.map(Some).ok_or_else(|| Fault::new(item, mend))
    }

    fn candidates(self) -> Values {
        match self {
            Self::BeforeLast(days) => (28u32.saturating_sub(days).max(1)..=31 - days).collect(),
            Self::LastWorkday => (26..=31).collect(),
            Self::NearestWorkday(day) => (day.saturating_sub(2).max(1)..=(day + 2).min(31)).collect(),
        }
    }

    fn matches(self, date: NaiveDate) -> bool {
        let last = last_day(date);
        match self {
            Self::BeforeLast(days) => date.day() + days == last,
            Self::LastWorkday => nearest_workday(date, last) == Some(date),
            Self::NearestWorkday(day) => nearest_workday(date, day) == Some(date),
        }
    }
}

impl WeekRule {
    /// Reads a rule; `None` if the item is not meant as one.
    fn parse(item: &str) -> Result<Option<Self>, Fault> {
        let weekday = |text: &str| Field::DayOfWeek.value(text).map(|day| day % 7).ok();
        let rule = if let Some((day, nth)) = item.split_once('#') {
            let nth = number(nth).filter(|nth| (1..=5).contains(nth));
            weekday(day).zip(nth).map(|(weekday, nth)| Self::Nth { weekday, nth })
        } else if let Some(day) = item.strip_suffix(['L', 'l']) {
            weekday(day).map(|weekday| Self::Last { weekday })
        } else {
            return Ok(None);
        };
        let mend = "write `FRIL` for the last Friday of the month, or `FRI#1` to `FRI#5` for one of them";
        rule.map(Some).ok_or_else(|| Fault::new(item, mend))
    }
}

/// The day from Monday to Friday that is nearest to `day`, within the month of `date`.
fn nearest_workday(date: NaiveDate, day: u32) -> Option<NaiveDate> {
    let wanted = date.with_day(day)?;
    match wanted.weekday() {
        Weekday::Sat if day == 1 => wanted.checked_add_days(Days::new(2)),
        Weekday::Sat => wanted.pred_opt(),
        Weekday::Sun if day == last_day(date) => wanted.checked_sub_days(Days::new(2)),
        Weekday::Sun => wanted.succ_opt(),
        Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => Some(wanted),
    }
}

fn last_day(date: NaiveDate) -> u32 {
    u32::from(date.num_days_in_month())
}
