//! The three kinds of error: what a handler returns, how it steers its job, and what boltjobs itself reports.

use std::any::type_name;
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use boltjobs_core::backoff::BackoffError;
use boltjobs_core::cron::{CronError, ZoneError};
use boltjobs_core::duration::{self, DurationError};
use boltjobs_core::job::ErrorInfo;
use boltjobs_core::name::NameError;
use boltjobs_core::query::QueryError;
use boltjobs_core::recurring::{BackfillError, Nonsense};
use boltjobs_core::rerun::RerunError;
use boltjobs_core::store::StoreError;
use boltjobs_core::{BatchId, JobId, JobState};

use crate::interceptor::Panicked;

/// Any error that a handler may end with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What a handler returns: its response, or why it has none.
pub type JobResult<T = ()> = std::result::Result<T, Failure>;

/// What boltjobs itself returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How far a chain of sources is followed; one that refers to itself would never end.
const CAUSES: usize = 32;

/// Wraps whatever error ended a handler, so that `?` works on all of them.
///
/// It remembers the name of the error's type, for the history of the job, and does not implement
/// [`Error`](std::error::Error) itself: that is what lets it be made from every type that does.
pub struct Failure {
    error: BoxError,
    type_name: &'static str,
}

impl Failure {
    /// Wraps an error under a name that is not that of its type.
    pub(crate) fn named(name: &'static str, error: impl Into<BoxError>) -> Self {
        Self { error: error.into(), type_name: name }
    }

    /// Says which interceptor could not run.
    pub(crate) fn of_interceptor(name: &'static str, failure: Self) -> Self {
        Self::named(failure.type_name, InterceptorError { name, error: failure.error })
    }

    /// Returns the error that ended the handler.
    pub fn error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self.error.as_ref()
    }

    /// Returns how the handler asked for its job to be treated, if it did.
    ///
    /// A [`JobError`] is found behind other errors, too, if they name it as their source.
    pub fn directive(&self) -> Option<&JobError> {
        let mut error: &(dyn std::error::Error + 'static) = self.error.as_ref();
        for _ in 0..CAUSES {
            if let Some(directive) = error.downcast_ref() {
                return Some(directive);
            }
            error = error.source()?;
        }
        None
    }

    /// Describes the failure for the history of the job.
    pub fn info(&self) -> ErrorInfo {
        if let Some(Panicked(info)) = self.error.downcast_ref() {
            return info.clone();
        }
        let mut causes = Vec::new();
        let mut source = self.error.source();
        while let Some(cause) = source.filter(|_| causes.len() < CAUSES) {
            causes.push(cause.to_string());
            source = cause.source();
        }
        let mut info = ErrorInfo::new(self.type_name, self.error.to_string());
        info.causes = causes;
        info
    }
}

/// The arguments of an interceptor could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the interceptor `{name}` can't run: {error}")]
struct InterceptorError {
    name: &'static str,
    #[source]
    error: BoxError,
}

impl<E: Into<BoxError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), type_name: type_name::<E>() }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("type_name", &self.type_name).field("error", &self.error).finish()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

/// Steers the job of the handler that returns it. Any other error counts as a failed attempt.
///
/// Return it from a [`JobResult`], or behind an error that names it as its source. Types that hide what they wrap, as
/// `anyhow::Error` does, hide it too: the job is then retried like any other.
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The job can never succeed: it ends in `Failed` (or as `on_exhausted` says) without another attempt.
    Discard(BoxError),
    /// The attempt failed; the next one, if any is left, comes after `delay` instead of the backoff.
    RetryIn {
        /// How long to wait.
        delay: Duration,
        /// Why the attempt failed.
        reason: BoxError,
    },
    /// The job is not ready yet: it runs again after this delay, and no attempt is used up.
    Snooze(Duration),
    /// The handler stopped because it was asked to. If nobody asked, it counts as a failed attempt.
    Cancelled,
}

impl JobError {
    /// Ends the job without another attempt.
    pub fn discard(reason: impl Into<BoxError>) -> Self {
        Self::Discard(reason.into())
    }

    /// Fails the attempt, and sets the delay before the next one.
    pub fn retry_in(delay: Duration, reason: impl Into<BoxError>) -> Self {
        Self::RetryIn { delay, reason: reason.into() }
    }

    /// Runs the job again after `delay`, without using up an attempt.
    pub fn snooze(delay: Duration) -> Self {
        Self::Snooze(delay)
    }

    /// Says that the handler stopped because its job was cancelled.
    pub fn cancelled() -> Self {
        Self::Cancelled
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discard(reason) | Self::RetryIn { reason, .. } => fmt::Display::fmt(reason, f),
            Self::Snooze(delay) => write!(f, "snoozed for {}", duration::format(*delay)),
            Self::Cancelled => f.write_str("the job was cancelled"),
        }
    }
}

impl std::error::Error for JobError {
    /// It speaks with the words of the reason, so its source is that of the reason.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Discard(reason) | Self::RetryIn { reason, .. } => reason.source(),
            Self::Snooze(_) | Self::Cancelled => None,
        }
    }
}

