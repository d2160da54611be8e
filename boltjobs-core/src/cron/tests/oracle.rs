//! What an expression should do, found the slow way: by looking at the clock at each minute (or second).

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::*;

/// An expression, and what it means in plain words.
pub(super) struct Case {
    pub(super) text: &'static str,
    pub(super) fixed: bool,
    pub(super) matches: fn(NaiveDateTime) -> bool,
}

/// A look at the local clock.
pub(super) struct Look {
    at: DateTime<Utc>,
    shown: NaiveDateTime,
    /// It showed this time before.
    again: bool,
    /// The times that it passed over since the last look.
    skipped: Vec<NaiveDateTime>,
}

/// Looks at the clock of `zone` from `from` to `to`.
pub(super) fn looks(zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>, step: TimeDelta) -> Vec<Look> {
    let mut looks = Vec::new();
    let mut latest: Option<NaiveDateTime> = None;
    let mut at = from;
    while at < to {
        let shown = at.with_timezone(&zone).naive_local();
        let mut skipped = Vec::new();
        if let Some(latest) = latest {
            let mut time = latest + step;
            while time < shown {
                skipped.push(time);
                time += step;
            }
        }
        let again = latest.is_some_and(|latest| shown <= latest);
        latest = latest.max(Some(shown));
        looks.push(Look { at, shown, again, skipped });
        at += step;
    }
    looks
}

/// The instants at which the case should fire.
pub(super) fn expected(case: &Case, looks: &[Look], dst: Dst) -> Vec<DateTime<Utc>> {
    let fires = |look: &&Look| {
        let now = (case.matches)(look.shown);
        match dst {
            Dst::Elapsed => now,
            _ if !case.fixed => now,
            Dst::SkipGap => now && !look.again,
            Dst::OncePerDay => {
                (now && !look.again) || look.skipped.iter().any(|&skipped| (case.matches)(skipped))
            }
        }
    };
    looks.iter().filter(fires).map(|look| look.at).collect()
}

/// Compares each case under each rule with the oracle, occurrence by occurrence, and if `starts` is given
/// from instants that far apart too.
pub(super) fn compare(cases: &[Case], zone: Tz, looks: &[Look], starts: Option<TimeDelta>) {
    let (from, to) = (looks[0].at, looks[looks.len() - 1].at);
    for case in cases {
        let cron = cron(case.text);
        for dst in [Dst::OncePerDay, Dst::Elapsed, Dst::SkipGap] {
            let expected = expected(case, looks, dst);
            let next = |after| cron.next_after(after, &zone.into(), dst).filter(|&at| at <= to);
            let before = from - TimeDelta::seconds(1);
            let actual: Vec<_> = std::iter::successors(next(before), |&at| next(at)).collect();
            if let Some(wrong) =
                (0..expected.len().max(actual.len())).find(|&i| expected.get(i) != actual.get(i))
            {
                let (expected, actual) = (expected.get(wrong), actual.get(wrong));
                panic!("`{}` in {zone} with {dst:?}: expected {expected:?}, not {actual:?}", case.text);
            }
            let mut start = from;
            while let Some(step) = starts.filter(|_| start < to) {
                let first = expected.iter().copied().find(|&at| at > start);
                assert_eq!(next(start), first, "`{}` in {zone} with {dst:?} after {start}", case.text);
                start += step;
            }
        }
    }
}
