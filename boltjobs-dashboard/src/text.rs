//! How numbers, spans and texts are written.

use std::borrow::Cow;
use std::time::Duration;

use boltjobs_core::{Timestamp, duration};

/// The most names that a sentence lists.
const NAMES: usize = 5;

/// Writes a span as exactly as people care: to the millisecond below ten seconds, to the second above.
pub(crate) fn span(span: Duration) -> String {
    if span > Duration::ZERO && span < Duration::from_millis(1) {
        return "under 1ms".to_owned();
    }
    let exact = span < Duration::from_secs(10);
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    duration::format(Duration::from_millis(if exact { millis } else { millis - millis % 1_000 }))
}

/// Writes how long something is kept: in days where these are whole, as people say it, else as a span.
pub(crate) fn days(kept: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let whole = kept >= Duration::from_secs(DAY) && kept.as_secs().is_multiple_of(DAY);
    if whole { counted(kept.as_secs() / DAY, "day") } else { span(kept) }
}

/// Writes how far an instant is from now: to the second within an hour, to the minute within a day, to the hour beyond.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let span = if at > now { at.since(now) } else { now.since(at) };
    let seconds = span.as_secs();
    let unit = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 60,
        86_400.. => 3_600,
    };
    let span = duration::format(Duration::from_secs(seconds - seconds % unit));
    if at > now { format!("in {span}") } else { format!("{span} ago") }
}

/// Makes a sentence of what an error says.
pub(crate) fn as_sentence(error: &str) -> String {
    let mut letters = error.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// Writes a number of things.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Writes a number of bytes: to the tenth of a MiB below ten of them, to the MiB above.
pub(crate) fn bytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    if tenths < 100 { format!("{}.{} MiB", tenths / 10, tenths % 10) } else { format!("{} MiB", tenths / 10) }
}

/// Lists names; `None` when there are none.
pub(crate) fn names<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<_> = names.collect();
    let shown: Vec<_> = names.iter().take(NAMES).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(NAMES) {
        _ if names.is_empty() => None,
        0 => Some(shown.join(", ")),
        more => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// Cuts a text that is longer than so many characters, and says so.
pub(crate) fn clip(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            Cow::Owned(format!("{}… ({more} more characters)", &text[..end]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_exact_as_people_care() {
        assert_eq!(span(Duration::from_micros(1_234_567)), "1s234ms");
        assert_eq!(span(Duration::from_millis(61_999)), "1m1s");
        assert_eq!([Duration::ZERO, Duration::from_nanos(1)].map(span), ["0s", "under 1ms"]);
        assert_eq!(
            [24, 90 * 24, 25, 1].map(|hours| days(Duration::from_hours(hours))),
            ["1 day", "90 days", "1d1h", "1h"]
        );
        let now = Timestamp::EPOCH.plus(Duration::from_mins(2));
        assert_eq!(relative(Timestamp::EPOCH, now), "2m ago");
        assert_eq!(relative(now, Timestamp::EPOCH), "in 2m");
        for (seconds, text) in [(0, "0s ago"), (9, "in 9s"), (3_661, "in 1h1m"), (86_400 + 7_299, "in 1d2h")]
        {
            let at =
                Timestamp::EPOCH.plus(Duration::from_millis(seconds * 1_000 + 999 * u64::from(seconds > 0)));
            assert_eq!(relative(at, Timestamp::EPOCH), text);
        }
    }

    #[test]
    fn long_lists_and_texts_say_what_is_left_out() {
        assert_eq!(names([].into_iter()), None);
        assert_eq!(names(["a", "b"].into_iter()).unwrap(), "`a`, `b`");
        assert_eq!(names(["x"; 7].into_iter()).unwrap(), "`x`, `x`, `x`, `x`, `x` and 2 more");
        assert_eq!([0, 5 << 18, 700 << 20].map(bytes), ["0.0 MiB", "1.2 MiB", "700 MiB"]);
        assert_eq!(clip("né", 2), "né");
        assert_eq!(clip("néant", 2), "né… (3 more characters)");
    }
}
