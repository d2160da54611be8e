//! Calling a handler in-process: request in, response out, nothing stored.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use boltjobs_core::job::{Epoch, JobSpec, Lease};
use tokio_util::sync::CancellationToken;

use crate::context::{Inner, JobContext, Steps};
use crate::error::{Error, Failure, Result};
use crate::handler::{BoxFuture, Invocation, Run};
use crate::request::Request;
use crate::runtime;
use crate::trace::{self, TraceParent};

/// A request on its way to its handler; nothing happens until it is awaited, and then it gives the response.
///
/// The handler runs as a part of the caller: it is stopped when the future is dropped, unless it is a plain fn.
/// Nothing is stored or tried again, and its timeout does not apply; a panic goes on in the caller.
///
/// # Errors
/// [`Error::NotStarted`] before `start()`, [`Error::NoHandler`], [`Error::Process`] with the handler's own error.
#[must_use = "nothing is called until it is awaited"]
pub struct Process<R> {
    request: R,
}

impl<R: Request> Process<R> {
    /// Takes the request.
    #[doc(hidden)]
    pub fn new(request: R) -> Self {
        Self { request }
    }

    async fn run(self) -> Result<R::Response> {
        let runtime = runtime::current().ok_or(Error::NotStarted)?;
        let known = runtime.registry.of_type::<R>();
        let handler = known.and_then(|known| known.handler.as_ref());
        let name = known.map_or_else(|| R::INFO.name().into(), |known| Arc::clone(&known.name));
        let Some(handler) = handler else { return Err(Error::NoHandler(name.to_string())) };
        let (id, now) = (runtime.next_id(runtime.now()), runtime.now());
        let enqueued_by = trace::current(&runtime).as_deref().and_then(TraceParent::parse);
        let context = JobContext::new(Inner {
            id,
            spec: Arc::new(JobSpec { title: self.request.title(), ..JobSpec::new(Arc::clone(&name), *b"") }),
            attempt: 1,
            retries: 0,
            epoch: Epoch::default(),
            created_at: now,
            token: CancellationToken::new(),
            providers: runtime.providers(),
            trace: TraceParent::of_attempt(enqueued_by, Lease { job: id, epoch: Epoch::default() }),
            steps: Steps::default(),
            claim: None,
        });
        let call = Invocation { request: Box::new(self.request), context };
        let run = handler.run;
        let returned = runtime::scope(Arc::clone(&runtime), async move {
            match run {
                Run::Async(start) => start(call).await,
                Run::Blocking(prepare) => {
                    let call = prepare(call).await?;
                    let job = runtime::current_job();
                    let scoped = move || {
                        let scope = Arc::clone(&runtime);
                        runtime.captured(|| runtime::scope_blocking(scope, job, call))
                    };
                    match tokio::task::spawn_blocking(scoped).await {
                        Ok(returned) => returned,
                        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                        Err(error) => Err(Failure::from(error)),
                    }
                }
            }
        });
        let failed = |failure: Failure| Error::Process {
            request: name.to_string(),
            message: failure.to_string(),
            failure,
        };
        let response = returned.await.map_err(failed)?;
        match response.downcast::<R::Response>() {
            Ok(response) => Ok(*response),
            Err(_) => {
                Err(failed(Failure::from("the handler returned another type than the request's response")))
            }
        }
    }
}

impl<R: Request> IntoFuture for Process<R> {
    type Output = Result<R::Response>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<R> fmt::Debug for Process<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}
