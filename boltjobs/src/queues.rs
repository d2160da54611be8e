//! Queues: pausing and limiting them, and what is known of them.

use std::sync::Arc;

use boltjobs_core::JobState;
use boltjobs_core::name;
use boltjobs_core::queue_limit::{self, LimitError, QueueLimit};
use boltjobs_core::store::QueueInfo;
use chrono::{DateTime, Utc};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::silences::PROGRAM;

/// The name of a queue, to pause it or to limit it.
#[derive(Debug, Clone)]
pub struct QueueRef {
    client: Client,
    name: Arc<str>,
}

impl QueueRef {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name: name.into() }
    }

    /// Returns the name of the queue.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts none of its jobs until it is resumed, on any server, restarts included. What runs goes on, and so does
    /// enqueueing. `false` when it was paused already.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Name`](crate::Error::Name) for a name that no queue can
    /// have, [`Error::Store`](crate::Error::Store) when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn pause(&self) -> Result<bool> {
        self.set(true).await
    }

    /// Lets its jobs start again, in their old order. `false` when it was not paused.
    ///
    /// # Errors
    /// As for [`pause`](Self::pause).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn resume(&self) -> Result<bool> {
        self.set(false).await
    }

    /// Says whether it is paused.
    ///
    /// # Errors
    /// As for [`pause`](Self::pause).
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn is_paused(&self) -> Result<bool> {
        name::validate_queue(&self.name)?;
        let queues = self.client.queues().await?;
        Ok(queues.iter().any(|queue| queue.name() == self.name() && queue.is_paused()))
    }

    /// Lets at most so many of its jobs run at once, 1 to 100,000, in place of what the servers say and of a limit that was set
    /// before: on every server, restarts included, until [`unlimit`](Self::unlimit). What runs goes on. `false` when it was so
    /// already.
    ///
    /// ```no_run
    /// # async fn example() -> boltjobs::Result<()> {
    /// let mail = boltjobs::client().queue("mail");
    /// mail.limit(5).await?; // while the provider is slow
    /// mail.unlimit().await?; // what `Queue::new("mail").concurrency(..)` says counts again
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] for a number that can't be used, else as for [`pause`](Self::pause).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn limit(&self, at_most: u32) -> Result<bool> {
        let runtime = self.client.runtime()?;
        let (queue, actor, at) = (Arc::clone(&self.name), PROGRAM.to_owned(), runtime.now());
        let limit = QueueLimit { queue, at_most, actor, at };
        queue_limit::set(&*runtime.store, &limit).await.map_err(|error| match error {
            LimitError::Name(error) => Error::Name(error),
            LimitError::Number(_) => Error::Config(error.to_string()),
            LimitError::Store(error) => Error::Store(error),
        })
    }

    /// Removes the limit that was set, by the program or on the dashboard. `false` when there was none.
    ///
    /// # Errors
    /// As for [`pause`](Self::pause).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn unlimit(&self) -> Result<bool> {
        name::validate_queue(&self.name)?;
        let runtime = self.client.runtime()?;
        Ok(queue_limit::remove(&*runtime.store, &self.name, runtime.now()).await?)
    }

    async fn set(&self, pause: bool) -> Result<bool> {
        name::validate_queue(&self.name)?;
        let runtime = self.client.runtime()?;
        Ok(runtime.store.pause(Arc::clone(&self.name), pause, runtime.now()).await?)
    }
}

/// What is known of a queue, at the moment at which it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDetails(QueueInfo);

impl QueueDetails {
    pub(crate) fn new(queue: QueueInfo) -> Self {
        Self(queue)
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Says whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.0.paused_since.is_some()
    }

    /// Returns since when it is paused.
    pub fn paused_since(&self) -> Option<DateTime<Utc>> {
        self.0.paused_since.map(boltjobs_core::Timestamp::to_datetime)
    }

    /// Returns how many of its jobs are in a state.
    pub fn count(&self, state: JobState) -> u64 {
        self.0.counts.get(state)
    }

    /// Returns since when the first of its jobs that wait for a worker has waited.
    pub fn oldest(&self) -> Option<DateTime<Utc>> {
        self.0.oldest.map(boltjobs_core::Timestamp::to_datetime)
    }

    /// Returns the limit that was set by [`limit`](QueueRef::limit) or on the dashboard.
    pub fn set_limit(&self) -> Option<&QueueLimit> {
        self.0.set.as_ref()
    }

    /// Returns how many of its jobs may run at once: what was set, else the least that a server says that is there.
    pub fn concurrency(&self) -> Option<u32> {
        self.0.limit
    }

    /// Returns how many of the servers that are there work it. With 0 its jobs wait.
    pub fn servers(&self) -> usize {
        self.0.servers
    }
}
