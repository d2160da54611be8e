//! When something recurs: cron expressions, time zones, and what happens when clocks are changed.
//!
//! # Five fields, or six
//!
//! | field | values | also |
//! |---|---|---|
//! | second (only if there are six fields) | 0 to 59 | |
//! | minute | 0 to 59 | |
//! | hour | 0 to 23 | |
//! | day of the month | 1 to 31 | `?`, `L`, `L-3`, `15W`, `LW` |
//! | month | 1 to 12, `JAN` to `DEC` | |
//! | day of the week | 0 to 7, `SUN` to `SAT`; 0 and 7 are Sunday | `?`, `FRIL`, `5L`, `FRI#2`, `5#2` |
//!
//! A field is a list of values, joined by commas; names may be in any case.
//!
//! - `*` is every value, `a-b` a range, which may wrap (`22-2`, `FRI-MON`); `a-b/n`, `*/n` and `a/n` (from
//!   `a` to the last value) take every `n`th of them. A wrapped range goes on counting its steps over the
//!   end.
//! - `?` is `*`, for either day field, alone.
//! - `L` is the last day of the month, `L-3` the third before it, `LW` its last day from Monday to Friday.
//! - `15W` is the day from Monday to Friday that is nearest to the 15th, in the same month. A month without
//!   that day has none.
//! - `FRIL` is the last Friday of the month, `FRI#2` the second. A month without a fifth has none.
//!
//! As in Unix cron, when both day fields are restricted a day matches if **either** does: `0 9 13 * FRI` is
//! the 13th, and every Friday. A day field that starts with `*` (`*/2` too) or is `?` is not restricted, and
//! then both must match.
//!
//! # Shorthands
//!
//! `@secondly`, `@minutely`, `@hourly`, `@daily` or `@midnight`, `@weekly` (on Sunday), `@monthly`, `@yearly`
//! or `@annually`, all at the first moment of their period; `@never`, which does not fire; and `@every 90s`,
//! which fires that long after the previous time, whatever the clocks on the wall show.
//!
//! # When clocks are changed
//!
//! An expression names times of a local clock, and [`Dst`] says what becomes of those that the clock skips or
//! shows twice.
//!
//! # From 1970 to 2100
//!
//! An expression fires in these years of the local clock and in no other, as the calendar beneath goes no
//! further. One that can't fire, such as `0 0 31 2 *`, is allowed: its next time is `None`, found after a
//! bounded search.

mod day;
mod dst;
mod error;
mod field;
mod parse;
mod schedule;
#[cfg(test)]
mod tests;
mod timeline;
mod upcoming;
mod words;
mod zone;

pub use dst::Dst;
pub use error::CronError;
pub use schedule::Cron;
pub use upcoming::Upcoming;
pub use zone::{Zone, ZoneError};
