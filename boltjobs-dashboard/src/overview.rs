//! What the first page tells of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::job::Job;
use boltjobs_core::recurring::RecurringJob;
use boltjobs_core::silence::{self, Silence, Subject};
use boltjobs_core::store::{
    Counts, FailureGroup, JobFilter, PageQuery, QueueInfo, ServerInfo, Space, Store, StoreError,
};
use boltjobs_core::throughput::{Flow, Window};
use boltjobs_core::{JobState, Timestamp};

use crate::Source;
use crate::looked::Looked;

/// The most failed jobs that are shown.
const FAILED: usize = 10;

/// How many failures are looked at, the latest ones.
const FAILURES: usize = 100;

/// Over how many minutes the rates of queues are.
pub(crate) const RATED: usize = 10;

/// Everything that the first page tells of, at one moment.
#[derive(Debug)]
pub(crate) struct Overview {
    pub(crate) now: Timestamp,
    pub(crate) location: String,
    pub(crate) counts: Counts,
    pub(crate) queues: Vec<QueueInfo>,
    pub(crate) servers: Vec<ServerInfo>,
    /// Those that ended without a word.
    pub(crate) lost: Vec<ServerInfo>,
    /// How much room there is.
    pub(crate) space: Option<Space>,
    /// What a look at some of the jobs tells.
    pub(crate) looked: Arc<Looked>,
    /// The failed jobs that were enqueued last.
    pub(crate) failed: Vec<Job>,
    pub(crate) failures: Vec<FailureGroup>,
    pub(crate) recurring: Vec<RecurringJob>,
    /// What nobody wants to be told of for a while.
    pub(crate) silences: Vec<Silence>,
    /// How many jobs have failed for good as somebody ignores.
    pub(crate) ignored: u64,
    /// What came and ended in each queue within the last [`RATED`] minutes.
    pub(crate) rates: Rates,
    /// How long the store took to say so.
    pub(crate) took: Duration,
}

/// How much there is to run jobs.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) servers: u64,
    pub(crate) workers: u64,
    /// Requests of programs, each once.
    pub(crate) requests: u64,
}

/// What came and ended in each queue.
pub(crate) type Rates = BTreeMap<Arc<str>, Flow>;

/// Puts queues together with what came and ended in them.
pub(crate) fn rated(queues: Vec<QueueInfo>, rates: &Rates) -> Vec<(QueueInfo, Flow)> {
    let with_flow = |queue: QueueInfo| {
        let flow = rates.get(&queue.name).copied().unwrap_or_default();
        (queue, flow)
    };
    queues.into_iter().map(with_flow).collect()
}

impl Overview {
    pub(crate) async fn load(source: &Source, now: Timestamp) -> Result<Self, StoreError> {
        let (store, begun) = (&source.store, source.clock.monotonic());
        let filter = JobFilter { states: vec![JobState::Failed], ..JobFilter::default() };
        let failed = PageQuery { filter, limit: FAILED, ..PageQuery::default() };
        let silences = silence::all(&**store, now).await?;
        let servers = store.servers(now).await?;
        Ok(Self {
            now,
            location: store.location(),
            counts: store.counts().await?,
            queues: store.queues(now).await?,
            lost: store.lost_servers(now).await?,
            space: store.space().await?,
            looked: source.looked.look(source, &servers, now).await?,
            servers,
            failed: store.page(failed).await?.jobs,
            failures: store.failures(FAILURES).await?,
            recurring: store.recurring_jobs().await?,
            ignored: ignored(&**store, &silences).await?,
            silences,
            rates: rates(source, now).await?,
            took: source.clock.monotonic().saturating_sub(begun),
        })
    }

    /// Says whether nothing was ever enqueued, as far as anything tells.
    pub(crate) fn is_new(&self) -> bool {
        self.counts.states.total() == 0 && self.rates.is_empty() && self.failures.is_empty()
    }

    /// Returns the silence of something.
    pub(crate) fn silence(&self, subject: &Subject) -> Option<&Silence> {
        self.silences.iter().find(|silence| silence.subject == *subject)
    }

    /// Counts what there is to run jobs.
    pub(crate) fn found(&self) -> Found {
        let offers = || self.servers.iter().map(|server| &server.offer);
        let requests: BTreeSet<_> =
            offers().flat_map(|offer| offer.requests()).map(|(name, _)| name).collect();
        Found {
            servers: self.servers.len() as u64,
            workers: offers().map(|offer| u64::from(offer.workers)).sum(),
            requests: requests.len() as u64,
        }
    }

    /// Returns the definitions that fire next, the next one first.
    pub(crate) fn next_runs(&self) -> Vec<(&RecurringJob, Timestamp)> {
        let waiting = self.recurring.iter().filter_map(|definition| Some((definition, definition.next?)));
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by_key(|(_, next)| *next);
        waiting
    }
}

/// Counts the jobs that have failed for good as somebody ignores. It costs the same however many there are.
async fn ignored(store: &dyn Store, silences: &[Silence]) -> Result<u64, StoreError> {
    let failures = silences.iter().filter_map(|silence| match silence.subject {
        Subject::Group(fingerprint) => Some(fingerprint),
        Subject::Check(_) => None,
    });
    let failures: Vec<_> = failures.collect();
    if failures.is_empty() {
        // A filter that names no failure means all of them.
        return Ok(0);
    }
    let filter = JobFilter { states: vec![JobState::Failed], failures, ..JobFilter::default() };
    Ok(store.count(filter, None).await?.jobs)
}

/// Returns what came and ended in each queue within the last [`RATED`] minutes.
pub(crate) async fn rates(source: &Source, now: Timestamp) -> Result<Rates, StoreError> {
    let window = Window { until: now, step: Duration::from_mins(1), steps: RATED };
    Ok(source.store.throughput(window).await?.queues)
}
