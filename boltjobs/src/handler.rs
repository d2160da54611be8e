//! What `#[handler]` says about a fn.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::context::JobContext;
use crate::error::Failure;
use crate::provider::Dependencies;
use crate::registry::Source;
use crate::request::{Request, RequestInfo};

/// Everything that `#[handler]` knows of a fn.
#[doc(hidden)]
#[derive(Debug)]
pub struct HandlerInfo {
    /// The name of the fn.
    pub name: &'static str,
    pub source: Source,
    pub request: &'static RequestInfo,
    pub run: Run,
    pub dependencies: fn(&mut Dependencies),
    pub retries: Option<u32>,
    pub backoff: Option<BackoffSource>,
    pub timeout: Option<Duration>,
    pub on_exhausted: OnExhausted,
    /// How many jobs it may run at once, over every server that shares the store.
    pub concurrency: Option<u32>,
    /// How many jobs with one concurrency key it may run at once.
    pub concurrency_per_key: Option<u32>,
    /// How often it may start a job, in the words of `Rate::parse`; the macro has checked them.
    pub rate_limit: Option<&'static str>,
    /// How often it may start a job with one concurrency key.
    pub rate_limit_per_key: Option<&'static str>,
}

/// How the handler is called.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// As a future, on a tokio task.
    Async(fn(Invocation) -> BoxFuture<Result<Response, Failure>>),
    /// As a plain call, on the blocking pool, once its arguments are there.
    Blocking(fn(Invocation) -> BoxFuture<Result<BlockingCall, Failure>>),
}

/// A backoff as the attribute spelled it.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum BackoffSource {
    /// In the words of `Backoff::parse`; the macro has checked them.
    Text(&'static str),
    /// A fn from the number of the retry, from 1, to the delay before it.
    Function(fn(u32) -> Duration),
}

/// What becomes of a job whose retries are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExhausted {
    /// It ends in `Failed`, where people see it. The default.
    #[default]
    Fail,
    /// It ends in `Deleted`.
    Delete,
}

#[doc(hidden)]
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;
#[doc(hidden)]
pub type Response = Box<dyn Any + Send>;
#[doc(hidden)]
pub type BlockingCall = Box<dyn FnOnce() -> Result<Response, Failure> + Send>;

/// One call of a handler: the request and what surrounds it.
#[doc(hidden)]
pub struct Invocation {
    pub(crate) request: Box<dyn Any + Send + Sync>,
    pub(crate) context: JobContext,
}

impl Invocation {
    /// Hands out the request by its type.
    ///
    /// # Errors
    /// When the request is of another type, which is a fault of boltjobs.
    pub fn into_parts<R: Request>(self) -> Result<(R, JobContext), Failure> {
        match self.request.downcast::<R>() {
            Ok(request) => Ok((*request, self.context)),
            Err(_) => Err(Failure::from(format!("the request is no `{}`", R::INFO.ident))),
        }
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation").field("context", &self.context).finish_non_exhaustive()
    }
}

/// What a handler of a request with the response `T` may return.
#[diagnostic::on_unimplemented(
    message = "a handler of a request whose response is `{T}` can't return `{Self}`",
    label = "returns something else than a `Result` of the response",
    note = "return `JobResult<{T}>` (or `Result<{T}, E>`), or name another type in `#[request(response = ..)]`",
    note = "any error that converts into `Box<dyn Error + Send + Sync>` will do for `E`"
)]
pub trait HandlerReturn<T> {
    #[doc(hidden)]
    fn into_result(self) -> Result<T, Failure>;
}

impl HandlerReturn<()> for () {
    fn into_result(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<T, E> HandlerReturn<T> for Result<T, E>
where
    Failure: From<E>,
{
    fn into_result(self) -> Result<T, Failure> {
        self.map_err(Failure::from)
    }
}

/// Boxes what a handler returned.
///
/// # Errors
/// The handler's own.
#[doc(hidden)]
pub fn respond<R: Request, T: HandlerReturn<R::Response>>(returned: T) -> Result<Response, Failure> {
    returned.into_result().map(|response| Box::new(response) as Response)
}

/// Makes an argument of a handler out of the context of the job.
///
/// [`JobContext`] and [`Data<T>`](crate::Data) do; so may types of yours:
/// a tenant found in the metadata, a client with the job's id as its idempotency key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a handler",
    note = "after the request a handler takes `JobContext`, `Data<T>`, or a type that implements `FromJobContext`"
)]
pub trait FromJobContext: Sized + Send {
    /// Makes the argument.
    ///
    /// # Errors
    /// An error fails the attempt, as an error of the handler would.
    fn from_job_context(context: &JobContext) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Names the providers that the argument needs, so that `start()` can check them.
    fn dependencies(_needs: &mut Dependencies) {}
}

impl FromJobContext for JobContext {
    async fn from_job_context(context: &JobContext) -> Result<Self, Failure> {
        Ok(context.clone())
    }
}

impl<T: FromJobContext> FromJobContext for Option<T> {
    /// `None` where making a `T` failed.
    async fn from_job_context(context: &JobContext) -> Result<Self, Failure> {
        Ok(T::from_job_context(context).await.ok())
    }
}

pub(crate) type BackoffFn = Arc<dyn Fn(u32, u64) -> Duration + Send + Sync>;
