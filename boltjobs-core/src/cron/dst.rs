//! From the times of a local clock to instants, where the clock is changed.
//!
//! A clock that is set forward leaves a *gap*: times that it never shows. One that is set back leaves an
//! *overlap*: times that it shows twice, in a first and in a second pass. Everywhere else a time is one
//! instant.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Serialize};

use super::timeline::Timeline;
use crate::sabotage::{self, Bug};

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// What happens to the times that a clock skips, or shows twice, when it is set forward or back.
///
/// An expression is *fixed* if its minute and hour hold only values and lists of values, as in `30 2 * * *`
/// or `0 6,18 * * *`. It *floats* if either holds a `*`, a range or a step, as in `*/15 * * * *` or
/// `0 9-17 * * *`. The other fields do not count. A change by half an hour or by a whole day is treated like
/// one by an hour.
///
/// | | fixed, in a gap | fixed, in an overlap | floating |
/// |---|---|---|---|
/// | `OncePerDay` | once, at the end of the gap | in the first pass | as time elapses |
/// | `SkipGap` | not at all | in the first pass | as time elapses |
/// | `Elapsed` | not at all | in both passes | as time elapses |
///
/// *As time elapses* means: at each instant at which the local clock shows a time that matches. Such an
/// expression fires in both passes of an overlap, and does not catch up on a gap: `*/15 * * * *` fires every
/// 15 minutes all through a night in which clocks are changed by an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dst {
    /// A fixed time fires once on each day that it names: if clocks skip it, at the first instant after the
    /// gap; if they show it twice, at the first. All times in one gap are one occurrence, together with one
    /// that is due at its end anyhow.
    #[default]
    OncePerDay,
    /// Every expression follows elapsed time, the fixed ones too: a time that is shown twice fires twice, and
    /// one that is skipped does not fire.
    Elapsed,
    /// As `OncePerDay`, but a fixed time that is skipped does not fire on that day.
    SkipGap,
}

/// Returns the first instant after `after` at which `timeline` fires; `floating` says whether its expression
/// floats.
pub(super) fn next_after(
    timeline: &Timeline,
    floating: bool,
    after: DateTime<Utc>,
    zone: Tz,
    dst: Dst,
) -> Option<DateTime<Utc>> {
    match dst {
        Dst::OncePerDay if !floating && !sabotage::is(Bug::DoubleFireInOverlap) => {
            fixed(timeline, after, zone, !sabotage::is(Bug::LostInGap))
        }
        Dst::SkipGap if !floating => fixed(timeline, after, zone, false),
        Dst::OncePerDay | Dst::SkipGap | Dst::Elapsed => elapsed(timeline, after, zone),
    }
}

/// Goes along the local times, which come in the order of their first instants.
fn fixed(timeline: &Timeline, after: DateTime<Utc>, zone: Tz, at_gap_end: bool) -> Option<DateTime<Utc>> {
    let mut cursor = local(after, zone);
    loop {
        let time = timeline.next_after(cursor)?;
        cursor = time;
        let instant = match instants(time, zone) {
            MappedLocalTime::Single(instant) | MappedLocalTime::Ambiguous(instant, _) => Some(instant),
            MappedLocalTime::None => {
                let end = gap_end(time, zone);
                cursor = end.map_or(time, |end| local(end, zone) - SECOND);
                end.filter(|_| at_gap_end)
            }
        };
        // In the second pass of an overlap, the times that are left of it have fired in the first.
        if let Some(instant) = instant.filter(|&instant| instant > after) {
            return Some(instant);
        }
    }
}

/// Goes along the instants. They leave the order of local times only where an overlap begins again.
fn elapsed(timeline: &Timeline, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
    let mut cursor = local(after, zone);
    if let MappedLocalTime::Ambiguous(first, second) = instants(cursor, zone)
        && first == after
    {
        let turn = turn(first, second, zone);
        let rest_of_first_pass = timeline.next_after(cursor).map(|time| after + (time - cursor));
        if let Some(instant) = rest_of_first_pass.filter(|&instant| instant < turn) {
            return Some(instant);
        }
        cursor = local(turn, zone) - SECOND;
    }
    loop {
        let time = timeline.next_after(cursor)?;
        match instants(time, zone) {
            MappedLocalTime::Single(instant) => return Some(instant),
            MappedLocalTime::Ambiguous(first, second) => {
                return Some(if first > after { first } else { second });
            }
            MappedLocalTime::None => {
                cursor = gap_end(time, zone).map_or(time, |end| local(end, zone) - SECOND);
            }
        }
    }
}

fn local(instant: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    instant.with_timezone(&zone).naive_local()
}

fn instants(time: NaiveDateTime, zone: Tz) -> MappedLocalTime<DateTime<Utc>> {
    zone.from_local_datetime(&time).map(|instant| instant.with_timezone(&Utc))
}

/// The first instant after the gap that `time` is in.
fn gap_end(time: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    // The gap begins, by the clock as it was, at the very instant at which it ends.
    let (begin, offset) = GapInfo::new(&time, &zone)?.begin?;
    offset.fix().from_local_datetime(&begin).single().map(|instant| instant.with_timezone(&Utc))
}

/// The instant at which the second pass of an overlap begins, given one of its times in both passes.
fn turn(first: DateTime<Utc>, second: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let offset = |instant: DateTime<Utc>| zone.offset_from_utc_datetime(&instant.naive_utc()).fix();
    let before = offset(first);
    let (mut low, mut high) = (first.timestamp(), second.timestamp());
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        match DateTime::from_timestamp(middle, 0) {
            Some(instant) if offset(instant) == before => low = middle,
            _ => high = middle,
        }
    }
    DateTime::from_timestamp(high, 0).unwrap_or(second)
}
