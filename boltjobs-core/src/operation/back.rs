//! Taking back what an operation has done.
//!
//! Beside an operation stand documents that say for each job how it was before, as a list of `[id, before]`: of one that was
//! deleted when it was due, of one that was moved its queue, of one that was prioritized its priority. They go when it was taken
//! back, or when it can't be any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::running::STEP;
use super::skip::Asked;
use super::{BACK, Bulk, Operation, Operations, Skip, Skips, Status};
use crate::job::Job;
use crate::store::{Action, Change, Command, Document, DocumentQuery, Store, StoreError};
use crate::{JobId, JobState, Timestamp};

const PREFIX: &str = "undo/";

/// A job as it was before.
#[derive(Debug, Serialize, Deserialize)]
struct Undo<T>(JobId, T);

/// Returns the document of what can be taken back of jobs for which it has happened; `room` of them at most.
pub(super) fn document(operation: &Operation, jobs: &[&Job], room: usize) -> Option<Document> {
    let text = match &operation.bulk {
        Bulk::Requeue => None,
        Bulk::Delete => written(jobs.iter().filter_map(|job| waited(job)), room),
        Bulk::Move(queue) => {
            let moved = jobs.iter().filter(|job| job.spec.queue != *queue);
            written(moved.map(|job| Undo(job.id, &*job.spec.queue)), room)
        }
        Bulk::Prioritize(priority) => {
            let changed = jobs.iter().filter(|job| job.spec.priority != *priority);
            written(changed.map(|job| Undo(job.id, job.spec.priority)), room)
        }
    };
    let first = jobs.first()?.id;
    Some(Document { key: format!("{PREFIX}{}/{first}", operation.id).into(), text: text?.into() })
}

fn written<T: Serialize>(undo: impl Iterator<Item = Undo<T>>, room: usize) -> Option<String> {
    let undo: Vec<_> = undo.take(room).collect();
    // It can't fail for ids, texts and numbers.
    (!undo.is_empty()).then(|| serde_json::to_string(&undo).unwrap_or_default())
}

/// Says how a job that is deleted would wait again; nothing if it can't, as one that has failed would run.
fn waited(job: &Job) -> Option<Undo<Option<Timestamp>>> {
    match job.state {
        JobState::Enqueued => Some(Undo(job.id, None)),
        JobState::Scheduled => Some(Undo(job.id, job.due)),
        JobState::Awaiting
        | JobState::Processing
        | JobState::Succeeded
        | JobState::Failed
        | JobState::Deleted => None,
    }
}

fn query(id: JobId) -> DocumentQuery {
    DocumentQuery { prefix: format!("{PREFIX}{id}/").into(), limit: BACK, ..DocumentQuery::default() }
}

async fn read<T: DeserializeOwned>(store: &dyn Store, id: JobId) -> Result<Vec<Undo<T>>, StoreError> {
    let found = store.documents(query(id)).await?;
    Ok(found.iter().filter_map(|it| serde_json::from_str::<Vec<Undo<T>>>(&it.text).ok()).flatten().collect())
}

/// Lets go of what could be taken back.
pub(super) async fn forget(store: &dyn Store, id: JobId, now: Timestamp) -> Result<(), StoreError> {
    let found = store.documents(query(id)).await?;
    if found.is_empty() {
        return Ok(());
    }
    store.keep(Vec::new(), found.into_iter().map(|document| document.key).collect(), now).await
}

impl Operations {
    /// Makes jobs again what they were before an operation, and returns how many; those that others have changed since stay as
    /// they are, and [`Operation::left`] says which. `None` when it can't be taken back, or no more.
    ///
    /// # Errors
    /// When the store can't answer or write.
    pub async fn take_back(&self, mut operation: Operation, actor: &str) -> Result<Option<u64>, StoreError> {
        let (store, now, id) = (&*self.store, self.clock.now(), operation.id);
        if operation.undo_until().is_none_or(|until| until <= now) {
            return Ok(None);
        }
        let mut back = Back { store, now, done: 0, left: Skips::default() };
        match &operation.bulk {
            Bulk::Requeue => {}
            Bulk::Delete => back.wait_again(read(store, id).await?, actor).await?,
            Bulk::Move(to) => back.move_back(read(store, id).await?, to).await?,
            Bulk::Prioritize(to) => back.prioritize_back(read(store, id).await?, *to).await?,
        }
        (operation.status, operation.left) = (Status::Undone(back.done), back.left);
        store.keep(vec![operation.document()], Vec::new(), now).await?;
        forget(store, id, now).await?;
        Ok(Some(back.done))
    }
}

