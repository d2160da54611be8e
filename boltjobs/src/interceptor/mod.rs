//! What runs around handlers, and around enqueueing.
//!
//! Each handler has a chain, made once at start: the built-in interceptors and those of the program that concern its
//! request, in their order, and the handler itself at the end. [`Next`] is the rest of a chain. A chain has a boxed
//! future for each interceptor of the program; the built-in ones between two of them share one, so that a handler
//! without any costs what it would cost without chains.

mod call;
mod chain;
mod enqueue;
mod info;
mod order;
mod outcome;

pub use call::Call;
pub use chain::Next;
pub(crate) use chain::{Segment, run};
pub(crate) use enqueue::submit;
pub use enqueue::{NextSubmission, Receipt, Submission, SubmittedJob};
pub use info::{Around, InterceptorInfo};
pub(crate) use order::Interceptors;
pub use outcome::Outcome;
pub(crate) use outcome::{End, Panicked};
