//! Calling a handler, with everything that guards the server against it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use boltjobs_core::job::ErrorInfo;

use super::claim::Worker;
use super::running::RunningJob;
use super::slots::Slot;
use crate::context::JobContext;
use crate::error::Failure;
use crate::handler::{BlockingCall, Invocation, Response, Run};
use crate::interceptor::{self, Call, Outcome};
use crate::panic::{catch, resume};
use crate::runtime::{self, Runtime};

/// What a handler is called for.
pub(crate) enum Origin {
    /// A job, on a slot: a blocking handler that nobody waits for any longer holds it until it returns.
    Job { worker: Arc<Worker>, running: Arc<RunningJob>, slot: Slot },
    /// A `process()`.
    Process(Arc<Runtime>),
}

impl Origin {
    /// Returns the job that is run, and who runs it.
    fn running(&self) -> Option<(Arc<Worker>, Arc<RunningJob>)> {
        match self {
            Self::Job { worker, running, .. } => Some((Arc::clone(worker), Arc::clone(running))),
            Self::Process(_) => None,
        }
    }

    /// Returns the job as part of which the call runs.
    fn job(&self) -> Option<Arc<RunningJob>> {
        match self {
            Self::Job { running, .. } => Some(Arc::clone(running)),
            Self::Process(_) => runtime::current_job(),
        }
    }
}

/// How an attempt ended.
pub(crate) enum End {
    Ended(Outcome),
    /// Its grace after a cancellation was over.
    Abandoned,
    /// The server could not wait for it any longer.
    Halted,
}

/// Runs an attempt at a job to its end, or to the end of anybody's patience.
pub(super) async fn run(worker: &Worker, running: &RunningJob, call: Call) -> End {
    tokio::select! {
        biased;
        outcome = interceptor::run(call) => End::Ended(outcome),
        () = running.abandoned.fired() => End::Abandoned,
        () = worker.halted.cancelled() => End::Halted,
    }
}

/// Polls an attempt so that a panic in it, whatever code of the user's it comes from, is caught, and a poll that takes
/// long shows from outside.
pub(super) fn guarded<T>(
    worker: &Worker,
    running: &RunningJob,
    mut attempt: Pin<&mut impl Future<Output = T>>,
) -> impl Future<Output = Result<T, ErrorInfo>> {
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
}

/// Calls the handler itself. A panic of it goes on.
pub(crate) async fn call_handler(call: Call) -> Outcome {
    let Call { request, context, handler, origin, .. } = call;
    let mut waiting = Waiting { context: context.clone(), blocking: None, over: false };
    let invocation = Invocation { request, context };
    let returned = match handler.run {
        Run::Async(start) => start(invocation).await,
        Run::Blocking(prepare) => match prepare(invocation).await {
            Ok(call) => {
                waiting.blocking = origin.running();
                call_blocking(origin, call).await
            }
            Err(failure) => Err(failure),
        },
    };
    waiting.over = true;
    Outcome::of(returned)
}

async fn call_blocking(origin: Origin, call: BlockingCall) -> Result<Response, Failure> {
    let (span, job) = (tracing::Span::current(), origin.job());
    #[cfg(feature = "testing")]
    let busy = origin.runtime().node.as_ref().map(crate::testing::Node::occupy);
    #[cfg(feature = "testing")]
    let inline = busy.as_ref().is_some_and(|busy| busy.node().is_shuffled());
    let work = move || {
        #[cfg(feature = "testing")]
        let _busy = busy;
        let runtime = Arc::clone(origin.runtime());
        let call = || span.in_scope(|| runtime::scope_blocking(Arc::clone(&runtime), job, call));
        let returned = runtime.captured(|| catch(call));
        if let Origin::Job { worker, running, slot } = origin {
            if running.call.return_late() {
                worker.outlived.remove(&running.spec);
            }
            drop(slot);
        }
        returned
    };
    // Where a seed decides who comes first, no thread may.
    #[cfg(feature = "testing")]
    if inline {
        return work().unwrap_or_else(|panic| resume(panic));
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(returned)) => returned,
        Ok(Err(panic)) => resume(panic),
        Err(error) => Err(Failure::from(error)),
    }
}

impl Origin {
    fn runtime(&self) -> &Arc<Runtime> {
        match self {
            Self::Job { worker, .. } => &worker.runtime,
            Self::Process(runtime) => runtime,
        }
    }
}

/// Somebody waits for a handler. Whoever drops it before that is over, by a timeout for one, lets go of the handler.
struct Waiting {
    context: JobContext,
    /// The job that a blocking handler which has begun was called for.
    blocking: Option<(Arc<Worker>, Arc<RunningJob>)>,
    over: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        self.context.cancel();
        // A blocking handler may still be at it: it learns that nobody waits, and keeps its place in the limit.
        if let Some((worker, running)) = &self.blocking {
            worker.outlived.add(&running.spec, || running.call.outlive());
        }
    }
}
