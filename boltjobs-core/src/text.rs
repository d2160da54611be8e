//! How an error shows what somebody wrote.

/// The most characters that are shown of a text.
const LONGEST: usize = 200;

/// Returns a text as an error shows it: on one line, with what can't be seen made visible, and cut after 200 characters.
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    let mut characters = text.chars();
    for character in characters.by_ref().take(LONGEST) {
        match character {
            // It stands in backticks, so that quotes need no mark.
            '"' | '\'' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Makes all forms of a letter one, whatever stands beside it. In lower case alone `SS` would not be found in `ß`, nor a
/// sigma in the middle of a word by a text that ends with it.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_one_line_of_bounded_length() {
        assert_eq!(shown("30 s, or \"more\""), "30 s, or \"more\"");
        assert_eq!(shown("a\nb\u{1b}[31m\u{202e}"), "a\\nb\\u{1b}[31m\\u{202e}");
        assert_eq!(shown(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(shown(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    }

    /// Once for all that a person writes and an error repeats.
    #[test]
    fn an_error_is_one_short_line_whatever_was_written() {
        use crate::{
            JobId, backoff::Backoff, cron::Cron, cron::Zone, duration, rate::Rate, template, unique::Unique,
        };
        let long = format!("{{{}", "\u{1b}\n".repeat(5_000));
        let error = |result: Result<(), String>| result.unwrap_err();
        let held = Unique::key("a\n\u{1b}").states([]);
        for message in [
            error(duration::parse(&long).map(drop).map_err(|e| e.to_string())),
            error(Backoff::parse(&long).map(drop).map_err(|e| e.to_string())),
            error(Backoff::parse(&format!("fixed({long})")).map(drop).map_err(|e| e.to_string())),
            error(Rate::parse(&format!("1/{long}")).map(drop).map_err(|e| e.to_string())),
            error(Cron::parse(&long).map(drop).map_err(|e| e.to_string())),
            error(long.parse::<Zone>().map(drop).map_err(|e| e.to_string())),
            error(long.parse::<JobId>().map(drop).map_err(|e| e.to_string())),
            error(template::parse(&format!("{long}}}")).map(drop).map_err(|e| e.to_string())),
            error(held.validate().map_err(|e| e.to_string())),
        ] {
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(message.len() < 4_000, "{} bytes", message.len());
        }
    }
}
