//! Something that is done to all jobs that match a query, in the background.
//!
//! An operation is a document of the store, and goes on where it was after a restart. [`Operations`] works on those of one
//! process.

mod acting;
mod back;
mod marked;
mod running;
mod skip;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::{Document, DocumentQuery, JobFilter, Store, StoreError};
use crate::text::shown;
use crate::{JobId, JobState, Timestamp, name, priority};

pub use running::{Operations, Worker};
pub use skip::{NAMED, Skip, Skipped, Skips};

/// The most operations that are kept, the latest ones.
const KEPT: usize = 200;

/// The most jobs that can be taken back.
pub const BACK: usize = 10_000;

/// For how long they can be, after the operation has ended.
pub const BACK_FOR: Duration = Duration::from_mins(10);

const PREFIX: &str = "operation/";

/// What is done to many jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bulk {
    /// They are enqueued again, as by [`Action::Requeue`](crate::store::Action::Requeue).
    Requeue,
    /// They are deleted. Those that waited can be taken back for a while.
    Delete,
    /// Those that wait or have failed go to this queue. It can be taken back for a while.
    Move(Arc<str>),
    /// Those that wait or have failed get this priority: -100 to 100. It can be taken back for a while.
    Prioritize(i8),
}

impl Bulk {
    /// Reads what is to be done, and what to: `move` takes the name of a queue, `prioritize` a priority, `requeue` and
    /// `delete` nothing.
    ///
    /// # Errors
    /// Says what can't be read, and what to write.
    pub fn read(action: &str, to: &str) -> Result<Self, String> {
        match (action, to) {
            ("requeue", "") => Ok(Self::Requeue),
            ("delete", "") => Ok(Self::Delete),
            ("requeue" | "delete", _) => {
                Err(format!("`to` is for `move` and `prioritize`, and not for `{action}`"))
            }
            ("move", queue) => {
                name::validate_queue(queue).map_err(|error| error.to_string())?;
                Ok(Self::Move(queue.into()))
            }
            ("prioritize", number) => {
                let number: i32 = number.parse().map_err(|_| {
                    format!("`{}` is no priority; use -100 to 100, higher goes first", shown(number))
                })?;
                priority::legal(number).map(Self::Prioritize)
            }
            (other, _) => Err(format!(
                "there is no action `{}`; use `requeue`, `delete`, `move` or `prioritize`",
                shown(other)
            )),
        }
    }

    /// Returns its name, as in `requeue`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Requeue => "requeue",
            Self::Delete => "delete",
            Self::Move(_) => "move",
            Self::Prioritize(_) => "prioritize",
        }
    }

    /// Returns what it is done to, as [`read`](Self::read) takes it; nothing for most.
    pub fn to(&self) -> String {
        match self {
            Self::Requeue | Self::Delete => String::new(),
            Self::Move(queue) => queue.to_string(),
            Self::Prioritize(priority) => priority.to_string(),
        }
    }

    /// Says whether it does anything to a job in a state.
    pub fn concerns(&self, state: JobState) -> bool {
        match (self, state) {
            (Self::Requeue, JobState::Enqueued | JobState::Processing)
            | (Self::Delete, JobState::Deleted | JobState::Succeeded)
            | (
                Self::Move(_) | Self::Prioritize(_),
                JobState::Processing | JobState::Succeeded | JobState::Deleted,
            ) => false,
            (
                _,
                JobState::Awaiting
                | JobState::Scheduled
                | JobState::Enqueued
                | JobState::Processing
                | JobState::Succeeded
                | JobState::Failed
                | JobState::Deleted,
            ) => true,
        }
    }
}

/// How far an operation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It goes from job to job.
    Running,
    /// Somebody let it pause.
    Paused,
    /// It goes no further; with why.
    Stopped(String),
    /// It has come to its end.
    Finished,
    /// It was taken back; with how many jobs are again what they were.
    Undone(u64),
}

