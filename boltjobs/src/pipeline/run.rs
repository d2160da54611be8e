//! Calling a handler, with everything that guards the server against it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use boltjobs_core::job::ErrorInfo;

use super::claim::Worker;
use super::running::RunningJob;
use super::slots::Slot;
use crate::error::Failure;
use crate::handler::{BlockingCall, BoxFuture, Invocation, Response, Run};
use crate::panic::catch;
use crate::registry::Handler;
use crate::runtime;

/// One attempt at a job.
pub(super) struct Attempt {
    pub(super) running: Arc<RunningJob>,
    pub(super) timeout: Option<Duration>,
    /// The slot: a blocking handler that nobody waits for any longer holds it until it returns.
    pub(super) slot: Arc<Slot>,
}

/// How an attempt ended.
pub(crate) enum End {
    Returned(Result<Response, Failure>),
    Panicked(ErrorInfo),
    TimedOut(Duration),
    /// Its grace after a cancellation was over.
    Abandoned,
    /// The server could not wait for it any longer.
    Halted,
}

/// Runs an attempt to its end, or to the end of anybody's patience.
pub(super) async fn run(worker: &Arc<Worker>, handler: &Handler, call: Invocation, attempt: Attempt) -> End {
    let limit = attempt.timeout;
    let running = Arc::clone(&attempt.running);
    let ended = async {
        match handler.run {
            Run::Async(start) => Ok(start(call).await),
            Run::Blocking(prepare) => run_blocking(worker, &running, prepare(call), attempt.slot).await,
        }
    };
    let timeout = async {
        match limit {
            Some(limit) => worker.runtime.clock.sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        biased;
        ended = ended => match ended {
            Ok(returned) => End::Returned(returned),
            Err(panic) => End::Panicked(panic),
        },
        () = timeout => End::TimedOut(limit.unwrap_or_default()),
        () = running.abandoned.cancelled() => End::Abandoned,
        () = worker.halted.cancelled() => End::Halted,
    };
    if !matches!(end, End::Returned(_) | End::Panicked(_)) {
        // A blocking handler may still be at it: it learns that nobody waits, and keeps its place in the limit.
        running.token.cancel();
        if matches!(handler.run, Run::Blocking(_)) && running.call.outlive() {
            worker.outlived.add(&running.spec.request);
        }
    }
    end
}

/// Polls an attempt so that a panic in it, whatever code of the user's it comes from, is caught, and a poll that takes
/// long shows from outside.
pub(super) async fn guarded<T>(
    worker: &Worker,
    running: &RunningJob,
    attempt: impl Future<Output = T>,
) -> Result<T, ErrorInfo> {
    let mut attempt = Box::pin(attempt);
    poll_fn(move |context| {
        running.pulse.enter(worker.runtime.clock.monotonic());
        let polled = worker.runtime.captured(|| catch(|| attempt.as_mut().poll(context)));
        running.pulse.leave();
        match polled {
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

async fn run_blocking(
    worker: &Arc<Worker>,
    running: &Arc<RunningJob>,
    prepare: BoxFuture<Result<BlockingCall, Failure>>,
    slot: Arc<Slot>,
) -> Result<Result<Response, Failure>, ErrorInfo> {
    let call = match prepare.await {
        Ok(call) => call,
        Err(failure) => return Ok(Err(failure)),
    };
    let (span, worker, running) = (tracing::Span::current(), Arc::clone(worker), Arc::clone(running));
    let joined = tokio::task::spawn_blocking(move || {
        let runtime = Arc::clone(&worker.runtime);
        let job = Some(Arc::clone(&running));
        let call = || span.in_scope(|| runtime::scope_blocking(Arc::clone(&runtime), job, call));
        let returned = runtime.captured(|| catch(call));
        if running.call.return_late() {
            worker.outlived.remove(&running.spec.request);
        }
        drop(slot);
        returned
    });
    match joined.await {
        Ok(returned) => returned,
        Err(error) => Err(ErrorInfo::new("boltjobs::Blocking", error.to_string())),
    }
}
