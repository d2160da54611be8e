//! An error, as the history of a job keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most bytes that the history keeps of the message of an error, and of each cause; a longer one ends in `…`.
pub const LONGEST_ERROR: usize = 8 << 10;

/// Cuts a text between two characters.
pub(crate) fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most - '…'.len_utf8()));
        text.push('…');
    }
}

/// An error, as the history keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// The name of its type.
    pub kind: String,
    /// Its text.
    pub message: String,
    /// The texts of its sources, nearest first.
    pub causes: Vec<String>,
    /// Where a panic came from.
    pub backtrace: Option<String>,
}

impl ErrorInfo {
    /// Makes an error without causes.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into(), causes: Vec::new(), backtrace: None }
    }

    /// Cuts its texts to what is kept: each row of a history may have them.
    pub(crate) fn shorten(&mut self) {
        for text in self.causes.iter_mut().chain([&mut self.message]) {
            cut(text, LONGEST_ERROR);
        }
    }

    pub(super) fn weight(&self) -> usize {
        let causes: usize = self.causes.iter().map(String::len).sum();
        self.kind.len() + self.message.len() + causes + self.backtrace.as_ref().map_or(0, String::len)
    }
}

impl fmt::Display for ErrorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}
