//! What is kept of a job.

mod error;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::continuation::Parent;
use crate::pool::Pool;
use crate::unique::Unique;
use crate::{BatchId, JobId, JobState, Timestamp, name};

pub(crate) use error::cut;
pub use error::{ErrorInfo, LONGEST_ERROR};

/// The queue of jobs that name none.
pub const DEFAULT_QUEUE: &str = "default";

/// The rows of history that a job keeps: the first, and the latest ones.
pub const HISTORY_ROWS: usize = 64;

/// What the code that enqueues decides, once: it stays with the job through every retry and requeue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// The stable name of the request.
    #[serde(with = "crate::interned")]
    pub request: Arc<str>,
    /// The version of the payload.
    pub version: u32,
    /// What people see, when it is more than the name.
    pub title: Option<String>,
    /// The request as JSON.
    #[serde(with = "crate::bytes")]
    pub payload: Arc<[u8]>,
    /// The paths in the payload that are never shown.
    pub sensitive: Vec<String>,
    /// The queue.
    #[serde(with = "crate::interned")]
    pub queue: Arc<str>,
    /// Higher goes first within the queue: -100 to 100.
    pub priority: i8,
    /// Jobs that share a key can be limited together.
    pub concurrency_key: Option<Arc<str>>,
    /// Words to find the job by.
    pub tags: Vec<String>,
    /// What the code that enqueued attached.
    pub meta: BTreeMap<String, String>,
    /// The W3C `traceparent` of the code that enqueued.
    pub trace: Option<String>,
    /// Overrides the retries of the handler.
    pub retries: Option<u32>,
    /// Overrides the timeout of the handler.
    pub timeout: Option<Duration>,
    /// The occurrence that made the job.
    pub occurrence: Option<Occurrence>,
    /// How long after it was enqueued it may start; if it has not by then, it is deleted.
    pub expires_in: Option<Duration>,
    /// The key that only one job may have at a time.
    pub unique: Option<Unique>,
    /// What it waits for before it may start.
    pub parents: Vec<Parent>,
    /// The batch that it belongs to.
    pub batch: Option<BatchId>,
}

/// Room for what jobs are to do, two megabytes at most.
static ROOMS: Pool<Arc<JobSpec>> = Pool::new(4_096);

/// What stands where a job that is over was.
static NOTHING: LazyLock<Arc<JobSpec>> =
    LazyLock::new(|| Arc::new(JobSpec::new(Arc::<str>::default(), Arc::<[u8]>::default())));

impl JobSpec {
    /// Returns what stands where a job that is over was.
    pub fn nothing() -> Arc<Self> {
        Arc::clone(&NOTHING)
    }

    /// Makes a spec with the default of every option.
    pub fn new(request: impl Into<Arc<str>>, payload: impl Into<Arc<[u8]>>) -> Self {
        Self {
            request: request.into(),
            version: 1,
            title: None,
            payload: payload.into(),
            sensitive: Vec::new(),
            queue: name::default_queue(),
            priority: 0,
            concurrency_key: None,
            tags: Vec::new(),
            meta: BTreeMap::new(),
            trace: None,
            retries: None,
            timeout: None,
            occurrence: None,
            expires_in: None,
            unique: None,
            parents: Vec::new(),
            batch: None,
        }
    }

    /// Shares it, in the room of another one if there is any.
    pub fn shared(self) -> Arc<Self> {
        ROOMS.put(self)
    }

    /// Lets jobs go, and keeps their room if nobody else has them.
    pub fn let_go(specs: impl IntoIterator<Item = Arc<Self>>) {
        ROOMS.let_go(specs, |spec| *spec = Self::new(Arc::<str>::default(), Arc::<[u8]>::default()));
    }

