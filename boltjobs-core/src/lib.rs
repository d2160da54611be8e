//! The vocabulary and the laws of boltjobs, without a runtime.
//!
//! Users depend on `boltjobs`, which re-exports what they need from here. Stores depend on this crate alone.
//!
//! | module | what it decides |
//! |---|---|
//! | [`state`] | which transition is legal, and for whom |
//! | [`job`] | what is kept of a job |
//! | [`recurring`] | when a definition fires, and for which instants |
//! | [`rerun`] | running a part of a batch again |
//! | [`continuation`], [`batch`], [`unique`] | what a job waits for, belongs to, and is kept out by |
//! | [`lineage`] | who enqueued a job |
//! | [`mask`] | what is shown of a payload |
//! | [`shape`], [`literal`](mod@literal) | how a payload looks as the code that makes it |
//! | [`demo`] | the job that the dashboard runs for whoever has seen none |
//! | [`rate`] | when the next job may start under a rate limit |
//! | [`fingerprint`] | which failures are the same |
//! | [`throughput`] | how many jobs came and ended, and when |
//! | [`queue_limit`], [`handler_limit`] | what a queue and a handler are held to, as somebody has set it |
//! | [`deploy`] | when another version of the program came |
//! | [`order`] | what a server was ordered to do while it runs |
//! | [`audit`] | who did what |
//! | [`silence`] | what somebody knows of, and is not told of for a while |
//! | [`notes`] | what a job notes while it runs, and how much of it is kept |
//! | [`engine`] | what each command does: a pure state machine over the live set |
//! | [`store`] | what a store must do: the trait and its numbered laws |
//! | [`memory`] | the reference store: the engine behind a lock |
//! | [`pool`] | room that is used again |
//! | [`sabotage`] | bugs that tests put back, to see that something catches them |

pub mod access;
pub mod audit;
pub mod backoff;
pub mod batch;
mod bytes;
pub mod clock;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod continuation;
pub mod cron;
pub mod demo;
pub mod deploy;
pub mod duration;
pub mod engine;
pub mod fingerprint;
pub mod handler_limit;
pub mod id;
mod interned;
pub mod job;
pub mod lineage;
pub mod literal;
pub mod mask;
pub mod memory;
pub mod name;
pub mod notes;
pub mod operation;
pub mod order;
pub mod pool;
pub mod priority;
pub mod query;
pub mod queue_limit;
pub mod rate;
pub mod recurring;
pub mod rerun;
pub mod sabotage;
pub mod shape;
pub mod silence;
pub mod state;
pub mod store;
pub mod template;
pub mod text;
pub mod throughput;
pub mod time;
pub mod unique;
pub mod watch;

pub use id::{BatchId, JobId};
pub use state::JobState;
pub use time::Timestamp;
