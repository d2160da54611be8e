//! From the end of an attempt to what is stored of it.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::job::{ErrorInfo, JobSpec};
use boltjobs_core::sabotage::{self, Bug};
use boltjobs_core::store::{Outcome, Record, Settled, Settlement, StoreError};
use boltjobs_core::{JobId, JobState};
use tokio::sync::mpsc;
use tokio::task::yield_now;

use super::claim::Worker;
use super::run::End;
use super::running::RunningJob;
use crate::error::JobError;
use crate::handler::{OnExhausted, Response};
use crate::interceptor;
use crate::meters;
use crate::panic::{catch, catch_in};
use crate::registry::Handler;
use crate::request::RequestInfo;

/// The most outcomes that wait for the store before handlers wait for them.
pub(crate) const WAITING: usize = 8_192;

/// The pause before a store that failed is asked again.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest such pause: each is twice the one before.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An attempt that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) running: Arc<RunningJob>,
    pub(crate) settlement: Settlement,
    /// What it noted at last, which is stored before.
    pub(crate) notes: Vec<Record>,
}

/// The attempt whose end is to be settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) job: JobId,
    /// From 1.
    pub(super) number: u32,
    pub(super) retries: u32,
}

/// Decides what the end of an attempt means for its job.
pub(super) fn outcome(
    worker: &Worker,
    request: &RequestInfo,
    handler: &Handler,
    end: End,
    attempt: Attempt,
) -> Outcome {
    let Attempt { job, number, retries } = attempt;
    let failed = |error, delay: Option<Duration>| {
        // A handler that was stopped by the shutdown has not failed.
        if worker.halting.is_cancelled() && !sabotage::is(Bug::ShutdownCountsAsFailure) {
            return Outcome::Released("the server shut down".into());
        }
        if number + u32::from(sabotage::is(Bug::OneRetryTooFew)) > retries {
            let reason: Arc<str> = match retries {
                0 => "it has no retries".into(),
                1 => "its one retry is used up".into(),
                _ => format!("all {retries} retries are used up").into(),
            };
            return exhausted(handler, error, Some(reason));
        }
        let delay = delay.unwrap_or_else(|| backoff(worker, handler, attempt));
        Outcome::Retry { error: Box::new(error), delay, retry: number, retries }
    };
    let ended = match end {
        End::Ended(outcome) => outcome.0,
        End::Abandoned => {
            tracing::warn!(%job, "did not stop when it was cancelled, and is no longer waited for");
            return Outcome::Cancelled { error: None };
        }
        End::Halted => return Outcome::Released("the server shut down".into()),
    };
    match ended {
        interceptor::End::Success(response) => succeeded(request, job, &response, worker.runtime.max_result),
        interceptor::End::Failure(failure) => match failure.directive() {
            Some(JobError::Discard(_)) => {
                exhausted(handler, failure.info(), Some("discarded by its handler".into()))
            }
            Some(JobError::Snooze(delay)) => Outcome::Snoozed(*delay),
            Some(JobError::RetryIn { delay, .. }) => failed(failure.info(), Some(*delay)),
            Some(JobError::Cancelled) | None => failed(failure.info(), None),
        },
        interceptor::End::Deleted { reason, by } => Outcome::Deleted(match by {
            Some(by) => format!("stopped by the interceptor `{by}`: {reason}").into(),
            None => reason.into(),
        }),
    }
}

fn exhausted(handler: &Handler, error: ErrorInfo, reason: Option<Arc<str>>) -> Outcome {
    Outcome::Failed { error: Box::new(error), reason, delete: handler.on_exhausted == OnExhausted::Delete }
}

fn backoff(worker: &Worker, handler: &Handler, Attempt { job, number, .. }: Attempt) -> Duration {
    let chance = worker.runtime.chance.next_u64();
    catch(|| handler.delay(number, chance)).unwrap_or_else(|panic| {
        tracing::error!(%job, error = %panic, "the backoff fn failed; the default is used");
        boltjobs_core::backoff::Backoff::default().delay(number, chance)
    })
}

/// Nothing is stored for `()`.
fn succeeded(request: &RequestInfo, job: JobId, response: &Response, limit: usize) -> Outcome {
    // The work is done: to run it again for the sake of its result would be worse than to lose that.
    let without = |reason: String| {
        tracing::error!(%job, "{reason}");
        Outcome::SucceededWithout(reason.into())
    };
    if response.is::<()>() {
        return Outcome::Succeeded(None);
    }
    let encoded = catch_in("its `Serialize`", || (request.ops.encode_response)(&**response));
    match encoded.unwrap_or_else(|panic| Err(panic.message)) {
        Ok(json) if json == b"null" => Outcome::Succeeded(None),
        Ok(json) if json.len() > limit => without(format!(
            "its result has {} bytes, and {limit} are kept at most; store it elsewhere and return a reference to it, \
             or raise `max_result`",
            json.len()
        )),
        Ok(json) => Outcome::Succeeded(Some(json.into())),
        Err(error) => {
            without(format!("its result can't be stored as JSON: {error}; see its serde attributes"))
        }
    }
}