/// What comes of taking an operation back.
struct Back<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    done: u64,
    left: Skips,
}

impl Back<'_> {
    async fn wait_again(
        &mut self,
        undo: Vec<Undo<Option<Timestamp>>>,
        actor: &str,
    ) -> Result<(), StoreError> {
        let mut by_due: BTreeMap<Option<Timestamp>, Vec<JobId>> = BTreeMap::new();
        for Undo(id, due) in undo {
            by_due.entry(due).or_default().push(id);
        }
        for (due, ids) in by_due {
            for ids in ids.chunks(STEP) {
                let action = due.map_or(Action::Requeue, Action::Reschedule);
                let reason = Some(format!("taken back by {actor}").into());
                let command = Command { action, expected: vec![JobState::Deleted], reason };
                let happened = self.store.command(ids.to_vec(), command, self.now).await?;
                self.count(ids, &happened, &Asked::Requeue(vec![JobState::Deleted])).await?;
            }
        }
        Ok(())
    }

    async fn move_back(&mut self, undo: Vec<Undo<Arc<str>>>, to: &str) -> Result<(), StoreError> {
        let mut before = BTreeMap::new();
        for Undo(id, queue) in undo {
            let Some(job) = self.open(id).await? else { continue };
            // It may have gone back already, before a process has ended in the middle of this.
            if job.spec.queue == queue {
                self.done += 1;
            } else if *job.spec.queue == *to {
                push(&mut before, &job, queue);
            } else {
                self.left.add(id, Some(&job), Skip::Elsewhere);
            }
        }
        self.change(before, |queue| Change { queue: Some(queue), ..Change::default() }).await
    }

    async fn prioritize_back(&mut self, undo: Vec<Undo<i8>>, to: i8) -> Result<(), StoreError> {
        let mut before = BTreeMap::new();
        for Undo(id, priority) in undo {
            let Some(job) = self.open(id).await? else { continue };
            if job.spec.priority == priority {
                self.done += 1;
            } else if job.spec.priority == to {
                push(&mut before, &job, priority);
            } else {
                self.left.add(id, Some(&job), Skip::OtherPriority);
            }
        }
        self.change(before, |priority| Change { priority: Some(priority), ..Change::default() }).await
    }

    /// Returns a job that can still be changed; another one is left as it is.
    async fn open(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        let job = self.store.job(id).await?;
        match job {
            Some(job) if Asked::Change(Vec::new()).concerns(job.state) => return Ok(Some(job)),
            Some(job) => self.left.add(id, Some(&job), Skip::State(job.state)),
            None => self.left.add(id, None, Skip::Gone),
        }
        Ok(None)
    }

    /// Changes jobs, each only in the revision in which it was seen.
    async fn change<T>(
        &mut self,
        before: Grouped<T>,
        change: impl Fn(T) -> Change,
    ) -> Result<(), StoreError> {
        for ((before, revision), ids) in before {
            let change = Change { revision: Some(revision), ..change(before) };
            for ids in ids.chunks(STEP) {
                let happened = self.store.change(ids.to_vec(), change.clone(), self.now).await?;
                self.count(ids, &happened, &Asked::Change(Vec::new())).await?;
            }
        }
        Ok(())
    }

    async fn count(&mut self, ids: &[JobId], happened: &[bool], what: &Asked) -> Result<(), StoreError> {
        for (id, happened) in ids.iter().zip(happened) {
            if *happened {
                self.done += 1;
            } else {
                let (job, why) = what.why_not(self.store, *id).await?;
                self.left.add(*id, job.as_ref(), why);
            }
        }
        Ok(())
    }
}

/// Jobs that are changed alike: back to what they had, and in the revision in which they were seen.
type Grouped<T> = BTreeMap<(T, u32), Vec<JobId>>;

fn push<T: Ord>(grouped: &mut Grouped<T>, job: &Job, before: T) {
    grouped.entry((before, job.revision)).or_default().push(job.id);
}
