//! Doing what operations ask for, step by step, beside everything else.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::{Operation, Order, Skips, Status};
use crate::clock::Clock;
use crate::job::Job;
use crate::store::{JobFilter, PageQuery, Store, StoreError, count_all};
use crate::{JobId, JobState, deploy};

/// How many jobs one write speaks of.
pub(super) const STEP: usize = 500;

/// How many jobs a careful operation begins with, and goes on with.
const CAREFUL: [usize; 3] = [1, 10, 100];

/// The most jobs of a step that a careful operation waits for.
const WATCHED: usize = 10;

/// How long it waits before it looks at them again.
const LOOK: Duration = Duration::from_millis(500);

/// After how long it asks a store again that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What somebody asked of an operation that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    GoOn,
    Pause,
    Stop,
}

/// The operations of a store that this process works on. Whoever has one works on each at most once.
#[derive(Debug, Clone)]
pub struct Operations {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    running: Arc<Mutex<Running>>,
    taken_up: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Running {
    wishes: BTreeMap<JobId, Wish>,
    /// Who waits for the work on one to end.
    waiting: Vec<Waker>,
}

/// The work on an operation, to be run beside everything else.
pub type Worker = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Operations {
    /// Works on nothing yet.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let (running, taken_up) = (Arc::default(), Arc::default());
        Self { store, clock, running, taken_up }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Running) -> T) -> T {
        look(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Stores a new operation under an id that is its own, and returns it with the work on it.
    ///
    /// # Errors
    /// When the store can't answer or write.
    pub async fn begin(&self, id: JobId, order: Order) -> Result<(Operation, Option<Worker>), StoreError> {
        let Order { bulk, filter, careful, held, limit, actor } = order;
        // What is meant is decided once: a wait or a span until now would mean others with each step.
        let filter = filter.at(self.clock.now());
        let planned = count_all(&*self.store, &filter).await?;
        let operation = Operation {
            id,
            bulk,
            query: filter.to_string(),
            marked: false,
            careful,
            held,
            limit,
            actor,
            started_at: self.clock.now(),
            ended_at: None,
            planned: limit.map_or(planned, |limit| planned.min(limit)),
            done: 0,
            skipped: 0,
            skips: Skips::default(),
            watched: 0,
            after: None,
            status: Status::Running,
            left: Skips::default(),
        };
        super::begin(&*self.store, &operation).await?;
        let worker = self.work(operation.clone());
        Ok((operation, worker))
    }

    /// Returns the work that a process has left which has ended; the first time that it is asked for.
    pub async fn take_up(&self) -> Vec<Worker> {
        if self.taken_up.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        match super::all(&*self.store).await {
            Ok(all) => {
                let open = all.into_iter().filter(|operation| operation.status == Status::Running);
                open.filter_map(|operation| self.work(operation)).collect()
            }
            Err(error) => {
                tracing::warn!(%error, "it is not known yet which operations are to go on");
                self.taken_up.store(false, Ordering::Relaxed);
                Vec::new()
            }
        }
    }

    /// Lets one pause. `false` when nothing works on it.
    pub fn pause(&self, id: JobId) -> bool {
        self.wish(id, Wish::Pause)
    }

    /// Lets one stop. `false` when nothing works on it.
    pub fn stop(&self, id: JobId) -> bool {
        self.wish(id, Wish::Stop)
    }

    /// Waits until nothing works on one any more.
    ///
    /// # Cancel safety
    /// It only waits.
    pub async fn settled(&self, id: JobId) {
        poll_fn(|context| {
            self.with(|running| {
                if !running.wishes.contains_key(&id) {
                    return Poll::Ready(());
                }
                running.waiting.push(context.waker().clone());
                Poll::Pending
            })
        })
        .await;
    }

    fn wish(&self, id: JobId, wish: Wish) -> bool {
        self.with(|running| running.wishes.get_mut(&id).map(|it| *it = wish)).is_some()
    }

    /// Returns the work on one that was paused or stopped, from where it is; `None` when it is neither, or somebody works on
    /// it already.
    pub fn resume(&self, operation: Operation) -> Option<Worker> {
        let open = matches!(operation.status, Status::Paused | Status::Stopped(_));
        if open { self.work(operation) } else { None }
    }

    fn work(&self, mut operation: Operation) -> Option<Worker> {
        let id = operation.id;
        if self.with(|running| running.wishes.insert(id, Wish::GoOn)).is_some() {
            return None;
        }
        let all = self.clone();
        let held = Held { all: self.clone(), id };
        Some(Box::pin(async move {
            let _held = held;
            (operation.status, operation.ended_at) = (Status::Running, None);
            let status = all.run(&mut operation).await;
            operation.ended_at = (!status.is_open()).then(|| all.clock.now());
            operation.status = status;
            while let Err(error) = all.save(&operation, &[]).await {
                if matches!(error, StoreError::Closed) {
                    break;
                }
                tracing::warn!(%error, operation = %id, "the end of an operation could not be stored yet");
                all.clock.sleep(PATIENCE).await;
            }
        }))
    }

    /// Takes step after step, and returns how it ended.
    async fn run(&self, operation: &mut Operation) -> Status {
        let mut careful = CAREFUL.into_iter();
        loop {
            match self.with(|running| running.wishes.get(&operation.id).copied()) {
                Some(Wish::GoOn) => {}
                Some(Wish::Pause) => return Status::Paused,
                Some(Wish::Stop) | None => return Status::Stopped("somebody stopped it".to_owned()),
            }
            if operation.held {
                match deploy::all(&*self.store).await {
                    Ok(deploys) => {
                        operation.held = deploys.first().is_none_or(|it| it.at <= operation.started_at);
                    }
                    Err(StoreError::Closed) => return Status::Running,
                    Err(error) => {
                        tracing::warn!(%error, operation = %operation.id, "an operation waits for the store");
                    }
                }
                if operation.held {
                    self.clock.sleep(PATIENCE).await;
                    continue;
                }
            }
            let most = if operation.careful { careful.next().unwrap_or(STEP) } else { STEP };
            match self.step(operation, most).await {
                Ok(Step { acted, more }) => {
                    if operation.careful
                        && let Err(why) = self.watch(operation, &acted).await
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
                    self.clock.sleep(PATIENCE).await;
                }
            }
            let_others().await;
        }
    }

    /// Waits until jobs that were requeued have ended, and says why not to go on when one failed again.
    async fn watch(&self, operation: &mut Operation, jobs: &[JobId]) -> Result<(), String> {
        for id in jobs.iter().take(WATCHED) {
            loop {
                let pause = match self.store.job(*id).await {
                    Ok(job) => match job.map(|job| (job.state, job.attempt)) {
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
                        Some(_) => LOOK,
                    },
                    // The next step finds that out, too.
                    Err(StoreError::Closed) => return Ok(()),
                    Err(error) => {
                        tracing::warn!(%error, operation = %operation.id, "an operation waits for the store");
                        PATIENCE
                    }
                };
                match self.with(|running| running.wishes.get(&operation.id).copied()) {
                    Some(Wish::GoOn) => self.clock.sleep(pause).await,
                    Some(Wish::Pause) | None => return Ok(()),
                    Some(Wish::Stop) => return Err("somebody stopped it".to_owned()),
                }
            }
        }
        Ok(())
    }

    async fn step(&self, operation: &mut Operation, most: usize) -> Result<Step, StoreError> {
        let left = operation.limit.map_or(u64::MAX, |limit| limit.saturating_sub(operation.done));
        let limit = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        let Some(filter) = operation.query.parse::<JobFilter>().ok().filter(|_| limit > 0) else {
            return Ok(Step { acted: Vec::new(), more: false });
        };
        let expected = filter.states.clone();
        // The newest first: what comes meanwhile is newer, so that it has an end.
        let page = PageQuery { filter, oldest_first: false, after: operation.after, limit };
        let page = self.store.page(page).await?;
        let jobs: Vec<&Job> = page.jobs.iter().collect();
        let reason = format!("{}d by an operation of {}", operation.bulk.name(), operation.actor);
        let acted = self.act(operation, &jobs, expected, reason.into()).await?;
        operation.after = page.next;
        self.save(operation, &acted).await?;
        let acted = acted.iter().map(|job| job.id).collect();
        Ok(Step { acted, more: page.next.is_some() })
    }
}

/// Says that somebody works on an operation, for as long as the work is there: it may be dropped at any time.
struct Held {
    all: Operations,
    id: JobId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.with(|running| {
            running.wishes.remove(&self.id);
            running.waiting.drain(..).for_each(Waker::wake);
        });
    }
}

/// What came of a step.
struct Step {
    /// The jobs for which it happened.
    acted: Vec<JobId>,
    /// Whether there are others.
    more: bool,
}

/// Lets others run that are ready.
async fn let_others() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests;
