//! Something that is done to all jobs that match a query, in the background.

use std::sync::Arc;

use boltjobs_core::store::{Action, Document, DocumentQuery, Store, StoreError};
use boltjobs_core::{JobId, JobState, Timestamp};
use serde::{Deserialize, Serialize};

/// The most operations that are kept, the latest ones.
const KEPT: usize = 200;

/// The most jobs that can be taken back.
pub(crate) const BACK: usize = 10_000;

/// For how long they can be, in seconds after the operation has ended.
pub(crate) const BACK_SECONDS: u64 = 600;

const PREFIX: &str = "operation/";
const UNDO: &str = "undo/";

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bulk {
    Requeue,
    Delete,
}

impl Bulk {
    pub(crate) const ALL: [Self; 2] = [Self::Requeue, Self::Delete];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requeue => "requeue",
            Self::Delete => "delete",
        }
    }

    pub(crate) fn action(self) -> Action {
        match self {
            Self::Requeue => Action::Requeue,
            Self::Delete => Action::Delete,
        }
    }

    /// Says whether it does anything to a job in a state.
    pub(crate) fn concerns(self, state: JobState) -> bool {
        match (self, state) {
            (Self::Requeue, JobState::Enqueued | JobState::Processing)
            | (Self::Delete, JobState::Deleted | JobState::Succeeded) => false,
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
pub(crate) enum Status {
    Running,
    Paused,
    /// With why it goes no further.
    Stopped(String),
    Finished,
    /// With how many jobs were taken back.
    Undone(u64),
}

impl Status {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped(_) => "stopped",
            Self::Finished => "finished",
            Self::Undone(_) => "taken back",
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// The record of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Operation {
    /// Ids sort by when they were made.
    pub(crate) id: JobId,
    pub(crate) bulk: Bulk,
    /// Which jobs, as it is typed.
    pub(crate) query: String,
    /// Whether it waits for what came of the first ones before it goes on.
    pub(crate) careful: bool,
    /// The most jobs.
    pub(crate) limit: Option<u64>,
    pub(crate) actor: String,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// How many jobs matched when it was begun.
    pub(crate) planned: u64,
    pub(crate) done: u64,
    pub(crate) skipped: u64,
    /// How many of those that were watched succeeded.
    #[serde(default)]
    pub(crate) watched: u64,
    /// Where it goes on.
    pub(crate) after: Option<JobId>,
    pub(crate) status: Status,
}

impl Operation {
    /// Says until when it can be taken back, if it ever could be.
    pub(crate) fn undo_until(&self) -> Option<Timestamp> {
        let ended = self.ended_at.filter(|_| self.bulk == Bulk::Delete && self.done > 0)?;
        let open = !matches!(self.status, Status::Undone(_));
        open.then(|| ended.plus(std::time::Duration::from_secs(BACK_SECONDS)))
    }

    fn key(id: JobId) -> Arc<str> {
        format!("{PREFIX}{id}").into()
    }

    pub(crate) fn document(&self) -> Document {
        // It can't fail for what it is made of.
        let text = serde_json::to_string(self).unwrap_or_default();
        Document { key: Self::key(self.id), text: text.into() }
    }
}

/// A job that was deleted and can wait again: when it is due, if it was scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Undo(pub(crate) JobId, pub(crate) Option<Timestamp>);

/// Returns the documents of what can be taken back of one step.
pub(crate) fn undo_document(operation: &Operation, undo: &[Undo]) -> Option<Document> {
    let first = undo.first()?.0;
    let text = serde_json::to_string(undo).unwrap_or_default();
    Some(Document { key: format!("{UNDO}{}/{first}", operation.id).into(), text: text.into() })
}

fn undo_query(id: JobId) -> DocumentQuery {
    DocumentQuery { prefix: format!("{UNDO}{id}/").into(), limit: BACK, ..DocumentQuery::default() }
}

/// Returns what can be taken back of an operation.
pub(crate) async fn undo(store: &dyn Store, id: JobId) -> Result<Vec<Undo>, StoreError> {
    let found = store.documents(undo_query(id)).await?;
    Ok(found.iter().filter_map(|it| serde_json::from_str::<Vec<Undo>>(&it.text).ok()).flatten().collect())
}

/// Lets go of what could be taken back.
pub(crate) async fn forget_undo(store: &dyn Store, id: JobId, now: Timestamp) -> Result<(), StoreError> {
    let found = store.documents(undo_query(id)).await?;
    if found.is_empty() {
        return Ok(());
    }
    store.keep(Vec::new(), found.into_iter().map(|document| document.key).collect(), now).await
}

/// Returns all operations, the latest first.
pub(crate) async fn all(store: &dyn Store) -> Result<Vec<Operation>, StoreError> {
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
pub(crate) async fn find(store: &dyn Store, id: JobId) -> Result<Option<Operation>, StoreError> {
    let query = DocumentQuery { prefix: Operation::key(id), limit: 1, ..DocumentQuery::default() };
    let found = store.documents(query).await?;
    Ok(found.first().and_then(|document| serde_json::from_str(&document.text).ok()))
}

/// Keeps a new operation, and lets go of the oldest ones and of what can't be taken back any more.
pub(crate) async fn begin(store: &dyn Store, operation: &Operation) -> Result<(), StoreError> {
    let all = all(store).await?;
    let over = all.iter().filter(|it| it.undo_until().is_none_or(|until| until < operation.started_at));
    for old in over.filter(|old| !old.status.is_open() && old.bulk == Bulk::Delete) {
        forget_undo(store, old.id, operation.started_at).await?;
    }
    let old = all.iter().skip(KEPT - 1).filter(|old| !old.status.is_open());
    let old = old.map(|old| Operation::key(old.id)).collect();
    store.keep(vec![operation.document()], old, operation.started_at).await
}
