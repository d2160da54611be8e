//! What a job notes while it runs: the steps that it has finished, how far it is, its log.
//!
//! It is kept apart from the [`Job`](crate::job::Job), so that a job which notes nothing pays for nothing.

mod log;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use log::{LOG_BYTES, LOG_LINES, Log, LogLevel, LogLine};

use crate::Timestamp;

/// The bars that a job keeps: the latest ones.
pub const BARS: usize = 100;

/// Everything that a job has noted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notes {
    /// The steps that have finished, in that order.
    pub steps: Vec<Step>,
    /// How far it is, by its latest word.
    pub progress: Option<Progress>,
    /// The same for each of its parts, in the order in which they began: the latest [`BARS`].
    pub bars: Vec<Bar>,
    /// Its log.
    pub log: Log,
}

/// One thing that a running job notes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Note {
    /// A step has finished; it replaces the one of its name.
    Step(Step),
    /// How far the job is; it replaces what was said before.
    Progress(Progress),
    /// How far a part is; it replaces what was said of that part.
    Bar(Bar),
    /// More lines for the log.
    Lines(Vec<LogLine>),
}

/// A part of a job that is done once, however often the job is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name, which no other step of the job has.
    pub name: String,
    /// What came of it, as JSON.
    #[serde(with = "crate::bytes")]
    pub result: Arc<[u8]>,
    /// How long it took.
    pub took: Duration,
    /// When it had finished.
    pub at: Timestamp,
    /// The attempt that did it.
    pub attempt: u32,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 100.
    pub percent: u8,
    /// What it is at, for people.
    pub message: String,
    /// When it said so.
    pub at: Timestamp,
}

/// How far a part of a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Its name, which no other bar of the job has.
    pub name: String,
    /// How much is done.
    pub done: u64,
    /// How much there is to do.
    pub total: u64,
}

impl Notes {
    /// Takes a note.
    pub fn take(&mut self, note: Note) {
        match note {
            Note::Step(step) => match self.steps.iter_mut().find(|known| known.name == step.name) {
                Some(known) => *known = step,
                None => self.steps.push(step),
            },
            Note::Progress(progress) => self.progress = Some(progress),
            Note::Bar(bar) => self.take_bar(bar),
            Note::Lines(lines) => self.log.extend(lines),
        }
    }

    fn take_bar(&mut self, bar: Bar) {
        if let Some(known) = self.bars.iter_mut().find(|known| known.name == bar.name) {
            *known = bar;
            return;
        }
        if self.bars.len() == BARS {
            self.bars.remove(0);
        }
        self.bars.push(bar);
    }

    /// Estimates the bytes that the record takes on disk.
    pub fn weight(&self) -> usize {
        let steps: usize = self.steps.iter().map(|step| step.name.len() + step.result.len() + 18).sum();
        let progress = self.progress.as_ref().map_or(0, |progress| progress.message.len() + 12);
        let bars: usize = self.bars.iter().map(|bar| bar.name.len() + 5).sum();
        steps + progress + bars + self.log.weight() + 30
    }
}
