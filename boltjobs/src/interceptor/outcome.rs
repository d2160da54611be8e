//! What came of a call, as interceptors see it.

use std::fmt;
use std::time::Duration;

use boltjobs_core::duration;
use boltjobs_core::job::ErrorInfo;

use crate::error::Failure;
use crate::handler::Response;

/// What came of a call: a response, a failure, or the end of the job without either.
///
/// A panic of the handler and a timeout are failures, too. A [`JobError`](crate::JobError) in a failure steers the
/// job whoever made it.
#[must_use = "an interceptor returns the outcome; without it nobody learns what came of the call"]
pub struct Outcome(pub(crate) End);

pub(crate) enum End {
    Success(Response),
    Failure(Failure),
    Deleted {
        reason: String,
        /// The interceptor that said so.
        by: Option<&'static str>,
    },
}

impl Outcome {
    /// Succeeds with a response, which must be of the type that the request names: `()` if it names none.
    pub fn success<T: Send + 'static>(response: T) -> Self {
        Self(End::Success(Box::new(response)))
    }

    /// Fails, as a handler does that returns this error.
    pub fn failure(error: impl Into<Failure>) -> Self {
        Self(End::Failure(error.into()))
    }

    /// Ends the job in `Deleted` with this reason: that is no failure, and nothing is tried again. A `process()` that
    /// is ended so returns [`Error::Stopped`](crate::Error::Stopped).
    pub fn delete(reason: impl Into<String>) -> Self {
        Self(End::Deleted { reason: reason.into(), by: None })
    }

    /// Says whether there is a response.
    pub fn is_success(&self) -> bool {
        matches!(self.0, End::Success(_))
    }

    /// Says whether it failed, by an error, a panic or a timeout.
    pub fn is_failure(&self) -> bool {
        matches!(self.0, End::Failure(_))
    }

    /// Says whether it failed by a panic.
    pub fn is_panic(&self) -> bool {
        self.error().is_some_and(|failure| failure.error().is::<Panicked>())
    }

    /// Says whether it failed because its time was over.
    pub fn is_timeout(&self) -> bool {
        self.error().is_some_and(|failure| failure.error().is::<TimedOut>())
    }

    /// Returns what it failed with.
    pub fn error(&self) -> Option<&Failure> {
        match &self.0 {
            End::Failure(failure) => Some(failure),
            End::Success(_) | End::Deleted { .. } => None,
        }
    }

    /// Hands out what it failed with, to fail with something else around it.
    pub fn into_error(self) -> Option<Failure> {
        match self.0 {
            End::Failure(failure) => Some(failure),
            End::Success(_) | End::Deleted { .. } => None,
        }
    }

    /// Returns the response, if there is one of this type.
    pub fn response<T: 'static>(&self) -> Option<&T> {
        match &self.0 {
            End::Success(response) => response.downcast_ref(),
            End::Failure(_) | End::Deleted { .. } => None,
        }
    }

    /// Returns why an interceptor ended the job, if one did.
    pub fn deleted(&self) -> Option<&str> {
        match &self.0 {
            End::Deleted { reason, .. } => Some(reason),
            End::Success(_) | End::Failure(_) => None,
        }
    }

    pub(crate) fn of(returned: Result<Response, Failure>) -> Self {
        Self(match returned {
            Ok(response) => End::Success(response),
            Err(failure) => End::Failure(failure),
        })
    }

    pub(crate) fn panicked(info: ErrorInfo) -> Self {
        Self(End::Failure(Failure::named("panic", Panicked(info))))
    }

    pub(crate) fn timed_out(limit: Duration) -> Self {
        Self(End::Failure(Failure::named("boltjobs::Timeout", TimedOut(limit))))
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            End::Success(_) => f.write_str("Success"),
            End::Failure(failure) => f.debug_tuple("Failure").field(failure).finish(),
            End::Deleted { reason, by } => {
                f.debug_struct("Deleted").field("reason", reason).field("by", by).finish()
            }
        }
    }
}

/// A panic, with its backtrace.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Panicked(pub(crate) ErrorInfo);

#[derive(Debug, thiserror::Error)]
#[error("timed out after {}; raise its `timeout`, or let it do less at a time", duration::format(*.0))]
struct TimedOut(Duration);