/// Says what went wrong, and how to mend it.
///
/// Its `Debug` is its text, too: what `main` returns is printed with `Debug`, and should be read.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was started that could take the job.
    #[error(
        "boltjobs is not running; call boltjobs::start() first, and keep the server that it returns until the end"
    )]
    NotStarted,
    /// The program can't start as it stands. Every fault that was found is listed.
    #[error("boltjobs can't start:{}", list(.0))]
    Startup(Vec<String>),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A setting of the builder or the environment can't be used.
    #[error("{0}")]
    Config(String),
    /// A request could not be turned into JSON.
    #[error("request `{request}` can't be stored as JSON: {message}; see its serde attributes")]
    Encode {
        /// The name of the request.
        request: String,
        /// What serde said.
        message: String,
    },
    /// A response could not be read as the type that the request names.
    #[error("the result of job {job} is no `{expected}`: {message}")]
    Decode {
        /// The job.
        job: JobId,
        /// The response type of the request.
        expected: &'static str,
        /// What serde said.
        message: String,
    },
    /// The option of a job is out of its range.
    #[error("{0}")]
    InvalidOption(String),
    /// A name breaks its rule.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A cron expression can't be read.
    #[error(transparent)]
    Cron(#[from] CronError),
    /// A time zone is unknown.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// A query can't be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A duration can't be read.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// A backoff can't be read.
    #[error(transparent)]
    Backoff(#[from] BackoffError),
    /// `process()` was called for a request that no handler of this program takes.
    #[error(
        "no handler for request `{0}`; add #[handler], or `use my_jobs as _;` if it lives in another crate"
    )]
    NoHandler(String),
    /// The job that was waited for ended without a result.
    #[error("job {job} ended in {state}: {reason}")]
    JobEnded {
        /// The job.
        job: JobId,
        /// `Failed` or `Deleted`.
        state: JobState,
        /// The error of its last attempt, or why it was deleted.
        reason: String,
    },
    /// The job that was waited for has succeeded, but what it returned could not be kept.
    #[error("job {job} has succeeded, but its result was not kept: {reason}")]
    NoResult {
        /// The job.
        job: JobId,
        /// Why.
        reason: String,
    },
    /// No such job: it never was, or its retention is over.
    #[error("job {0} does not exist; it may have been removed after its retention")]
    UnknownJob(JobId),
    /// No such operation: it never was, or others have taken its place.
    #[error("operation {0} does not exist; about the latest 200 are kept")]
    UnknownOperation(JobId),
    /// No such recurring definition: it never was, or was removed.
    #[error("recurring definition `{0}` does not exist; add it with `.recurring(..)` of its request")]
    UnknownRecurring(String),
    /// A recurring definition can't be changed while the program runs, as the code declares it.
    #[error(
        "recurring definition `{id}` is declared by the crate `{by}`, whose next start would set it back; change it there"
    )]
    DeclaredRecurring {
        /// The id of the definition.
        id: String,
        /// The crate.
        by: String,
    },
    /// An interceptor ended a call with `process()` by `Outcome::delete`.
    #[error("request `{request}` was stopped by the interceptor `{by}`: {reason}")]
    Stopped {
        /// The name of the request.
        request: String,
        /// The interceptor.
        by: String,
        /// What it said.
        reason: String,
    },
    /// An interceptor refused what was to be enqueued; nothing was written. See [`Error::refused`].
    #[error("the enqueue was refused{}: {reason}", who(.by))]
    Refused {
        /// The interceptor; empty until the error has left it.
        by: String,
        /// What it said.
        reason: String,
    },
    /// An interceptor around enqueueing panicked, or one of its arguments could not be made.
    #[error("{message}")]
    Interceptor {
        /// The interceptor.
        name: String,
        /// What went wrong; it names the interceptor.
        message: String,
    },
    /// No such batch: it never was, or its retention is over.
    #[error("batch {0} does not exist; it may have been removed after its retention")]
    UnknownBatch(BatchId),
    /// A handler that was called with `process()` failed.
    #[error("request `{request}` failed: {message}")]
    Process {
        /// The name of the request.
        request: String,
        /// What the handler said.
        message: String,
        /// The handler's own error.
        failure: Failure,
    },
}

impl Error {
    /// Refuses what is to be enqueued, from within an interceptor around enqueueing: nothing is written.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { by: String::new(), reason: reason.into() }
    }
}

fn who(interceptor: &str) -> String {
    if interceptor.is_empty() { String::new() } else { format!(" by the interceptor `{interceptor}`") }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Nonsense> for Error {
    fn from(nonsense: Nonsense) -> Self {
        Self::InvalidOption(nonsense.to_string())
    }
}

impl From<BackfillError> for Error {
    fn from(error: BackfillError) -> Self {
        Self::InvalidOption(error.to_string())
    }
}

impl From<RerunError> for Error {
    fn from(error: RerunError) -> Self {
        match error {
            RerunError::Store(error) => error.into(),
            RerunError::Open
            | RerunError::NoneFailed
            | RerunError::NotInIt(_)
            | RerunError::TooMany
            | RerunError::TooLarge => Self::InvalidOption(error.to_string()),
        }
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

fn list(faults: &[String]) -> String {
    faults.iter().flat_map(|fault| ["\n  - ", fault]).collect()
}
