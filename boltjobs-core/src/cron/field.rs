//! One field of an expression: lists, ranges and steps of plain values.

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Which field it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

/// A part of a field that can't be read, and what to write instead.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) part: String,
    pub(super) mend: String,
}

impl Fault {
    pub(super) fn new(part: &str, mend: impl Into<String>) -> Self {
        Self { part: part.to_owned(), mend: mend.into() }
    }
}

/// A set of the values of one field, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Values(u64);

impl Values {
    pub(super) fn insert(&mut self, value: u32) {
        self.0 |= 1 << value;
    }

    pub(super) fn contains(self, value: u32) -> bool {
        self.0 >> value & 1 == 1
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u32> {
        (0..64).filter(move |&value| self.contains(value))
    }
}

impl FromIterator<u32> for Values {
    fn from_iter<I: IntoIterator<Item = u32>>(values: I) -> Self {
        let mut set = Self::default();
        values.into_iter().for_each(|value| set.insert(value));
        set
    }
}

impl Field {
    /// The name that errors use.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of the month",
            Self::Month => "month",
            Self::DayOfWeek => "day of the week",
        }
    }

    /// The first and the last value. Sunday is 0 here; that it is 7 too is dealt with where numbers are read.
    fn bounds(self) -> (u32, u32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 6),
        }
    }

    pub(super) fn all(self) -> Values {
        let (first, last) = self.bounds();
        (first..=last).collect()
    }

    fn legal(self) -> &'static str {
        match self {
            Self::Second | Self::Minute => "write 0 to 59",
            Self::Hour => "write 0 to 23",
            Self::DayOfMonth => "write 1 to 31, or `L`, `L-3`, `15W`, `LW` or `?`",
            Self::Month => "write 1 to 12, or JAN to DEC",
            Self::DayOfWeek => "write 0 to 7 (0 and 7 are Sunday), or SUN to SAT, or `FRIL`, `FRI#2` or `?`",
        }
    }

    /// Reads a list of plain values.
    pub(super) fn parse(self, text: &str) -> Result<Values, Fault> {
        let mut values = Values::default();
        for item in text.split(',') {
            values = values.union(self.item(item)?);
        }
        Ok(values)
    }

    /// Reads one item of a list: `*`, `5`, `1-5`, each perhaps with a step.
    pub(super) fn item(self, item: &str) -> Result<Values, Fault> {
        let (first, last) = self.bounds();
        let size = last - first + 1;
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(item, step, size)?)),
            None => (item, None),
        };
        let (start, count) = if range == "*" {
            (first, size)
        } else if let Some((start, end)) = range.split_once('-') {
            self.range(start, end)?
        } else {
            let value = self.value(range)? % self.modulus();
            (value, if step.is_some() { last - value + 1 } else { 1 })
        };
        let offsets = (0..count).step_by(step.unwrap_or(1));
        Ok(offsets.map(|offset| first + (start - first + offset) % size).collect())
    }

    /// Where a range starts, and how many values long it is.
    fn range(self, start: &str, end: &str) -> Result<(u32, u32), Fault> {
        let (first, last) = self.bounds();
        let (start, end) = (self.value(start)?, self.value(end)?);
        if start <= end {
            return Ok((start % self.modulus(), end - start + 1));
        }
        // Past the last value it goes on at the first; as a start, the Sunday that is 7 is the one that is 0.
        let start = start % self.modulus();
        Ok((start, if start <= end { end - start + 1 } else { last - start + 1 + end - first + 1 }))
    }

    fn step(self, item: &str, step: &str, size: u32) -> Result<usize, Fault> {
        match number(step) {
            Some(step) if (1..=size).contains(&step) => Ok(step as usize),
            _ => {
                let mend = format!("write a step from 1 to {size} after the `/`");
                let hint = match self {
                    Self::Second | Self::Minute | Self::Hour => ", or `@every` and an interval",
                    Self::DayOfMonth | Self::Month | Self::DayOfWeek => "",
                };
                Err(Fault::new(item, mend + hint))
            }
        }
    }

    /// Reads a number or a name; Sunday may come as 0 or as 7.
    pub(super) fn value(self, text: &str) -> Result<u32, Fault> {
        let (first, last) = self.bounds();
        let last = if self == Self::DayOfWeek { 7 } else { last };
        let value = number(text).filter(|value| (first..=last).contains(value));
        value.or_else(|| self.named(text)).ok_or_else(|| Fault::new(text, self.legal()))
    }

    fn named(self, text: &str) -> Option<u32> {
        let names: &[&str] = match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth => &[],
        };
        let place = names.iter().position(|name| name.eq_ignore_ascii_case(text))?;
        Some(self.bounds().0 + u32::try_from(place).ok()?)
    }

    /// What a value is taken modulo: only in a week is there a value that is another one's.
    fn modulus(self) -> u32 {
        if self == Self::DayOfWeek { 7 } else { u32::MAX }
    }
}

pub(super) fn number(text: &str) -> Option<u32> {
    // `parse` alone would take `+5` too.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