    /// Estimates the bytes that the spec takes on disk.
    pub(crate) fn weight(&self) -> usize {
        let texts = [&self.title, &self.trace].into_iter().flatten();
        let lists = self.sensitive.iter().chain(&self.tags).chain(self.meta.iter().flat_map(|(k, v)| [k, v]));
        let texts: usize = texts.chain(lists).map(|text| text.len() + 1).sum();
        let key = self.concurrency_key.as_ref().map_or(0, |key| key.len() + 1);
        let unique = self.unique.as_ref().map_or(0, |unique| unique.key.len() + 8);
        let ids = self.parents.len() * 19 + self.batch.map_or(0, |_| 17);
        self.payload.len() + self.request.len() + self.queue.len() + texts + key + unique + ids + 28
    }

    /// Returns what the request says.
    pub fn content(&self) -> Content {
        Content {
            version: self.version,
            title: self.title.clone(),
            payload: Arc::clone(&self.payload),
            sensitive: self.sensitive.clone(),
            concurrency_key: self.concurrency_key.clone(),
        }
    }

    /// Takes what another request says, and keeps everything else.
    pub fn take_content(&mut self, content: Content) {
        let Content { version, title, payload, sensitive, concurrency_key } = content;
        (self.version, self.title, self.payload) = (version, title, payload);
        (self.sensitive, self.concurrency_key) = (sensitive, concurrency_key);
    }

    /// Returns what people see for this job: its title, else the name of its request.
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.request)
    }
}

/// What a request says: its payload, and what hangs on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The version of the payload.
    pub version: u32,
    /// What people see, when it is more than the name of the request.
    pub title: Option<String>,
    /// The request as JSON.
    pub payload: Arc<[u8]>,
    /// The paths in the payload that are never shown.
    pub sensitive: Vec<String>,
    /// Jobs that share a key can be limited together.
    pub concurrency_key: Option<Arc<str>>,
}

/// The instant of a recurring definition for which a job was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The id of the definition.
    pub recurring: Arc<str>,
    /// The instant that the job stands for.
    pub scheduled_for: Timestamp,
}

/// A job as it comes to the store.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id. A job whose id is there already is taken for the same one, so an enqueue can be repeated.
    pub id: JobId,
    /// What it is to do. It is shared with whoever still has a use for it, and a copy before it is changed then.
    pub spec: Arc<JobSpec>,
    /// When it may start; at once when there is no time, or when it has passed.
    pub start_at: Option<Timestamp>,
}

impl NewJob {
    /// Returns what it is to do, to change it.
    pub fn spec_mut(&mut self) -> &mut JobSpec {
        Arc::make_mut(&mut self.spec)
    }
}

/// The number of a claim: it rises with each claim of a job and never goes back, over restarts too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// Returns the first epoch of a job in the boot with this number.
    pub const fn of_boot(boot: u32) -> Self {
        Self((boot as u64) << 32)
    }

    /// Returns the boot in which the job was claimed.
    pub const fn boot(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns the epoch of the next claim, in the boot with this number.
    #[must_use]
    pub fn next(self, boot: u32) -> Self {
        Self((self.0 + 1).max(Self::of_boot(boot).0 + 1))
    }

    /// Returns the number, which only grows.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.boot(), self.0 & 0xFFFF_FFFF)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A server's right to a job that it claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The claim.
    pub epoch: Epoch,
}

/// The stored record of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it is to do.
    #[serde(deserialize_with = "in_room")]
    pub spec: Arc<JobSpec>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: JobState,
    /// Since when.
    pub since: Timestamp,
    /// When it is due, while Scheduled; the earliest time at which it may start, while Awaiting.
    pub due: Option<Timestamp>,
    /// The parents that have not ended yet, while Awaiting.
    pub waits_for: Vec<Parent>,
    /// When it is deleted, if it has not started by then.
    pub expires: Option<Timestamp>,
    /// Its place among jobs of one priority, while Enqueued.
    pub order: u64,
    /// The attempts so far; the one that runs is counted.
    pub attempt: u32,
    /// The latest claim.
    pub epoch: Epoch,
    /// The crashes in a row that ended an attempt of it.
    pub crashes: u32,
    /// How often it was changed, by a client or by another job with its unique key.
    pub revision: u32,
    /// Why it shall be cancelled, while it runs.
    pub cancel: Option<String>,
    /// Its transitions, oldest first: the first one, and the latest up to [`HISTORY_ROWS`].
    pub history: Vec<HistoryRow>,
    /// The rows between the first and the second one that were let go.
    pub forgotten_rows: u64,
}

