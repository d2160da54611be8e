//! Testing code that enqueues, and handlers that run: no sleep, no port, no file, no real clock.
//!
//! With the feature `testing`, for `dev-dependencies`. A test has a store in memory and a clock of its own, which stands
//! still until the test lets time pass; nothing runs until the test says so. `docs/testing.md` is the guide.
//!
//! ```
//! use boltjobs::prelude::*;
//! use boltjobs::testing::*;
//! use std::time::Duration;
//!
//! #[request]
//! #[derive(Debug)]
//! struct Remind {
//!     student: u64,
//! }
//!
//! #[handler]
//! async fn remind(request: Remind) -> JobResult {
//!     Ok(())
//! }
//!
//! # fn main() { a_reminder_goes_out_after_an_hour() }
//! # #[doc = "The attribute of the test harness would hide it."]
//! # fn a_reminder_goes_out_after_an_hour() { boltjobs::testing::run(|builder| builder, |jobs| async move {
//! // #[boltjobs::test]
//! // async fn a_reminder_goes_out_after_an_hour(jobs: TestJobs) {
//! Remind { student: 7 }.schedule_in(Duration::from_secs(3600)).await.unwrap();
//! assert_scheduled!(jobs, Remind { student: 7 }, in = Duration::from_secs(3600));
//!
//! let report = jobs.advance(Duration::from_secs(3600)).await;
//! assert_eq!(report.succeeded::<Remind>(), 1);
//! // }
//! # }) }
//! ```

mod audit;
mod befall;
mod clock;
mod drive;
mod expect;
mod exported;
mod faults;
mod jobs;
mod media;
mod node;
mod park;
mod perform;
mod probe;
mod report;
mod run;
mod sim;
mod storm;
mod workshop;
mod world;

#[cfg(feature = "macros")]
pub use boltjobs_macros::{assert_enqueued, assert_not_enqueued, assert_scheduled};
#[doc(hidden)]
pub use expect::{Assertion, Difference, Expected, expect};
pub use exported::exported;
pub use faults::{CrashPoint, StoreCall};
pub use jobs::{IntoJobId, TestJobs};
pub(crate) use jobs::{run_all, run_to_the_end};
#[doc(hidden)]
pub use media::Kind;
pub(crate) use node::Node;
pub use perform::{Perform, Run};
pub use report::Report;
#[doc(hidden)]
pub use run::{run, run_on};
pub use sim::Sim;
#[doc(hidden)]
pub use sim::{Ended, simulate, trace_of};
pub(crate) use workshop::Workshop;
#[doc(hidden)]
pub use world::With;
pub(crate) use world::current;
