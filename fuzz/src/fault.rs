//! What every message of a fault must be.

use proptest::prelude::*;

/// The most bytes of a message, however long the text is that it speaks of.
const LONGEST: usize = 6_000;

/// Checks that a message is one line of bounded length in the style of the house, and that it names the value that is at
/// fault in backticks; a value that can't be shown as it is only has to be named somehow.
///
/// # Errors
/// What is wrong with it.
pub fn reads_well(message: &str, value: &str) -> Result<(), TestCaseError> {
    let first = message.chars().next();
    let begins = first.is_some_and(|first| first.is_lowercase() || ['`', '@'].contains(&first));
    prop_assert!(begins, "begins in upper case, or not at all: {message:?}");
    prop_assert!(!message.ends_with('.'), "ends in a period: {message:?}");
    prop_assert!(
        message.len() <= LONGEST,
        "{} bytes: {}",
        message.len(),
        &message.chars().take(300).collect::<String>()
    );
    prop_assert!(
        !message.contains(|c: char| c.is_control() || c == '\u{2028}'),
        "more than a line: {message:?}"
    );
    let plain =
        !value.is_empty() && value.len() < 100 && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain && !value.contains('\\') {
        prop_assert!(message.contains(&format!("`{value}`")), "does not name `{value}`: {message}");
    }
    Ok(())
}
