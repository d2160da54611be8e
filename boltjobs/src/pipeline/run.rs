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
            Run::Async(start) => match catch(|| start(call)) {
                Ok(future) => guarded(worker, &running, future).await,
                Err(panic) => Err(panic),
            },
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
    // A blocking handler may still be at it: it learns that nobody waits.
    if !matches!(end, End::Returned(_)) {
        running.token.cancel();
    }
    end
}

/// Polls a future so that a panic is caught, and a poll that takes long shows from outside.
async fn guarded<T>(worker: &Worker, running: &RunningJob, mut future: BoxFuture<T>) -> Result<T, ErrorInfo> {
    poll_fn(move |context| {
        running.pulse.enter(worker.runtime.clock.monotonic());
        let polled = catch(|| future.as_mut().poll(context));
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
    worker: &Worker,
    running: &RunningJob,
    prepare: BoxFuture<Result<BlockingCall, Failure>>,
    slot: Arc<Slot>,
) -> Result<Result<Response, Failure>, ErrorInfo> {
    let call = match guarded(worker, running, prepare).await? {
        Ok(call) => call,
        Err(failure) => return Ok(Err(failure)),
    };
    let (span, runtime) = (tracing::Span::current(), Arc::clone(&worker.runtime));
    let joined = tokio::task::spawn_blocking(move || {
        let returned = catch(|| span.in_scope(|| runtime::scope_blocking(runtime, call)));
        drop(slot);
        returned
    });
    match joined.await {
        Ok(returned) => returned,
        Err(error) => Err(ErrorInfo::new("boltjobs::Blocking", error.to_string())),
    }
}
