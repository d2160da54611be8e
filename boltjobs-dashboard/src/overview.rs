//! What the first page tells of.

use boltjobs_core::job::Job;
use boltjobs_core::recurring::RecurringJob;
use boltjobs_core::store::{Counts, JobFilter, PageQuery, QueueInfo, ServerInfo, StoreError};
use boltjobs_core::{JobState, Timestamp};

use crate::Source;

/// The most failed jobs that are shown.
const FAILED: usize = 10;

/// Everything that the first page tells of, at one moment.
#[derive(Debug)]
pub(crate) struct Overview {
    pub(crate) location: String,
    pub(crate) counts: Counts,
    pub(crate) queues: Vec<QueueInfo>,
    pub(crate) servers: Vec<ServerInfo>,
    /// The failed jobs that were enqueued last.
    pub(crate) failed: Vec<Job>,
    pub(crate) recurring: Vec<RecurringJob>,
}

impl Overview {
    pub(crate) async fn load(source: &Source, now: Timestamp) -> Result<Self, StoreError> {
        let store = &source.store;
        let filter = JobFilter { states: vec![JobState::Failed], ..JobFilter::default() };
        let failed = PageQuery { filter, limit: FAILED, ..PageQuery::default() };
        Ok(Self {
            location: store.location(),
            counts: store.counts().await?,
            queues: store.queues(now).await?,
            servers: store.servers(now).await?,
            failed: store.page(failed).await?.jobs,
            recurring: store.recurring_jobs().await?,
        })
    }

    /// Returns the definitions that fire next, the next one first.
    pub(crate) fn next_runs(&self) -> Vec<(&RecurringJob, Timestamp)> {
        let waiting = self.recurring.iter().filter_map(|definition| Some((definition, definition.next?)));
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by_key(|(_, next)| *next);
        waiting
    }
}
