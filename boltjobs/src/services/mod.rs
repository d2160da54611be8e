//! What goes on beside the handlers, on a thread of its own: a handler that blocks every thread of the program's
//! runtime keeps its lease all the same, and nobody's timer waits for it.

pub(crate) mod cancellation;
pub(crate) mod gauges;
pub(crate) mod heartbeat;
pub(crate) mod noting;
pub(crate) mod orders;
pub(crate) mod relief;
pub(crate) mod scheduler;
mod thread;

pub(crate) use thread::ServiceThread;
