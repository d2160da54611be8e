//! What a store must do.
//!
//! A store fetches, applies and persists; what to do is decided by [`Engine`](crate::engine::Engine), which every
//! store is or is compared with. Methods speak in batches, take `now` wherever time matters, and each is one
//! transaction: all of it happens, or nothing. `docs/postgresql.md` sketches each one in SQL.
//!
//! # Laws
//! Each has a test of its name in the conformance suite.
//!
//! 1. **Durable**: what a method has answered survives a crash, with everything that hangs on it. A claim and a
//!    heartbeat may be forgotten: the job is then claimed again.
//! 2. **Atomic**: a batch that is refused changes nothing.
//! 3. **Idempotent**: a job that is enqueued again under its id is the same job.
//! 4. **Exclusive**: a job is claimed by one server at a time.
//! 5. **Fenced**: each claim raises the epoch; a write with an older one changes nothing and is told so.
//! 6. **Able**: a claim hands out only requests and versions that the offer handles.
//!    What a limit or a pause holds back keeps its place, and holds up nothing but jobs of its own key.
//! 7. **Ordered**: strict queues in their order, weighted ones in proportion; within a queue by priority, then
//!    first in, first out.
//! 8. **Punctual**: no job is handed out before its time.
//! 9. **Legal**: a transition that the table of [`state`](crate::state) does not list is refused, and changes nothing.
//! 10. **Recorded**: each transition adds a row of history, and moves the counters, in the same write.
//! 11. **Once**: an occurrence of a recurring definition makes one job, whatever races or crashes.
//! 12. **Unmoved**: adding a definition again unchanged changes nothing.
//! 13. **Recovered**: a job whose server is gone goes back to its place, with its attempt; one that crashes too
//!     often is quarantined.
//! 14. **Bounded**: pages, counts and steps of expiry cost by what they return, not by what is stored.
//! 15. **Followed**: what waits for the end of a job or a batch is released or deleted in the write that ends it, once.
//! 16. **Awake**: whoever watches learns of each ready job, earlier due time, end, cancellation and transition, once it
//!     is durable.
//! 17. **Noted**: what a running job notes is kept over its attempts, and goes with the job; a step that was noted is
//!     durable.
//! 18. **Counted**: what came and ended is counted in its minute, once, whatever is compacted or crashes; jobs that
//!     failed in the same way are found together.
//! 19. **Kept**: a document is there, as it was written last, until it is removed.

mod command;
mod error;
mod explanation;
mod failures;
mod limits;
mod live;
mod offer;
mod outcome;
mod reading;
mod retention;
mod search;
mod space;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::batch::{BatchStatus, NewBatch};
use crate::job::{Job, Lease, NewJob};
use crate::notes::Notes;
use crate::recurring::{Definition, RecurringJob};
use crate::throughput::{Throughput, Window};
use crate::watch::{Interest, Watch};
use crate::{BatchId, JobId, Timestamp};

pub use command::{Action, Change, Command, Enqueued, RecurringCommand};
pub use error::{Refusal, StoreError};
pub use explanation::{Explanation, Reason};
pub use failures::{Document, DocumentQuery, FailureGroup, HOURS, Trend};
pub use limits::{Held, Limits};
pub use live::{QueueInfo, ServerInfo};
pub use offer::{Claimed, Defaults, Duty, Handled, MOST_WORKERS, Offer, QueueOrder, Vitals};
pub use outcome::{Heartbeat, Outcome, Record, Settled, Settlement};
pub use reading::{Counts, StateCounts};
pub use retention::{Keep, Retention};
pub use search::{Compare, JobFilter, LOOKS, Moment, Page, PageQuery, Tally, count_all};
pub use space::Space;

