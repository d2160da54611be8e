//! From a claimed job to the handler that takes it.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::job::{ErrorInfo, JobSpec};
use boltjobs_core::store::{Claimed, Outcome, Settlement};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::claim::Worker;
use super::notebook::Notebook;
use super::run::{self, Attempt, End};
use super::running::{Call, Pulse, RunningJob};
use super::settle::{self, Ended};
use super::slots::Slot;
use crate::context::{Claim, Inner, JobContext, Steps};
use crate::handler::Invocation;
use crate::registry::Handler;
use crate::request::{DecodeFault, RequestInfo};
use crate::runtime;
use crate::services::cancellation;

/// Starts a claimed job on a task of its own.
pub(crate) fn dispatch(worker: &Arc<Worker>, job: Claimed, slot: Slot) {
    let running = Arc::new(RunningJob {
        lease: job.lease,
        spec: Arc::clone(&job.spec),
        attempt: job.attempt,
        token: CancellationToken::new(),
        abandoned: CancellationToken::new(),
        pulse: Pulse::default(),
        ended: CancellationToken::new(),
        call: Call::default(),
        notebook: Notebook::new(Arc::clone(&worker.noted)),
    });
    if worker.running.insert(Arc::clone(&running)) {
        cancellation::stop(worker, Arc::clone(&running));
    }
    let span = worker.runtime.captured(|| span(&running));
    let task = run_job(Arc::clone(worker), job, Arc::clone(&running), slot).instrument(span);
    worker.tasks.spawn(runtime::scope_job(Arc::clone(&worker.runtime), running, task));
}

/// Makes the span of an attempt, which names its place in the trace of the code that enqueued.
fn span(job: &RunningJob) -> tracing::Span {
    let (trace, parent) = (job.trace(), job.enqueued_by());
    tracing::info_span!(
        "job",
        id = %job.lease.job,
        request = &*job.spec.request,
        attempt = job.attempt,
        title = job.spec.title(),
        trace_id = format_args!("{:032x}", trace.trace),
        span_id = format_args!("{:016x}", trace.span),
        parent_span_id = parent.map(|parent| tracing::field::display(format!("{:016x}", parent.span))),
    )
}

async fn run_job(worker: Arc<Worker>, job: Claimed, running: Arc<RunningJob>, slot: Slot) {
    let started = worker.runtime.clock.monotonic();
    let slot = Arc::new(slot);
    let lease = job.lease;
    let (spec, number) = (Arc::clone(&job.spec), job.attempt);
    let attempted = run::guarded(&worker, &running, attempt(&worker, job, Arc::clone(&running), &slot)).await;
    let outcome = attempted.unwrap_or_else(|panic| panicked(&worker, &spec, number, panic));
    // From here on it is not the lease that counts: the outcome may be stored before the next heartbeat.
    running.ended.cancel();
    let ran = worker.runtime.clock.monotonic().saturating_sub(started);
    let notes = running.notebook.finish(lease).await;
    let settlement = Settlement { lease, ran, outcome };
    // The receiver outlives every task; without it there is nothing left that could store the outcome.
    let _ = worker.outcomes.send(Ended { settlement, notes }).await;
}

/// A panic of whatever code of the user's ran, the handler or what serves it, is a failed attempt.
fn panicked(worker: &Worker, spec: &JobSpec, attempt: u32, panic: ErrorInfo) -> Outcome {
    let known = worker.runtime.registry.by_name(&spec.request);
    match known.and_then(|known| Some((known.info, known.handler.as_ref()?))) {
        Some((request, handler)) => {
            let retries = spec.retries.unwrap_or(handler.retries);
            settle::outcome(worker, request, handler, End::Panicked(panic), attempt, retries)
        }
        None => Outcome::Failed { error: Box::new(panic), reason: None, delete: false },
    }
}

async fn attempt(worker: &Arc<Worker>, job: Claimed, running: Arc<RunningJob>, slot: &Arc<Slot>) -> Outcome {
    let known = worker.runtime.registry.by_name(&job.spec.request);
    let Some((request, handler)) = known.and_then(|known| Some((known.info, known.handler.as_ref()?))) else {
        // The store hands out only what was offered; if it did not, the job waits for a server that can.
        return Outcome::Released("no handler on this server".into());
    };
    let payload = match (request.ops.decode)(&job.spec.payload) {
        Ok(payload) => payload,
        Err(fault) => {
            let sensitive = !request.sensitive.is_empty() || !job.spec.sensitive.is_empty();
            return undecodable(request, &fault, sensitive);
        }
    };
    tracing::debug!("started");
    let retries = job.spec.retries.unwrap_or(handler.retries);
    let timeout = job.spec.timeout.or(handler.timeout);
    let number = job.attempt;
    let context = JobContext::new(Inner {
        id: job.lease.job,
        attempt: job.attempt,
        retries,
        epoch: job.lease.epoch,
        created_at: job.created_at,
        token: running.token.clone(),
        providers: worker.runtime.providers(),
        spec: job.spec,
        trace: running.trace(),
        steps: Steps::default(),
        claim: Some(Claim {
            runtime: Arc::clone(&worker.runtime),
            running: Arc::clone(&running),
            has_notes: job.has_notes,
        }),
    });
    let attempt = Attempt { running, timeout, slot: Arc::clone(slot) };
    let end = run::run(worker, handler, Invocation { request: payload, context }, attempt).await;
    settle::outcome(worker, request, handler, end, number, retries)
}

/// Nothing can be run, now or later, with what was stored; people have to look at it. The payload stays as it is.
fn undecodable(request: &RequestInfo, fault: &DecodeFault, sensitive: bool) -> Outcome {
    let place = fault.field.as_ref().map_or_else(String::new, |field| format!("field `{field}`: "));
    // What serde says quotes the value, and that may be a secret.
    let why = if sensitive {
        "it does not fit (its value is not shown, as the request has sensitive fields)"
    } else {
        &fault.message
    };
    let error = ErrorInfo::new(
        "boltjobs::Decode",
        format!(
            "the payload can't be read as `{}`: {place}{why}; give a new field #[serde(default)], or raise `version`",
            request.ident
        ),
    );
    let reason = Some("the payload does not decode; it is kept as it is".into());
    Outcome::Failed { error: Box::new(error), reason, delete: false }
}

impl Handler {
    /// Returns the delay before a retry, from 1.
    pub(crate) fn delay(&self, retry: u32, chance: u64) -> Duration {
        (self.backoff)(retry, chance)
    }
}
