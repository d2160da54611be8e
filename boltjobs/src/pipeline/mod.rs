//! The path of a job: enqueue → claim → dispatch → run → settle.
//!
//! Each stage is one file. What they share is in the [`Runtime`](crate::runtime::Runtime) and, for those that run
//! jobs, in the [`Worker`](claim::Worker); only the store keeps anything.

pub(crate) mod claim;
mod decode;
pub(crate) mod dispatch;
pub(crate) mod enqueue;
pub(crate) mod hands;
pub(crate) mod notebook;
pub(crate) mod ordered;
pub(crate) mod outlived;
pub(crate) mod run;
pub(crate) mod running;
pub(crate) mod settle;
pub(crate) mod slots;
pub(crate) mod stop;
