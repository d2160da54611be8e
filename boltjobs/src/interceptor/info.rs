//! What `#[interceptor]` says about a fn.

use super::{Call, Next, NextSubmission, Outcome, Receipt, Submission};
use crate::error::{Failure, Result};
use crate::handler::BoxFuture;
use crate::provider::{Dependencies, Providers};
use crate::registry::Source;
use crate::request::RequestInfo;

/// Everything that `#[interceptor]` knows of a fn.
#[doc(hidden)]
#[derive(Debug)]
pub struct InterceptorInfo {
    /// The name of the fn.
    pub name: &'static str,
    pub source: Source,
    /// The names of those that it shall be outside of.
    pub before: &'static [&'static str],
    /// The names of those that it shall be inside of.
    pub after: &'static [&'static str],
    /// The requests that it concerns; all of them when there are none.
    pub only: &'static [&'static RequestInfo],
    pub dependencies: fn(&mut Dependencies),
    pub around: Around,
}

/// What it runs around. The outer `Result` fails when one of its arguments can't be made.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Around {
    Handler(AroundHandler),
    Enqueue(AroundEnqueue),
}

/// Runs around a handler.
pub(super) type AroundHandler = fn(Call, Next) -> BoxFuture<Result<Outcome, Failure>>;
/// Runs around enqueueing.
pub(super) type AroundEnqueue =
    fn(Submission, NextSubmission, Providers) -> BoxFuture<Result<Result<Receipt>, Failure>>;