/// Stores outcomes, all that are waiting in one write, until there are none and there will be none.
pub(crate) async fn settle_jobs(worker: Arc<Worker>, mut outcomes: mpsc::Receiver<Ended>) {
    let mut ended = Vec::new();
    loop {
        tokio::select! {
            biased;
            _ = outcomes.recv_many(&mut ended, WAITING) => {}
            () = worker.finished.cancelled() => return,
        }
        // What ends in the same turn of the runtime is stored in the same write.
        yield_now().await;
        while let Ok(more) = outcomes.try_recv() {
            ended.push(more);
        }
        let (mut jobs, mut batch) = (Vec::with_capacity(ended.len()), Vec::with_capacity(ended.len()));
        let mut notes = Vec::new();
        for ended in ended.drain(..) {
            jobs.push(ended.running);
            batch.push(ended.settlement);
            notes.extend(ended.notes);
        }
        let settled = settle(&worker, &batch, notes).await;
        worker.running.remove(&jobs[..settled.len()]);
        for ((job, settlement), settled) in jobs.iter().zip(batch).zip(settled) {
            job.meter.ended(&settlement.outcome, settled, settlement.ran);
            report(&settlement, settled, &job.spec);
        }
        RunningJob::let_go(jobs, &worker.rooms);
    }
}

/// Stores a batch, again and again while the store fails: what a handler has done is not thrown away.
///
/// What the jobs noted goes first, so that whoever sees an outcome sees that, too.
async fn settle(worker: &Worker, batch: &[Settlement], mut notes: Vec<Record>) -> Vec<Settled> {
    let mut pause = FIRST_PAUSE;
    loop {
        match write(worker, batch, &mut notes).await {
            Ok(settled) => return settled,
            Err(StoreError::Closed) => return Vec::new(),
            Err(_) if sabotage::is(Bug::OutcomeDroppedOnFailure) => return Vec::new(),
            Err(error) if worker.halted.is_cancelled() => {
                meters::store_failed(&error);
                tracing::error!(%error, jobs = batch.len(), "outcomes are lost; the jobs will run again");
                return Vec::new();
            }
            Err(error) => {
                meters::store_failed(&error);
                tracing::error!(%error, jobs = batch.len(), "outcomes can't be stored; they are kept and tried again");
                if sabotage::is(Bug::NotesDroppedOnFailure) {
                    notes.clear();
                }
                tokio::select! {
                    biased;
                    () = worker.runtime.clock.sleep(pause) => {}
                    () = worker.halted.cancelled() => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn write(
    worker: &Worker,
    batch: &[Settlement],
    notes: &mut Vec<Record>,
) -> Result<Vec<Settled>, StoreError> {
    let (store, now) = (&worker.runtime.store, worker.runtime.now());
    if !notes.is_empty() {
        store.record(notes.clone(), now).await?;
        notes.clear();
    }
    store.settle(batch.to_vec(), now).await
}

fn report(settlement: &Settlement, settled: Settled, spec: &JobSpec) {
    let job = settlement.lease.job;
    let (request, title) = (&*spec.request, spec.title());
    let state = match settled {
        Settled::LeaseLost => {
            tracing::warn!(%job, request, title, "the lease was lost while it ran; its outcome is not counted");
            return;
        }
        Settled::Now(state) => state,
    };
    match &settlement.outcome {
        Outcome::Deleted(reason) => tracing::info!(%job, request, title, %reason, "deleted"),
        // Whatever came of it, it had been asked to stop.
        _ if state == JobState::Deleted => tracing::info!(%job, request, title, "deleted"),
        Outcome::Succeeded(_) | Outcome::SucceededWithout(_) => {
            tracing::debug!(%job, request, title, ran = ?settlement.ran, "succeeded");
        }
        Outcome::Retry { error, delay, retry, retries } => {
            tracing::warn!(%job, request, title, %error, ?delay, "failed; retry {retry} of {retries} follows");
        }
        Outcome::Failed { error, .. } => tracing::error!(%job, request, title, %error, "failed"),
        Outcome::Cancelled { .. } => tracing::warn!(%job, request, title, %state, "cancelled"),
        Outcome::Snoozed(delay) => tracing::debug!(%job, request, title, ?delay, "snoozed"),
        Outcome::Released(reason) => tracing::info!(%job, request, title, %reason, "goes back to its queue"),
    }
}
