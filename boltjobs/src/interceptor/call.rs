//! One call of a handler, on its way through the interceptors.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::context::JobContext;
use crate::pipeline::run::Origin;
use crate::registry::Handler;
use crate::request::{Payload, Request};

/// A call of a handler that an interceptor may look at, and hands on with [`Next::run`](crate::Next::run).
pub struct Call {
    pub(crate) request: Payload,
    pub(crate) context: JobContext,
    pub(crate) handler: Arc<Handler>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) origin: Origin,
}

impl Call {
    /// Returns the name of the request.
    pub fn request_name(&self) -> &str {
        self.context.request_name()
    }

    /// Returns what people see for it: its `Display`, or the name.
    pub fn title(&self) -> &str {
        self.context.title()
    }

    /// Returns the request, if it is of this type.
    pub fn request<R: Request>(&self) -> Option<&R> {
        self.request.downcast_ref()
    }

    /// Returns the context that the handler gets. Clone it to keep it beyond the call.
    pub fn context(&self) -> &JobContext {
        &self.context
    }

    /// Returns the number of this attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.context.attempt()
    }

    /// Returns how long the attempt may take, if there is a limit.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Says whether a job is run. `false` for `process()`: nothing of it is stored or tried again, and the context
    /// has an id of its own, no metadata and no tags.
    pub fn is_job(&self) -> bool {
        matches!(self.origin, Origin::Job { .. })
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("context", &self.context).finish_non_exhaustive()
    }
}
