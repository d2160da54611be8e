//! From a claimed job to the handler that takes it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use boltjobs_core::JobId;
use boltjobs_core::job::{ErrorInfo, JobSpec};
use boltjobs_core::store::{Claimed, Outcome, Settlement};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::claim::Worker;
use super::decode::decode;
use super::notebook::Notebook;
use super::run::{self, End, Origin};
use super::running::{Call, Pulse, RunningJob, Signal};
use super::settle::{self, Attempt, Ended};
use super::slots::{Slot, Taken};
use super::stop::Stop;
use crate::context::{Claim, Inner, JobContext, Steps};
use crate::interceptor;
use crate::registry::Handler;
use crate::services::cancellation;

/// A claimed job that is about to run.
#[derive(Debug)]
pub(crate) struct Start {
    pub(super) running: Arc<RunningJob>,
    job: Claimed,
    slot: Slot,
    /// Counts it among what a shutdown waits for.
    counted: TaskTrackerToken,
}

/// Starts claimed jobs, each on a slot of its own.
pub(crate) fn dispatch(worker: &Arc<Worker>, jobs: Vec<Claimed>, mut slots: Taken) {
    let on_slot = |job| {
        let (slot, counted) = (slots.next()?, worker.tasks.token());
        Some(Start { running: running(worker, &job), job, slot, counted })
    };
    let starts: Vec<_> = jobs.into_iter().map_while(on_slot).collect();
    for cancelled in worker.running.insert(starts.iter().map(|start| &start.running)) {
        cancellation::stop(worker, cancelled);
    }
    worker.hands.give(worker, starts);
}

fn running(worker: &Worker, job: &Claimed) -> Arc<RunningJob> {
    let meter = worker.runtime.meters.of(&job.spec);
    meter.started(job.waited);
    let job = RunningJob {
        lease: job.lease,
        spec: Arc::clone(&job.spec),
        attempt: job.attempt,
        stop: Stop::default(),
        asked: AtomicBool::new(false),
        abandoned: Signal::default(),
        pulse: Pulse::default(),
        ended: Signal::default(),
        call: Call::default(),
        notebook: Notebook::new(Arc::clone(&worker.noted)),
        meter,
    };
    worker.rooms.put(job)
}

/// Runs a job that has started at a time of the clock that only goes on.
pub(super) async fn run_job(worker: &Arc<Worker>, start: Start, started: Duration) {
    let Start { running, job, slot, counted } = start;
    let lease = job.lease;
    let (spec, number) = (Arc::clone(&job.spec), job.attempt);
    // What runs and what follows never live at once, so that they share their room.
    let attempted = {
        let attempt = pin!(attempt(worker, job, Arc::clone(&running), slot, started));
        run::guarded(worker, &running, attempt).await
    };
    let outcome = attempted.unwrap_or_else(|panic| panicked(worker, lease.job, &spec, number, panic));
    // From here on it is not the lease that counts: the outcome may be stored before the next heartbeat.
    running.ended.fire();
    let ran = worker.runtime.clock.monotonic().saturating_sub(started);
    let notes = running.notebook.finish(lease).await;
    let settlement = Settlement { lease, ran, outcome };
    // The receiver outlives every task; without it there is nothing left that could store the outcome.
    let _ = worker.outcomes.send(Ended { running, settlement, notes }).await;
    drop(counted);
}

/// A panic of whatever code of the user's ran, the handler or what serves it, is a failed attempt.
fn panicked(worker: &Worker, job: JobId, spec: &JobSpec, number: u32, panic: ErrorInfo) -> Outcome {
    let known = worker.runtime.registry.by_name(&spec.request);
    match known.and_then(|known| Some((known.info, known.handler.as_ref()?))) {
        Some((request, handler)) => {
            let attempt = Attempt { job, number, retries: spec.retries.unwrap_or(handler.retries) };
            let end = End::Ended(interceptor::Outcome::panicked(panic));
            settle::outcome(worker, request, handler, end, attempt)
        }
        None => Outcome::Failed { error: Box::new(panic), reason: None, delete: false },
    }
}

async fn attempt(
    worker: &Arc<Worker>,
    job: Claimed,
    running: Arc<RunningJob>,
    slot: Slot,
    started: Duration,
) -> Outcome {
    let known = worker.runtime.registry.by_name(&job.spec.request);
    let Some((known, handler)) = known.and_then(|known| Some((known, known.handler.as_ref()?))) else {
        // The store hands out only what was offered; if it did not, the job waits for a server that can.
        return Outcome::Released("no handler on this server".into());
    };
    let payload = match decode(known, &job.spec) {
        Ok(payload) => payload,
        Err(error) => {
            // Nothing can be run, now or later, with what was stored; people have to look at it.
            let reason = Some("the payload does not decode; it is kept as it is".into());
            return Outcome::Failed { error: Box::new(error), reason, delete: false };
        }
    };
    let retries = job.spec.retries.unwrap_or(handler.retries);
    let attempt = Attempt { job: job.lease.job, number: job.attempt, retries };
    let timeout = job.spec.timeout.or(handler.timeout);
    let context = JobContext::new(Inner {
        id: job.lease.job,
        attempt: job.attempt,
        retries,
        epoch: job.lease.epoch,
        created_at: job.created_at,
        stop: Stop::default(),
        providers: worker.runtime.providers(),
        spec: job.spec,
        clock: Arc::clone(&worker.runtime.clock),
        started,
        trace: running.trace(),
        steps: Steps::default(),
        claim: Some(Claim {
            runtime: Arc::clone(&worker.runtime),
            running: Arc::clone(&running),
            has_notes: job.has_notes,
        }),
    });
    let origin = Origin::Job { worker: Arc::clone(worker), running: Arc::clone(&running), slot };
    let call = interceptor::Call { request: payload, context, handler: Arc::clone(handler), timeout, origin };
    let end = run::run(worker, &running, call).await;
    settle::outcome(worker, known.info, handler, end, attempt)
}

impl Handler {
    /// Returns the delay before a retry, from 1.
    pub(crate) fn delay(&self, retry: u32, chance: u64) -> Duration {
        (self.backoff)(retry, chance)
    }
}
