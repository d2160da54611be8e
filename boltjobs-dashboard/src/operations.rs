//! Doing what operations ask for, step by step, beside everything else.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use boltjobs_core::job::Job;
use boltjobs_core::store::{Action, Command, PageQuery, Store, StoreError};
use boltjobs_core::{JobId, JobState, Timestamp};

use crate::Source;
use crate::operation::{self, BACK, Bulk, Operation, Status, Undo};
use crate::query;

/// How many jobs one write speaks of.
const STEP: usize = 500;

/// How many jobs a careful operation begins with, and goes on with.
const CAREFUL: [usize; 3] = [1, 10, 100];

/// The most jobs of a step that a careful operation waits for.
const WATCHED: usize = 10;

/// How long it waits before it looks at them again.
const LOOK: Duration = Duration::from_millis(500);

/// After how long it gives up on a store that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What somebody asked of an operation that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    GoOn,
    Pause,
    Stop,
}

/// The operations that this process works on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operations {
    running: Arc<Mutex<BTreeMap<JobId, Wish>>>,
    taken_up: Arc<AtomicBool>,
}

impl Operations {
    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<JobId, Wish>) -> T) -> T {
        look(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a new operation.
    pub(crate) async fn begin(&self, source: &Source, operation: Operation) -> Result<(), StoreError> {
        operation::begin(&*source.store, &operation).await?;
        self.work(source, operation);
        Ok(())
    }

    /// Goes on with what a process that has ended left open, the first time that it is asked to.
    pub(crate) async fn take_up(&self, source: &Source) {
        if self.taken_up.swap(true, Ordering::Relaxed) {
            return;
        }
        match operation::all(&*source.store).await {
            Ok(all) => {
                let open = all.into_iter().filter(|operation| operation.status == Status::Running);
                open.for_each(|operation| self.work(source, operation));
            }
            Err(error) => {
                tracing::warn!(%error, "it is not known yet which operations are to go on");
                self.taken_up.store(false, Ordering::Relaxed);
            }
        }
    }

    /// Lets it pause, or stop. `false` when nothing works on it.
    pub(crate) fn pause(&self, id: JobId) -> bool {
        self.wish(id, Wish::Pause)
    }

    pub(crate) fn stop(&self, id: JobId) -> bool {
        self.wish(id, Wish::Stop)
    }

    fn wish(&self, id: JobId, wish: Wish) -> bool {
        self.with(|running| running.get_mut(&id).map(|it| *it = wish)).is_some()
    }

    /// Works on an operation from where it is, unless somebody does already.
    pub(crate) fn work(&self, source: &Source, mut operation: Operation) {
        let id = operation.id;
        if self.with(|running| running.insert(id, Wish::GoOn)).is_some() {
            return;
        }
        let (all, source) = (self.clone(), source.clone());
        tokio::spawn(async move {
            operation.status = Status::Running;
            let status = all.run(&source, &mut operation).await;
            operation.ended_at = (!status.is_open()).then(|| source.now());
            operation.status = status;
            while let Err(error) = save(&source, &operation, None).await {
                if matches!(error, StoreError::Closed) {
                    break;
                }
                tracing::warn!(%error, operation = %id, "the end of an operation could not be stored yet");
                source.clock.sleep(PATIENCE).await;
            }
            all.with(|running| running.remove(&id));
        });
    }

    /// Takes step after step, and returns how it ended.
    async fn run(&self, source: &Source, operation: &mut Operation) -> Status {
        let mut careful = CAREFUL.into_iter();
        loop {
            match self.with(|running| running.get(&operation.id).copied()) {
                Some(Wish::GoOn) => {}
                Some(Wish::Pause) => return Status::Paused,
                Some(Wish::Stop) | None => return Status::Stopped("somebody stopped it".to_owned()),
            }
            let most = if operation.careful { careful.next().unwrap_or(STEP) } else { STEP };
            match step(source, operation, most).await {
                Ok(Step { acted, more }) => {
                    if operation.careful
                        && let Err(why) = self.watch(source, operation, &acted).await
                    {
                        return Status::Stopped(why);
                    }
                    if !more {
                        return Status::Finished;
                    }
                }
                Err(StoreError::Closed) => return Status::Running,
                Err(error) => {
                    tracing::warn!(%error, operation = %operation.id, "an operation waits for the store");
                    source.clock.sleep(PATIENCE).await;
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until jobs that were requeued have ended, and says why not to go on when one failed again.
    async fn watch(&self, source: &Source, operation: &mut Operation, jobs: &[JobId]) -> Result<(), String> {
        for id in jobs.iter().take(WATCHED) {
            loop {
                let job = source.store.job(*id).await.map_err(|error| error.to_string())?;
                match job.as_ref().map(|job| (job.state, job.attempt)) {
                    Some((JobState::Failed, _)) => return Err(format!("job {id} failed again")),
                    // It has tried, and waits for its next attempt.
                    Some((JobState::Scheduled, 1..)) => {
                        return Err(format!("an attempt of job {id} failed again"));
                    }
                    Some((JobState::Succeeded, _)) => {
                        operation.watched += 1;
                        break;
                    }
                    None | Some((JobState::Deleted, _)) => break,
                    Some(_) => {}
                }
                match self.with(|running| running.get(&operation.id).copied()) {
                    Some(Wish::GoOn) => source.clock.sleep(LOOK).await,
                    Some(Wish::Pause) | None => return Ok(()),
                    Some(Wish::Stop) => return Err("somebody stopped it".to_owned()),
                }
            }
        }
        Ok(())
    }
}

/// What came of a step.
struct Step {
    /// The jobs for which it happened.
    acted: Vec<JobId>,
    /// Whether there are others.
    more: bool,
}

async fn step(source: &Source, operation: &mut Operation, most: usize) -> Result<Step, StoreError> {
    let left = operation.limit.map_or(u64::MAX, |limit| limit.saturating_sub(operation.done));
    let limit = usize::try_from(left).unwrap_or(usize::MAX).min(most);
    let Some(filter) = query::parse(&operation.query).ok().filter(|_| limit > 0) else {
        return Ok(Step { acted: Vec::new(), more: false });
    };
    let expected = filter.states.clone();
    // The newest first: what comes meanwhile is newer, so that it has an end.
    let page = PageQuery { filter, oldest_first: false, after: operation.after, limit };
    let page = source.store.page(page).await?;
    let concerned = page.jobs.iter().filter(|job| operation.bulk.concerns(job.state));
    let jobs: Vec<&Job> = concerned.collect();
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let reason = format!("{}d by an operation of {}", operation.bulk.name(), operation.actor);
    let command = Command { action: operation.bulk.action(), expected, reason: Some(reason.into()) };
    let happened = source.store.command(ids, command, source.now()).await?;
    let acted: Vec<&Job> =
        jobs.iter().zip(&happened).filter(|(_, done)| **done).map(|(job, _)| *job).collect();
    let deleted = if operation.bulk == Bulk::Delete { &*acted } else { &[] };
    let back: Vec<_> = deleted.iter().filter_map(|job| undo(job)).collect();
    let room = BACK.saturating_sub(usize::try_from(operation.done).unwrap_or(BACK));
    operation.done += acted.len() as u64;
    operation.skipped += (page.jobs.len() - acted.len()) as u64;
    operation.after = page.next;
    save(source, operation, Some(&back[..back.len().min(room)])).await?;
    let acted = acted.iter().map(|job| job.id).collect();
    Ok(Step { acted, more: page.next.is_some() })
}

/// Says how a job that is deleted would wait again; nothing if it can't, as one that has failed would run.
fn undo(job: &Job) -> Option<Undo> {
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

async fn save(source: &Source, operation: &Operation, back: Option<&[Undo]>) -> Result<(), StoreError> {
    let back = back.and_then(|back| operation::undo_document(operation, back));
    let documents = std::iter::once(operation.document()).chain(back).collect();
    source.store.keep(documents, Vec::new(), source.now()).await
}

/// Lets jobs wait again that an operation has deleted.
pub(crate) async fn take_back(
    source: &Source,
    mut operation: Operation,
    actor: &str,
) -> Result<u64, StoreError> {
    let store: &dyn Store = &*source.store;
    let mut by_due: BTreeMap<Option<Timestamp>, Vec<JobId>> = BTreeMap::new();
    for Undo(id, due) in operation::undo(store, operation.id).await? {
        by_due.entry(due).or_default().push(id);
    }
    let mut done = 0;
    for (due, ids) in by_due {
        let action = due.map_or(Action::Requeue, Action::Reschedule);
        let reason = Some(format!("taken back by {actor}").into());
        let command = Command { action, expected: vec![JobState::Deleted], reason };
        let happened = store.command(ids, command, source.now()).await?;
        done += happened.iter().filter(|happened| **happened).count() as u64;
    }
    operation.status = Status::Undone(done);
    store.keep(vec![operation.document()], Vec::new(), source.now()).await?;
    operation::forget_undo(store, operation.id, source.now()).await?;
    Ok(done)
}
