mod clocks;
mod dialect;
mod faults;
mod fuzz;
mod oracle;
mod random;
mod shorthands;
mod zones;

use chrono::{DateTime, TimeZone as _, Utc};

use super::{Cron, Dst, Zone};

fn cron(text: &str) -> Cron {
    Cron::parse(text).unwrap()
}

fn utc(year: i32, month: u32, day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, month, day, hour, minute, 0).unwrap()
}

/// The first instants in UTC, as `year-month-day hour:minute:second`.
fn times(text: &str, after: DateTime<Utc>, count: usize) -> Vec<String> {
    let upcoming = cron(text).upcoming(after, Utc).take(count);
    upcoming.map(|at| at.format("%F %T").to_string()).collect()
}
