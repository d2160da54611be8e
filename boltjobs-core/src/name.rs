//! What queues, requests and recurring jobs may be called.

use std::sync::{Arc, LazyLock};

use thiserror::Error;

use crate::job::DEFAULT_QUEUE;
use crate::text::shown;

const QUEUE_MAX: usize = 64;
const LONG_MAX: usize = 200;

/// Returns the name of the default queue, of which there is one copy.
pub fn default_queue() -> Arc<str> {
    static NAME: LazyLock<Arc<str>> = LazyLock::new(|| DEFAULT_QUEUE.into());
    Arc::clone(&NAME)
}

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name of a queue breaks its rule.
    #[error("invalid queue name `{}`; use 1 to 64 of the characters a-z, 0-9, `_` and `-`", shown(.name))]
    Queue {
        /// The name as it was given.
        name: String,
    },
    /// The name of a request breaks its rule.
    #[error(
        "invalid request name `{}`; use 1 to 200 characters, none of them a space or control character",
        shown(.name)
    )]
    Request {
        /// The name as it was given.
        name: String,
    },
    /// The id of a recurring job breaks its rule.
    #[error(
        "invalid recurring id `{}`; use 1 to 200 characters, not all of them spaces and none a control \
         character",
        shown(.name)
    )]
    RecurringId {
        /// The id as it was given.
        name: String,
    },
}

/// Checks the name of a queue: 1 to 64 of the characters `a-z`, `0-9`, `_` and `-`.
///
/// # Errors
///
/// Names `name` and the rule that it breaks.
///
/// # Examples
///
/// ```
/// use boltjobs_core::name::validate_queue;
/// assert!(validate_queue("mail-2").is_ok());
/// assert!(validate_queue("Mail").is_err());
/// ```
pub fn validate_queue(name: &str) -> Result<(), NameError> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if (1..=QUEUE_MAX).contains(&name.len()) && name.bytes().all(legal) {
        return Ok(());
    }
    Err(NameError::Queue { name: name.to_owned() })
}

/// Checks the name of a request: 1 to 200 characters, no whitespace and no control characters.
///
/// # Errors
///
/// Names `name` and the rule that it breaks.
pub fn validate_request(name: &str) -> Result<(), NameError> {
    if is_long_enough(name) && !name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    Err(NameError::Request { name: name.to_owned() })
}

/// Checks the id of a recurring job: 1 to 200 characters, not blank, no control characters.
///
/// # Errors
///
/// Names `id` and the rule that it breaks.
pub fn validate_recurring_id(id: &str) -> Result<(), NameError> {
    if is_long_enough(id) && !id.trim().is_empty() && !id.chars().any(char::is_control) {
        return Ok(());
    }
    Err(NameError::RecurringId { name: id.to_owned() })
}

fn is_long_enough(name: &str) -> bool {
    // The bytes are looked at first, so that a text of megabytes is not counted through.
    name.len() <= 4 * LONG_MAX && (1..=LONG_MAX).contains(&name.chars().count())
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_takes_lower_case_digits_and_two_marks() {
        let longest = "q".repeat(64);
        for name in ["a", "default", "mail_2", "a-b", "0", longest.as_str()] {
            assert_eq!(validate_queue(name), Ok(()), "{name}");
        }
        let too_long = "q".repeat(65);
        for name in ["", "Mail", "a b", "a.b", "mål", "a\n", too_long.as_str()] {
            assert!(validate_queue(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_request_takes_anything_without_spaces() {
        let longest = "ø".repeat(200);
        for name in ["school.enroll", "my_crate::Enroll", "påmelding", longest.as_str()] {
            assert_eq!(validate_request(name), Ok(()), "{name}");
        }
        let too_long = "ø".repeat(201);
        for name in ["", "a b", "a\u{a0}b", "a\tb", "a\u{7f}", too_long.as_str()] {
            assert!(validate_request(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_recurring_id_takes_spaces_but_not_only_spaces() {
        for id in ["nightly", "nightly report", "10 min / mail", &"x".repeat(200)] {
            assert_eq!(validate_recurring_id(id), Ok(()), "{id}");
        }
        for id in ["", "   ", "a\nb", "a\0", &"x".repeat(201)] {
            assert!(validate_recurring_id(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_fault_names_the_text_and_the_rule() {
        assert_eq!(
            validate_queue("My Mail\n").unwrap_err().to_string(),
            "invalid queue name `My Mail\\n`; use 1 to 64 of the characters a-z, 0-9, `_` and `-`"
        );
        assert_eq!(
            validate_request("").unwrap_err().to_string(),
            "invalid request name ``; use 1 to 200 characters, none of them a space or control character"
        );
        assert_eq!(
            validate_recurring_id(" ").unwrap_err().to_string(),
            "invalid recurring id ` `; use 1 to 200 characters, not all of them spaces and none a control character"
        );
    }

    #[test]
    fn a_fault_shows_at_most_200_characters_of_the_text() {
        let message = validate_request(&"y".repeat(1_000_000)).unwrap_err().to_string();
        assert!(message.contains(&format!("`{}…`", "y".repeat(200))), "{message}");
    }
}
