//! Which span of time the graphs show: the hour, day or week that ends now, or any one within the last days.

use std::time::Duration;

use boltjobs_core::text::shown;
use boltjobs_core::throughput::{KEPT_MINUTES, Window};
use boltjobs_core::{Timestamp, duration};
use chrono::DateTime;
use serde::Deserialize;

use crate::refused::Refused;

/// Spans that end now: how they are called, how long a step is, in minutes, and how many there are.
pub(crate) const SPANS: [(&str, u64, u64); 3] = [("hour", 1, 60), ("day", 15, 96), ("week", 120, 84)];

/// How long a step may be, in minutes.
const STEPS: [u64; 8] = [1, 2, 5, 10, 15, 30, 60, 120];

/// The most steps that are drawn, if the longest ones do not take more.
const MOST: u64 = 96;

/// What is asked for: a span that ends now, or one from some instant to another.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    span: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// The span that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zoom {
    /// Its name, if it ends now.
    pub(crate) name: Option<&'static str>,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) window: Window,
}

impl Wanted {
    pub(crate) fn read(&self, now: Timestamp) -> Result<Zoom, Refused> {
        if !self.from.is_empty() || !self.to.is_empty() {
            return self.between(now);
        }
        let unknown = || {
            let names = SPANS.map(|(name, _, _)| format!("`{name}`")).join(", ");
            Refused::Illegal(format!("There is no span `{}`; use one of {names}.", shown(&self.span)))
        };
        let span = if self.span.is_empty() { SPANS[0].0 } else { &self.span };
        let (name, step, steps) = SPANS.into_iter().find(|(name, _, _)| *name == span).ok_or_else(unknown)?;
        let first = (minute(now) / step + 1).saturating_sub(steps);
        Ok(Zoom { name: Some(name), ..zoom(first * step, step, steps, now) })
    }

    /// Reads a span between two instants, the second of which is now where nothing is said.
    fn between(&self, now: Timestamp) -> Result<Zoom, Refused> {
        if !self.span.is_empty() {
            return Err(Refused::Illegal("`span` ends now; use it, or `from` and `to`.".to_owned()));
        }
        let read = |text: &str| {
            let instant = past(text, now);
            instant.map_err(|why| Refused::Illegal(format!("`from` and `to` each take {why}.")))
        };
        let to = if self.to.is_empty() { now } else { read(&self.to)?.min(now) };
        let from = read(&self.from)?.max(oldest(now));
        if from >= to {
            let why = "`from` has to be before `to`, and `to` within the last 7 days: minutes are kept for so long.";
            return Err(Refused::Illegal(why.to_owned()));
        }
        let (first, end) = (minute(from), minute(to.plus(Duration::from_secs(59))));
        let fits = |step: &u64| (end - first).div_ceil(*step) <= MOST;
        let step = STEPS.into_iter().find(fits).unwrap_or(120);
        let (first, end) = (first / step, end.div_ceil(step));
        Ok(zoom(first * step, step, end - first, now))
    }
}

/// Reads an instant, or how long ago it was.
fn past(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(span) = duration::parse(text.trim()) {
        return Ok(now.minus(span));
    }
    DateTime::parse_from_rfc3339(text.trim()).map(Timestamp::from).map_err(|_| {
        let text = shown(text);
        format!(
            "an instant, as in `2026-01-31T09:00:00Z`, or how long ago it was, as in `90m`, and not `{text}`"
        )
    })
}

/// Returns the minute of an instant, counted from 1970.
fn minute(at: Timestamp) -> u64 {
    at.as_millis() / 60_000
}

/// Returns the first instant of which the minute is kept.
fn oldest(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_mins(KEPT_MINUTES)).max(Timestamp::EPOCH)
}

/// Returns so many steps of so many minutes.
fn zoom(first: u64, step: u64, steps: u64, now: Timestamp) -> Zoom {
    let at = |minute| Timestamp::EPOCH.plus(Duration::from_mins(minute));
    let (from, end) = (at(first), at(first + step * steps));
    let until = end.minus(Duration::from_secs(1));
    let window =
        Window { until, step: Duration::from_mins(step), steps: usize::try_from(steps).unwrap_or(1) };
    Zoom { name: None, from, to: end.min(now), window }
}

