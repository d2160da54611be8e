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

mod batch;
mod capture;
mod change;
mod client;
mod clock;
mod context;
mod dashboard;
#[cfg(feature = "dashboard")]
mod demo;
mod details;
mod ended;
mod error;
mod handle;
mod handler;
mod handlers;
mod insight;
mod interceptor;
mod meters;
mod observer;
mod open;
mod operations;
mod panic;
mod pipeline;
mod process;
mod provider;
mod query;
mod queues;
mod recurring;
mod registry;
mod report;
mod request;
mod runtime;
mod server;
mod servers;
mod services;
mod settings;
mod shape;
mod silences;
mod start;
#[cfg(feature = "testing")]
pub mod testing;
#[doc(hidden)]
pub mod title;
mod trace;
mod upcast;
mod vitals;

pub use boltjobs_core::audit::{AuditChange, AuditEntry, AuditPage};
pub use boltjobs_core::continuation::{After, ParentId};
pub use boltjobs_core::cron::{Cron, Dst, Zone};
pub use boltjobs_core::deploy::Deploy;
pub use boltjobs_core::fingerprint::{Fingerprint, Pattern as FailurePattern};
pub use boltjobs_core::handler_limit::{HandlerLimit, Limit, LimitKind};
pub use boltjobs_core::job::{ErrorInfo, HistoryRow, RowData};
pub use boltjobs_core::lineage::EnqueuedBy;
pub use boltjobs_core::memory::MemoryStore;
pub use boltjobs_core::notes::{Bar, LogLevel, LogLine, Progress, Step};
pub use boltjobs_core::operation::{Bulk, Operation, Skip, Skipped, Skips, Status as OperationStatus};
pub use boltjobs_core::order::{LogOrder, Order as ServerOrder, Orders as ServerOrders, WorkOrder};
pub use boltjobs_core::query::QueryError;
pub use boltjobs_core::queue_limit::QueueLimit;
pub use boltjobs_core::rate::Rate;
pub use boltjobs_core::recurring::{Backfilled, Misfire, Overlap, Run as RecurringRun, RunOutcome};
pub use boltjobs_core::silence::{Silence, Subject as SilenceOf, Until as SilenceUntil};
pub use boltjobs_core::store::{
    Duty, Explanation, FailureGroup, Keep, Limits, Moment, Reason, Retention, Store, StoreError, StoreSource,
};
pub use boltjobs_core::throughput::{Flow, Throughput, Window};
pub use boltjobs_core::unique::{OnConflict, Unique};
pub use boltjobs_core::{BatchId, JobId, JobState, Timestamp};
#[cfg(feature = "macros")]
pub use boltjobs_macros::{
    cron, handler, interceptor, observer, on_start, on_stop, provider, request, upcast,
};

#[cfg(all(feature = "macros", feature = "testing"))]
pub use boltjobs_macros::{simulate, test};

pub use batch::{Batch, BatchDetails, BatchHandle, IntoJob, Rerun};
#[cfg(feature = "dashboard")]
pub use boltjobs_core::access::{Identity as DashboardIdentity, Role as DashboardRole};
#[cfg(feature = "dashboard")]
pub use boltjobs_dashboard::{Dashboard, Faults as DashboardFaults};
pub use change::JobChange;
pub use client::{Client, JobCommand, client};
pub use context::{JobContext, ProgressBar};
pub use details::{JobDetails, Page, Stats};
pub use error::{BoxError, Error, Failure, JobError, JobResult, Result};
pub use handle::JobHandle;
pub use handler::{FromJobContext, HandlerReturn, OnExhausted};
pub use handlers::HandlerRef;
pub use interceptor::{Call, Next, NextSubmission, Outcome, Receipt, Submission, SubmittedJob};
pub use observer::Transition;
pub use operations::{BulkOperation, OperationHandle};
pub use pipeline::enqueue::{Enqueue, EnqueueAll, IntoInstant};
pub use process::Process;
pub use provider::{Data, Dependencies, FromProviders};
pub use query::{BulkReport, JobQuery};
pub use queues::{QueueDetails, QueueRef};
pub use recurring::{Backfill, Recurring, RecurringDetails, RecurringEdit, RecurringRef};
pub use request::Request;
pub use server::{Queue, Server};
pub use servers::{ServerDetails, ServerRef};
pub use settings::Durability;
pub use start::{Builder, builder, start};

/// What most programs use.
pub mod prelude {
    pub use crate::{
        After, Batch, BatchHandle, BatchId, Call, Cron, Data, Dst, Durability, JobContext, JobError,
        JobHandle, JobId, JobResult, JobState, Misfire, Next, NextSubmission, OnConflict, Outcome, Overlap,
        Queue, Receipt, Submission, Transition, Unique,
    };
    #[cfg(feature = "macros")]
    pub use crate::{cron, handler, interceptor, observer, on_start, on_stop, provider, request, upcast};
}

/// What generated code uses. Nothing in it is promised.
#[doc(hidden)]
pub mod __private {
    pub use boltjobs_core::shape::Kind;
    pub use chrono;
    pub use inventory;
    pub use serde;

    pub use crate::error::Failure;
    pub use crate::handler::{
        BackoffSource, BlockingCall, BoxFuture, HandlerInfo, HandlerReturn, Invocation, OnExhausted,
        Response, Run, respond,
    };
    pub use crate::interceptor::{Around, InterceptorInfo};
    pub use crate::observer::ObserverInfo;
    pub use crate::pipeline::enqueue::IntoInstant;
    pub use crate::provider::{
        Dependencies, FromProviders, HookInfo, HookPoint, Provided, ProviderInfo, Providers, SharedValue,
        share,
    };
    pub use crate::registry::{Registration, Source};
    pub use crate::request::{
        DeclaredRecurring, DecodeFault, Payload, RequestInfo, RequestOps, RequestParts, decode, default_parts,
    };
    pub use crate::shape::{FieldInfo, ShapeInfo};
    pub use crate::title;
    pub use crate::upcast::{Shape, UpcastInfo, upcast};

    /// Parses what `cron!` has checked.
    pub fn checked_cron(text: &str) -> crate::Cron {
        crate::Cron::parse(text).unwrap_or_else(|_| crate::Cron::never())
    }
}
