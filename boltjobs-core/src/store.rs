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
//! 15. **Awake**: whoever watches learns of each ready job, earlier due time, end, cancellation and transition, once it
//!     is durable.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::job::{ErrorInfo, Job, JobSpec, Lease, NewJob};
use crate::recurring::{Definition, RecurringJob};
use crate::watch::{Interest, Watch};
use crate::{JobId, JobState, Timestamp};

/// What a store answers, once it may be relied on.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps jobs. See the [module](self) for its laws.
pub trait Store: Send + Sync + Debug + 'static {
    /// Says what and where it is, as in `sled:data/jobs`.
    fn location(&self) -> String;

    // Producing.

    /// Adds jobs, all or none, and returns for each, in order, what became of it.
    fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Answer<'_, Vec<Enqueued>>;

    /// Moves one job for a client. `false` when it is not there, or not in a state that allows it.
    fn command(&self, job: JobId, command: Command, now: Timestamp) -> Answer<'_, bool>;

    // Running.

    /// Hands out jobs that are ready, one for each of these free workers at most.
    fn claim(&self, offer: Arc<Offer>, workers: Vec<u32>, now: Timestamp) -> Answer<'_, Vec<Claimed>>;

    /// Takes back jobs that ended, each with what came of it; answers in order.
    fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Answer<'_, Vec<Settled>>;

    /// Keeps leases alive until `until`, and tells which are lost or shall be cancelled.
    fn heartbeat(&self, leases: Vec<Lease>, until: Timestamp) -> Answer<'_, Heartbeat>;

    // The passing of time. Each does a bounded step (of reap, the bound is what runs) and returns when it has to be
    // called next, if ever; a claim that comes later may need an earlier reap.

    /// Makes ready what is due.
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

    /// Moves a definition. `None` when it is not there.
    fn recurring(&self, id: Arc<str>, command: RecurringCommand, now: Timestamp) -> Answer<'_, Option<bool>>;

    // Looking.

    /// Returns one job.
    fn job(&self, id: JobId) -> Answer<'_, Option<Job>>;

    /// Returns jobs of one state, newest first.
    fn page(&self, query: PageQuery) -> Answer<'_, Vec<Job>>;

    /// Counts the jobs.
    fn counts(&self) -> Answer<'_, Counts>;

    /// Returns the recurring definitions in the order of their ids.
    fn recurring_jobs(&self) -> Answer<'_, Vec<RecurringJob>>;

    /// Watches the store, from now until the watch is dropped.
    fn watch(&self, interest: Interest) -> Watch;

    /// Makes everything durable and lets go of what the store holds. Later calls answer [`StoreError::Closed`].
    fn close(&self) -> Answer<'_, ()>;
}

/// Why a store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store does not work right now; nothing of the call has been acknowledged.
    #[error("the store `{location}` is not available: {reason}")]
    Unavailable {
        /// Which store.
        location: String,
        /// What is wrong, and how to mend it.
        reason: String,
    },
    /// Somebody else owns the store.
    #[error("the store `{location}` is in use by another process; {advice}")]
    InUse {
        /// Which store.
        location: String,
        /// The ways out.
        advice: String,
    },
    /// What is stored can't be trusted. Nothing was overwritten.
    #[error("the store `{location}` is damaged: {reason}")]
    Corrupt {
        /// Which store.
        location: String,
        /// What was found.
        reason: String,
    },
    /// The store was written by a newer release.
    #[error(
        "the store `{location}` has format {found}, and this release reads up to {supported}; \
         upgrade boltjobs, or open another store"
    )]
    NewerFormat {
        /// Which store.
        location: String,
        /// Its format.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// There is no store of that kind, or none can be made there.
    #[error("can't open the store `{location}`: {reason}")]
    Location {
        /// Which store.
        location: String,
        /// What is wrong, and how to mend it.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed; the server that owned it was shut down")]
    Closed,
}

/// What became of a job that was enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued {
    /// The job that stands for it.
    pub id: JobId,
    /// Whether it was there before.
    pub duplicate: bool,
}

/// What a client can ask of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What to do.
    pub action: Action,
    /// The states in which to do it; any legal one when empty.
    pub expected: Vec<JobState>,
    /// Why, for the history.
    pub reason: Option<Arc<str>>,
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To Deleted; a running job is asked to stop.
    Delete,
    /// To Enqueued, with its attempts counted anew if it had ended.
    Requeue,
    /// To Scheduled.
    Reschedule(Timestamp),
}

