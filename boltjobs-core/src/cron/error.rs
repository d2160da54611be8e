//! Why a text is not a cron expression.

use thiserror::Error;

use crate::duration::DurationError;
use crate::text::shown;

/// Why a text is not a cron expression. Each message reads well alone, as the error of a compiler does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CronError {
    /// Nothing was written.
    #[error(
        "empty cron expression; write five fields, as in `0 9 * * MON-FRI`, or a shorthand such as `@daily`"
    )]
    Empty,
    /// There are not five and not six fields.
    #[error(
        "cron `{text}` has {count} fields; {}",
        if *.count == 7 {
            "there is no field for the year, write 5, or 6 with seconds first"
        } else {
            "write 5, as in `0 9 * * MON-FRI`, or 6 with seconds first"
        },
        text = shown(.text)
    )]
    FieldCount {
        /// The expression.
        text: String,
        /// How many fields it has.
        count: usize,
    },
    /// A field holds something that it can't.
    #[error("invalid {field} `{part}` in cron `{text}`; {mend}", text = shown(.text), part = shown(.part))]
    Field {
        /// The expression.
        text: String,
        /// The name of the field, such as `minute`.
        field: &'static str,
        /// What is wrong in it.
        part: String,
        /// What to write instead.
        mend: String,
    },
    /// It starts with `@`, but is none of the shorthands.
    #[error(
        "unknown cron shorthand `{text}`; write @secondly, @minutely, @hourly, @daily, @midnight, @weekly, @monthly, \
         @yearly, @annually, @never, or an interval such as `@every 90s`",
        text = shown(.text)
    )]
    UnknownShorthand {
        /// The expression.
        text: String,
    },
    /// The interval of `@every` is not a duration.
    #[error("cron `{text}`: {source}", text = shown(.text))]
    Interval {
        /// The expression.
        text: String,
        /// What is wrong with the interval.
        #[source]
        source: DurationError,
    },
    /// The interval of `@every` is zero or too long.
    #[error("interval out of range in cron `{text}`; write 1ms to 36500d", text = shown(.text))]
    IntervalRange {
        /// The expression.
        text: String,
    },
    /// The calendar beneath did not take the expression: a fault of ours.
    #[error(
        "cron `{text}` could not be compiled ({reason}); please report this as a bug of boltjobs",
        text = shown(.text)
    )]
    Unsupported {
        /// The expression.
        text: String,
        /// What the calendar said.
        reason: String,
    },
}