/// What a store answers, once it may be relied on.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps jobs. See the [module](self) for its laws.
pub trait Store: Send + Sync + Debug + 'static {
    /// Says what and where it is, as in `sled:data/jobs`.
    fn location(&self) -> String;

    // Producing.

    /// Adds batches and jobs, all or none, and returns for each job, in order, what became of it.
    ///
    /// The parents and the batch of a job are there already, or stand before it in the same call.
    fn submit(&self, batches: Vec<NewBatch>, jobs: Vec<NewJob>, now: Timestamp) -> Answer<'_, Vec<Enqueued>>;

    /// Adds jobs, all or none, and returns for each, in order, what became of it.
    fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Answer<'_, Vec<Enqueued>> {
        self.submit(Vec::new(), jobs, now)
    }

    /// Deletes the jobs of a batch that have not started, with those of the batches in it, and asks the ones that run
    /// to stop. `false` when it is not there, has ended, or was cancelled before.
    fn cancel_batch(&self, batch: BatchId, reason: Option<Arc<str>>, now: Timestamp) -> Answer<'_, bool>;

    /// Moves jobs for a client, and says for each, in order, whether it happened: not when it is not there, or not in a
    /// state that allows it.
    fn command(&self, jobs: Vec<JobId>, command: Command, now: Timestamp) -> Answer<'_, Vec<bool>>;

    /// Changes jobs that wait or have failed, and says for each, in order, whether it is as was asked: not when it is not
    /// there, is in another state, or has another revision.
    fn change(&self, jobs: Vec<JobId>, change: Change, now: Timestamp) -> Answer<'_, Vec<bool>>;

    // Running.

    /// Hands out jobs that are ready, one for each of these free workers at most.
    fn claim(&self, offer: Arc<Offer>, workers: Vec<u32>, now: Timestamp) -> Answer<'_, Vec<Claimed>>;

    /// Takes back jobs that ended, each with what came of it; answers in order.
    fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Answer<'_, Vec<Settled>>;

    /// Keeps leases alive until `until`, and tells which are lost or shall be cancelled.
    fn heartbeat(&self, leases: Vec<Lease>, until: Timestamp) -> Answer<'_, Heartbeat>;

    /// Takes notes of running jobs, and says for each, in order, whether its lease still held; if not, nothing was noted.
    /// The answer waits until the steps among them are durable; the rest may be lost in a crash.
    fn record(&self, records: Vec<Record>, now: Timestamp) -> Answer<'_, Vec<bool>>;

    // The passing of time. Each does a bounded step (of reap, the bound is what runs) and returns when it has to be
    // called next, if ever; a claim that comes later may need an earlier reap.

    /// Makes ready what is due, and deletes what has expired before it started.
    fn due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>>;

    /// Makes the jobs of recurring definitions whose time has come.
    fn fire(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>>;

    /// Takes jobs back from servers that are gone. `max_crashes` in a row quarantine a job; 0 never does.
    fn reap(&self, max_crashes: u32, now: Timestamp) -> Answer<'_, Option<Timestamp>>;

    /// Removes ended jobs whose retention is over.
    fn expire(&self, retention: Retention, now: Timestamp) -> Answer<'_, Option<Timestamp>>;

    // Recurring definitions.

    /// Adds or changes a definition. `false` when it was there unchanged, so that nothing was written.
    fn put_recurring(&self, definition: Definition, now: Timestamp) -> Answer<'_, bool>;

    /// Adds or changes the definitions that a program declares, and removes others that one of its crates has declared;
    /// returns their ids. Those that other crates have declared, and those made at run time, stay.
    fn declare_recurring(
        &self,
        declared: Vec<Definition>,
        crates: BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Answer<'_, Vec<Arc<str>>>;

    /// Moves a definition. `None` when it is not there.
    fn recurring(&self, id: Arc<str>, command: RecurringCommand, now: Timestamp) -> Answer<'_, Option<bool>>;

    // Servers and queues.

    /// Says that a server is there until `until`, and what it can run. Kept in memory: after a crash nobody is there.
    fn announce(&self, offer: Arc<Offer>, now: Timestamp, until: Timestamp) -> Answer<'_, ()>;

    /// Says that a server is gone.
    fn retire(&self, server: Arc<str>) -> Answer<'_, ()>;

    /// Pauses a queue, or lets it go on; `false` when it was so already. What runs is run to its end.
    fn pause(&self, queue: Arc<str>, pause: bool, now: Timestamp) -> Answer<'_, bool>;

    // What is kept beside the jobs.

    /// Keeps documents, and removes others, all or none.
    fn keep(&self, kept: Vec<Document>, removed: Vec<Arc<str>>, now: Timestamp) -> Answer<'_, ()>;

    /// Returns documents whose keys begin alike.
    fn documents(&self, query: DocumentQuery) -> Answer<'_, Vec<Document>>;

    // Looking.

    /// Returns the servers that are there, by their names.
    fn servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>>;

    /// Returns the servers that ended without a word within a day, by their names: 100 of them at least. Kept in memory: after
    /// a crash nobody is lost.
    fn lost_servers(&self, now: Timestamp) -> Answer<'_, Vec<ServerInfo>>;

    /// Returns the queues that have jobs, are paused or are named by a server, by their names.
    fn queues(&self, now: Timestamp) -> Answer<'_, Vec<QueueInfo>>;

    /// Says why a job stands where it stands, and what would move it on.
    fn explain(&self, id: JobId, now: Timestamp) -> Answer<'_, Explanation>;

    /// Returns one job.
    fn job(&self, id: JobId) -> Answer<'_, Option<Job>>;

    /// Returns what a job has noted while it ran; `None` when there is nothing.
    fn notes(&self, id: JobId) -> Answer<'_, Option<Notes>>;

    /// Lists jobs. It looks at [`LOOKS`] of them at most, so that no search holds up the others for long.
    fn page(&self, query: PageQuery) -> Answer<'_, Page>;

    /// Counts the jobs that a filter means, from where the call before ended. It is bounded as a page is; what can be
    /// told without a look at each job is told at once.
    fn count(&self, filter: JobFilter, after: Option<JobId>) -> Answer<'_, Tally>;

    /// Returns how one batch stands.
    fn batch(&self, id: BatchId) -> Answer<'_, Option<BatchStatus>>;

    /// Returns batches, newest first: those before `after`, and at most `limit`.
    fn batches(&self, after: Option<BatchId>, limit: usize) -> Answer<'_, Vec<BatchStatus>>;

    /// Counts the jobs.
    fn counts(&self) -> Answer<'_, Counts>;

    /// Returns a number that is another one after each change that can be seen, and is cheap to ask for.
    fn revision(&self) -> Answer<'_, u64>;

    /// Returns how many jobs came and ended in a window.
    fn throughput(&self, window: Window) -> Answer<'_, Throughput>;

    /// Returns failures, the one that happened last first, and at most so many.
    fn failures(&self, limit: usize) -> Answer<'_, Vec<FailureGroup>>;

    /// Returns how much room it takes, and how much there is; `None` where that can't be told.
    fn space(&self) -> Answer<'_, Option<Space>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Returns the recurring definitions in the order of their ids.
    fn recurring_jobs(&self) -> Answer<'_, Vec<RecurringJob>>;

    /// Watches the store, from now until the watch is dropped.
    fn watch(&self, interest: Interest) -> Watch;

    /// Makes everything durable and lets go of what the store holds. Later calls answer [`StoreError::Closed`].
    fn close(&self) -> Answer<'_, ()>;
}

/// Which store to use: a value, or words that say where one is.
#[derive(Debug, Clone)]
pub enum StoreSource {
    /// As in `sled:data/jobs` or `memory`.
    Location(String),
    /// A store that is open.
    Open(Arc<dyn Store>),
}

// These stand beside the trait, as only its own crate knows that a text is no store.
impl From<&str> for StoreSource {
    fn from(location: &str) -> Self {
        Self::Location(location.to_owned())
    }
}

impl From<String> for StoreSource {
    fn from(location: String) -> Self {
        Self::Location(location)
    }
}

impl<S: Store> From<S> for StoreSource {
    fn from(store: S) -> Self {
        Self::Open(Arc::new(store))
    }
}

impl From<Arc<dyn Store>> for StoreSource {
    fn from(store: Arc<dyn Store>) -> Self {
        Self::Open(store)
    }
}
