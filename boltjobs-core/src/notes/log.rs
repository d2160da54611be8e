//! A log that does not grow without end, and still says how it began.

use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The lines that a log keeps.
pub const LOG_LINES: usize = 1_000;

/// The bytes that a log keeps.
pub const LOG_BYTES: usize = 256 << 10;

/// What a job has logged: at most [`LOG_LINES`] lines of at most [`LOG_BYTES`] bytes together.
///
/// When it is full, lines of earlier attempts go first, the oldest before the others. Of an attempt that fills it alone
/// the first half and the latest half stay. Each line says how many are missing before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The lines of earlier attempts, and then the first half of the latest one.
    first: VecDeque<LogLine>,
    /// The rest of the latest one.
    last: VecDeque<LogLine>,
    /// The latest attempt.
    attempt: u32,
    /// The lines of the latest attempt in `first`, and their bytes.
    head: (usize, usize),
    bytes: usize,
}

/// One line of the log of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// Where it comes from: by default the module.
    pub target: String,
    /// Its text, with its fields behind it as `name=value`.
    pub message: String,
    /// The attempt that wrote it.
    pub attempt: u32,
    /// How many lines before it were not kept.
    pub skipped: u64,
}

/// How much a line of a log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something may be wrong.
    Warn,
    /// Something worth knowing happened.
    Info,
    /// For whoever looks for a fault.
    Debug,
    /// Every detail.
    Trace,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        })
    }
}

impl LogLine {
    pub(super) fn weight(&self) -> usize {
        self.target.len() + self.message.len() + 14
    }
}

impl Log {
    /// Adds a line.
    pub fn push(&mut self, line: LogLine) {
        if line.attempt != self.attempt {
            self.first.append(&mut self.last);
            (self.attempt, self.head) = (line.attempt, (0, 0));
        }
        let weight = line.weight();
        self.bytes += weight;
        let (lines, bytes) = (self.head.0 + 1, self.head.1 + weight);
        if self.last.is_empty() && lines <= LOG_LINES / 2 && bytes <= LOG_BYTES / 2 {
            self.head = (lines, bytes);
            self.first.push_back(line);
        } else {
            self.last.push_back(line);
        }
        while self.len() > LOG_LINES || self.bytes > LOG_BYTES {
            self.skip_one();
        }
    }

    fn skip_one(&mut self) {
        let earlier = self.first.len() > self.head.0;
        let gone = if earlier { self.first.pop_front() } else { self.last.pop_front() };
        let Some(gone) = gone else { return };
        self.bytes -= gone.weight();
        let next = if earlier { self.first.front_mut() } else { None };
        if let Some(next) = next.or_else(|| self.last.front_mut()) {
            next.skipped += gone.skipped + 1;
        }
    }

    /// Returns the lines, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &LogLine> {
        self.first.iter().chain(&self.last)
    }

    /// Returns how many lines there are.
    pub fn len(&self) -> usize {
        self.first.len() + self.last.len()
    }

    /// Says whether nothing was logged.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the lines out, oldest first.
    pub fn into_lines(self) -> Vec<LogLine> {
        self.first.into_iter().chain(self.last).collect()
    }

    pub(super) fn weight(&self) -> usize {
        self.bytes
    }
}

impl Extend<LogLine> for Log {
    fn extend<I: IntoIterator<Item = LogLine>>(&mut self, lines: I) {
        lines.into_iter().for_each(|line| self.push(line));
    }
}