impl Zoom {
    /// Returns other spans to look at, each with what leads there: nearer, farther, before and after.
    pub(crate) fn others(&self, now: Timestamp) -> Vec<(&'static str, Timestamp, Timestamp)> {
        let (from, to) = (self.from, self.to);
        let long = to.since(from);
        let (quarter, half) = (long / 4, long / 2);
        let oldest = oldest(now);
        let mut others = Vec::new();
        if long > 4 * Duration::from_mins(1) {
            others.push(("Zoom in", from.plus(quarter), to.minus(quarter)));
        }
        if from > oldest {
            others.push(("Zoom out", from.minus(half).max(oldest), to.plus(half).min(now)));
            others.push(("Earlier", from.minus(long).max(oldest), from));
        }
        if to < now {
            others.push(("Later", to, to.plus(long).min(now)));
        }
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_mins(minutes))
    }

    fn read(span: &str, from: &str, to: &str) -> Result<Zoom, String> {
        let wanted = Wanted { span: span.to_owned(), from: from.to_owned(), to: to.to_owned() };
        // 30 days after 1970 began, and 20 seconds.
        let now = at(30 * 24 * 60).plus(Duration::from_secs(20));
        wanted.read(now).map_err(|refused| refused.told().1)
    }

    fn told(zoom: &Zoom) -> (Option<&str>, u64, u64, usize) {
        let first = zoom.window.starts().next().unwrap();
        assert_eq!((first, zoom.window.starts().count()), (zoom.from, zoom.window.steps));
        (zoom.name, minute(zoom.from), zoom.window.step.as_secs() / 60, zoom.window.steps)
    }

    #[test]
    fn a_span_ends_now_or_where_one_says() {
        let day = 24 * 60;
        let end = 30 * day;
        assert_eq!(told(&read("", "", "").unwrap()), (Some("hour"), end - 59, 1, 60));
        assert_eq!(told(&read("day", "", "").unwrap()), (Some("day"), end - day + 15, 15, 96));
        assert_eq!(told(&read("week", "", "").unwrap()), (Some("week"), end - 7 * day + 120, 120, 84));
        assert_eq!(told(&read("", "90m", "").unwrap()), (None, end - 90, 1, 91));
        assert_eq!(told(&read("", "5h", "3h").unwrap()), (None, end - 300, 2, 61));
        let exact = read("", "1970-01-30T10:07:00Z", "1970-01-30T20:01:00Z").unwrap();
        assert_eq!(told(&exact), (None, 29 * day + 600, 10, 61));
        // What is not kept any more, and what is to come, is left out.
        let all = read("", "1970-01-01T00:00:00Z", "1980-01-01T00:00:00Z").unwrap();
        assert_eq!((all.window.step, all.window.steps), (Duration::from_hours(2), 85));
    }

    #[test]
    fn what_can_not_be_shown_says_why() {
        for (span, from, to, why) in [
            ("year", "", "", "There is no span `year`"),
            ("day", "1h", "", "`span` ends now"),
            ("", "soon", "", "`from` and `to` each take"),
            ("", "1h", "2h", "`from` has to be before `to`"),
            ("", "30d", "20d", "within the last 7 days"),
            ("", "", "1h", "`from` and `to` each take"),
        ] {
            let told = read(span, from, to).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn other_spans_are_nearer_farther_before_and_after() {
        let now = at(30 * 24 * 60);
        let zoom = zoom(minute(now) - 120, 1, 60, now);
        let back = |at: Timestamp| now.since(at).as_secs() / 60;
        let others: Vec<_> =
            zoom.others(now).into_iter().map(|(word, from, to)| (word, back(from), back(to))).collect();
        let expected = [("Zoom in", 105, 75), ("Zoom out", 150, 30), ("Earlier", 180, 120), ("Later", 60, 0)];
        assert_eq!(others, expected);
        let words = |zoom: Zoom| zoom.others(now).into_iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(words(super::zoom(minute(now) - KEPT_MINUTES, 120, 84, now)), ["Zoom in"]);
        assert_eq!(words(super::zoom(minute(now) - 2, 1, 2, now)), ["Zoom out", "Earlier"]);
    }
}
