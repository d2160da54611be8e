//! Calling a handler in-process: request in, response out, nothing stored.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use boltjobs_core::job::{Epoch, JobSpec, Lease};

use crate::context::{Inner, JobContext, Steps};
use crate::error::{Error, Failure, Result};
use crate::handler::BoxFuture;
use crate::interceptor::{self, Call, End};
use crate::pipeline::run::Origin;
use crate::pipeline::stop::Stop;
use crate::request::Request;
use crate::runtime;
use crate::trace::{self, TraceParent};

/// A request on its way to its handler; nothing happens until it is awaited, and then it gives the response.
///
/// The handler runs as a part of the caller, within its interceptors and its timeout. Nothing is stored or tried again.
///
/// # Errors
/// [`Error::NotStarted`] before `start()`, [`Error::NoHandler`]; [`Error::Process`] with the handler's own error, or its
/// panic, or a timeout; [`Error::Stopped`] when an interceptor ended the call by `Outcome::delete`.
///
/// # Cancel safety
/// Dropping the future stops the handler at its next await. A plain one goes on until it returns.
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
            stop: Stop::default(),
            providers: runtime.providers(),
            clock: Arc::clone(&runtime.clock),
            started: runtime.clock.monotonic(),
            trace: TraceParent::of_attempt(enqueued_by, Lease { job: id, epoch: Epoch::default() }),
            steps: Steps::default(),
            claim: None,
        });
        let call = Call {
            request: Box::new(self.request),
            context,
            handler: Arc::clone(handler),
            timeout: handler.timeout,
            origin: Origin::Process(Arc::clone(&runtime)),
        };
        let request = name.to_string();
        match runtime::scope(runtime, interceptor::run(call)).await.0 {
            End::Success(response) => {
                response.downcast::<R::Response>().map(|response| *response).map_err(|_| {
                    failed(
                        request,
                        Failure::from("the handler returned another type than the request's response"),
                    )
                })
            }
            End::Failure(failure) => Err(failed(request, failure)),
            End::Deleted { reason, by } => {
                Err(Error::Stopped { request, by: by.unwrap_or_default().to_owned(), reason })
            }
        }
    }
}

fn failed(request: String, failure: Failure) -> Error {
    Error::Process { request, message: failure.to_string(), failure }
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