impl Status {
    /// Returns a word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped(_) => "stopped",
            Self::Finished => "finished",
            Self::Undone(_) => "taken back",
        }
    }

    /// Says whether it has anything left to do.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// What somebody wants done to many jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub bulk: Bulk,
    /// To which jobs.
    pub filter: JobFilter,
    /// Whether it waits for what came of the first ones before it goes on.
    pub careful: bool,
    /// Whether it begins only once another version of the program is there, see [`deploy`](crate::deploy).
    pub held: bool,
    /// The most jobs.
    pub limit: Option<u64>,
    /// Who wants it.
    pub actor: String,
}

/// The record of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its id. Ids sort by when they were made.
    pub id: JobId,
    /// What is done.
    pub bulk: Bulk,
    /// To which jobs, as it is typed; spans until now have become instants when it was begun.
    pub query: String,
    /// Whether it was done to jobs that somebody had marked, and not to those of a query.
    #[serde(default)]
    pub marked: bool,
    /// Whether it waits for what came of the first ones before it goes on.
    pub careful: bool,
    /// Whether it waits for another version of the program before it begins.
    #[serde(default)]
    pub held: bool,
    /// The most jobs.
    pub limit: Option<u64>,
    /// Who wanted it.
    pub actor: String,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// How many jobs matched when it was begun.
    pub planned: u64,
    /// For how many it happened.
    pub done: u64,
    /// For how many it did not: their state does not allow it, or they had changed meanwhile.
    pub skipped: u64,
    /// Which these are, and why. Operations of earlier releases do not tell.
    #[serde(default)]
    pub skips: Skips,
    /// How many of those that were watched succeeded.
    #[serde(default)]
    pub watched: u64,
    /// Where it goes on.
    pub after: Option<JobId>,
    /// How far it is.
    pub status: Status,
    /// The jobs that stayed as they were when it was taken back, as others had changed them since.
    #[serde(default)]
    pub left: Skips,
}

impl Operation {
    /// Says until when it can be taken back, if it ever could be.
    pub fn undo_until(&self) -> Option<Timestamp> {
        let ended = self.ended_at.filter(|_| self.bulk != Bulk::Requeue && self.done > 0)?;
        let open = !matches!(self.status, Status::Undone(_));
        open.then(|| ended.plus(BACK_FOR))
    }

    fn key(id: JobId) -> Arc<str> {
        format!("{PREFIX}{id}").into()
    }

    fn document(&self) -> Document {
        // It can't fail for what it is made of.
        let text = serde_json::to_string(self).unwrap_or_default();
        Document { key: Self::key(self.id), text: text.into() }
    }
}

/// Returns all operations, the latest first.
///
/// # Errors
/// When the store can't answer.
pub async fn all(store: &dyn Store) -> Result<Vec<Operation>, StoreError> {
    let query = DocumentQuery {
        prefix: PREFIX.into(),
        last_first: true,
        limit: 2 * KEPT,
        ..DocumentQuery::default()
    };
    let found = store.documents(query).await?;
    Ok(found.iter().filter_map(|document| serde_json::from_str(&document.text).ok()).collect())
}

/// Returns one operation.
///
/// # Errors
/// When the store can't answer.
pub async fn find(store: &dyn Store, id: JobId) -> Result<Option<Operation>, StoreError> {
    let query = DocumentQuery { prefix: Operation::key(id), limit: 1, ..DocumentQuery::default() };
    let found = store.documents(query).await?;
    Ok(found.first().and_then(|document| serde_json::from_str(&document.text).ok()))
}

/// Keeps a new operation, and lets go of the oldest ones and of what can't be taken back any more.
async fn begin(store: &dyn Store, operation: &Operation) -> Result<(), StoreError> {
    let all = all(store).await?;
    let over = all.iter().filter(|it| it.undo_until().is_none_or(|until| until < operation.started_at));
    for old in over.filter(|old| !old.status.is_open() && old.bulk != Bulk::Requeue) {
        back::forget(store, old.id, operation.started_at).await?;
    }
    let old = all.iter().skip(KEPT - 1).filter(|old| !old.status.is_open());
    let old = old.map(|old| Operation::key(old.id)).collect();
    store.keep(vec![operation.document()], old, operation.started_at).await
}
