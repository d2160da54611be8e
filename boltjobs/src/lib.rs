//! Durable background jobs: annotate a struct and a fn, start, schedule.
//!
//! ```
//! use boltjobs::prelude::*;
//!
//! #[request(display = "Greet {name}")]
//! #[derive(Debug)]
//! pub struct Greet {
//!     pub name: String,
//! }
//!
//! #[handler]
//! async fn greet(request: Greet) -> JobResult {
//!     println!("Hello, {}!", request.name);
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> boltjobs::Result<()> {
//! let server = boltjobs::builder().store("memory").start().await?;
//! let job = Greet { name: "Ada".into() }.enqueue().await?;
//! job.wait().await?;
//! server.shutdown().await
//! # }
//! ```
//!
//! With [`start()`] instead of the builder the jobs are kept on disk, in `./boltjobs-data`: once `enqueue().await`
//! has returned, the job is run to its end whatever crashes. `docs/guarantees.md` lists all promises.

extern crate self as boltjobs;

mod client;
mod clock;
mod context;
mod details;
mod ended;
mod error;
mod handle;
mod handler;
mod panic;
mod pipeline;
mod process;
mod provider;
mod queues;
mod recurring;
mod registry;
mod request;
mod runtime;
mod server;
mod servers;
mod services;
mod settings;
mod start;
#[doc(hidden)]
pub mod title;

pub use boltjobs_core::cron::{Cron, Dst, Zone};
pub use boltjobs_core::job::{ErrorInfo, HistoryRow, RowData};
pub use boltjobs_core::memory::MemoryStore;
pub use boltjobs_core::rate::Rate;
pub use boltjobs_core::recurring::Misfire;
pub use boltjobs_core::store::{Explanation, Limits, Reason, Retention, Store, StoreError, StoreSource};
pub use boltjobs_core::{JobId, JobState, Timestamp};
#[cfg(feature = "macros")]
pub use boltjobs_macros::{cron, handler, on_start, on_stop, provider, request};

pub use client::{Client, JobCommand, JobQuery, client};
pub use context::JobContext;
pub use details::{JobDetails, Page, Stats};
pub use error::{BoxError, Error, Failure, JobError, JobResult, Result};
pub use handle::JobHandle;
pub use handler::{FromJobContext, HandlerReturn, OnExhausted};
pub use pipeline::enqueue::{Enqueue, EnqueueAll, IntoInstant};
pub use process::Process;
pub use provider::{Data, Dependencies, FromProviders};
pub use queues::{QueueDetails, QueueRef};
pub use recurring::{Recurring, RecurringDetails, RecurringRef};
pub use request::Request;
pub use server::{Queue, Server};
pub use servers::ServerDetails;
pub use settings::Durability;
pub use start::{Builder, builder, start};

/// What most programs use.
pub mod prelude {
    pub use crate::{
        Cron, Data, Dst, Durability, JobContext, JobError, JobHandle, JobId, JobResult, JobState, Misfire,
        Queue,
    };
    #[cfg(feature = "macros")]
    pub use crate::{cron, handler, on_start, on_stop, provider, request};
}

/// What generated code uses. Nothing in it is promised.
#[doc(hidden)]
pub mod __private {
    pub use chrono;
    pub use inventory;
    pub use serde;

    pub use crate::error::Failure;
    pub use crate::handler::{
        BackoffSource, BlockingCall, BoxFuture, HandlerInfo, HandlerReturn, Invocation, OnExhausted,
        Response, Run, respond,
    };
    pub use crate::pipeline::enqueue::IntoInstant;
    pub use crate::provider::{
        Dependencies, FromProviders, HookInfo, HookPoint, Provided, ProviderInfo, Providers, SharedValue,
        share,
    };
    pub use crate::registry::{Registration, Source};
    pub use crate::request::{DecodeFault, Payload, RequestInfo, RequestOps};
    pub use crate::title;

    /// Parses what `cron!` has checked.
    pub fn checked_cron(text: &str) -> crate::Cron {
        crate::Cron::parse(text).unwrap_or_else(|_| crate::Cron::never())
    }
}