/// What can be done with a recurring definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecurringCommand {
    /// Makes a job of it now, under this id; its schedule stays.
    Trigger(JobId),
    /// Fires nothing until it is resumed. `false` when it was paused.
    Pause,
    /// Fires again, from now on. `false` when it was not paused.
    Resume,
    /// Removes it. Its jobs stay.
    Remove,
}

/// What a server can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub server: Arc<str>,
    /// The queues it works, and how it chooses among them.
    pub queues: QueueOrder,
    /// The requests that it handles, by their names.
    pub handles: BTreeMap<Arc<str>, Handled>,
    /// How long a claim lasts without a heartbeat.
    pub lease: Duration,
}

/// How a server handles a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The newest version that it can read.
    pub version: u32,
    /// How many may run at once, if there is a limit.
    pub limit: Option<Limit>,
}

impl From<u32> for Handled {
    /// Handles versions up to this one, as many at once as there are slots.
    fn from(version: u32) -> Self {
        Self { version, limit: None }
    }
}

/// How many jobs may run at once, over every server that shares the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The most jobs.
    pub at_most: u32,
    /// The names that are counted together: a request's own and its older ones.
    pub names: Arc<[Arc<str>]>,
}

/// How a server chooses among queues with ready jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueOrder {
    /// Every queue there is, in turn.
    All,
    /// These alone; a queue is worked only while those before it have nothing ready.
    Strict(Vec<Arc<str>>),
    /// These alone, each in proportion to its weight.
    Weighted(Vec<(Arc<str>, u32)>),
}

/// A job that was handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The right to it.
    pub lease: Lease,
    /// What it is to do.
    pub spec: Arc<JobSpec>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// When it was enqueued.
    pub created_at: Timestamp,
}

/// The end of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The right by which it is reported.
    pub lease: Lease,
    /// How long the handler ran.
    pub ran: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The handler returned this, as JSON; nothing is kept for `()`.
    Succeeded(Option<Arc<[u8]>>),
    /// It failed, and there is another attempt.
    Retry {
        /// What went wrong.
        error: Box<ErrorInfo>,
        /// The delay before the next attempt.
        delay: Duration,
        /// The number of the retry, from 1.
        retry: u32,
        /// How many there may be.
        retries: u32,
    },
    /// It failed for good.
    Failed {
        /// What went wrong.
        error: Box<ErrorInfo>,
        /// Why there is no other attempt.
        reason: Option<Arc<str>>,
        /// Whether the job ends in Deleted instead of Failed.
        delete: bool,
    },
    /// It stopped because it was asked to. It failed, if nobody had.
    Cancelled {
        /// What it ended with.
        error: Option<Box<ErrorInfo>>,
    },
    /// It was stopped for good, for this reason, and that is no failure.
    Deleted(Arc<str>),
    /// It is not ready: again later, and the attempt does not count.
    Snoozed(Duration),
    /// It was interrupted: again at once, and the attempt does not count.
    Released(Arc<str>),
}

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The job is in this state now.
    Now(JobState),
    /// The job has been claimed again, or is gone; nothing was changed.
    LeaseLost,
}

/// What a server learns of its jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The leases that it no longer has.
    pub lost: Vec<Lease>,
    /// The jobs that shall stop.
    pub cancelled: Vec<JobId>,
}

/// How long ended jobs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Those in Succeeded. Default: 1 day.
    pub succeeded: Duration,
    /// Those in Failed. Default: 90 days.
    pub failed: Duration,
    /// Those in Deleted. Default: 1 day.
    pub deleted: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let day = Duration::from_hours(24);
        Self { succeeded: day, failed: day * 90, deleted: day }
    }
}

/// Which jobs a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// Their state.
    pub state: JobState,
    /// The last job of the page before.
    pub after: Option<JobId>,
    /// The most jobs.
    pub limit: usize,
}

/// How many jobs there are, exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// In each state; see [`StateCounts::get`].
    pub states: StateCounts,
    /// In each state, by queue.
    pub queues: BTreeMap<Arc<str>, StateCounts>,
    /// In each state, by request.
    pub requests: BTreeMap<Arc<str>, StateCounts>,
}

/// The number of jobs in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct StateCounts([u64; 7]);

impl StateCounts {
    /// Returns the number of jobs in one state.
    pub fn get(&self, state: JobState) -> u64 {
        self.0[state as usize]
    }

    /// Returns the number of jobs in all states.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, state: JobState) {
        self.0[state as usize] += 1;
    }

    pub(crate) fn subtract(&mut self, state: JobState) {
        self.0[state as usize] -= 1;
    }
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