/// Reads what a job is to do. By itself serde would make a box of it before.
fn in_room<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<JobSpec>, D::Error> {
    JobSpec::deserialize(deserializer).map(JobSpec::shared)
}

impl Job {
    /// Returns the right to the job that its latest claim gave.
    pub fn lease(&self) -> Lease {
        Lease { job: self.id, epoch: self.epoch }
    }

    /// Returns what the latest success returned, as JSON.
    pub fn result(&self) -> Option<&[u8]> {
        let latest = self.history.iter().rev().find_map(|row| match &row.data {
            RowData::Succeeded { result, .. } => Some(result.as_deref()),
            RowData::None
            | RowData::Scheduled { .. }
            | RowData::Processing { .. }
            | RowData::Ended { .. } => None,
        });
        latest.flatten()
    }

    /// Returns the error of the latest attempt that failed.
    pub fn last_error(&self) -> Option<&ErrorInfo> {
        self.history.iter().rev().find_map(|row| row.error.as_deref())
    }

    /// Estimates the bytes that the record takes on disk.
    pub fn weight(&self) -> usize {
        self.spec.weight() + self.own_weight()
    }

    /// Estimates how many of them are not of the spec.
    pub(crate) fn own_weight(&self) -> usize {
        if self.is_plain() { 16 } else { self.history.iter().map(HistoryRow::weight).sum::<usize>() + 48 }
    }
}

/// One transition of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// When it happened.
    pub at: Timestamp,
    /// Where it led.
    pub state: JobState,
    /// Why, for people.
    pub reason: Option<Arc<str>>,
    /// The error that was behind it.
    pub error: Option<Box<ErrorInfo>>,
    /// What belongs to the state.
    pub data: RowData,
}

impl HistoryRow {
    /// Makes a row without a reason, an error or data.
    pub fn new(at: Timestamp, state: JobState) -> Self {
        Self { at, state, reason: None, error: None, data: RowData::None }
    }

    fn weight(&self) -> usize {
        let error = self.error.as_ref().map_or(0, |error| error.weight());
        let data = match &self.data {
            RowData::Succeeded { result, .. } => 16 + result.as_ref().map_or(0, |result| result.len()),
            RowData::Processing { server, .. } | RowData::Ended { server, .. } => 16 + server.len(),
            RowData::None | RowData::Scheduled { .. } => 8,
        };
        12 + error + data + self.reason.as_ref().map_or(0, |reason| reason.len())
    }
}

/// What a row of the history tells beyond the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RowData {
    /// Nothing.
    None,
    /// Of Scheduled: until when.
    Scheduled {
        /// When the job is due.
        due: Timestamp,
    },
    /// Of Processing: who runs it.
    Processing {
        /// The server.
        #[serde(with = "crate::interned")]
        server: Arc<str>,
        /// The worker of the server, from 1.
        worker: u32,
        /// The attempt, from 1.
        attempt: u32,
        /// The claim.
        epoch: Epoch,
    },
    /// Of Succeeded: how it went.
    Succeeded {
        /// How long the job had waited in the queue.
        waited: Duration,
        /// How long the handler ran.
        ran: Duration,
        /// What it returned, as JSON.
        result: Option<Arc<[u8]>>,
    },
    /// Of an attempt that ended otherwise.
    Ended {
        /// The server that ran it.
        #[serde(with = "crate::interned")]
        server: Arc<str>,
        /// How long the handler ran.
        ran: Duration,
    },
}
