//! Steering a recurring definition that is there.

use std::ops::Range;
use std::sync::Arc;

use boltjobs_core::JobId;
use boltjobs_core::store::RecurringCommand;

use super::{Backfill, RecurringEdit};
use crate::client::Client;
use crate::error::Result;
use crate::pipeline::enqueue::IntoInstant;

/// The name of a recurring definition, to steer it.
///
/// What is done to one that the code declares holds until the next start, which puts it back as declared; but a pause
/// stays.
#[derive(Debug, Clone)]
pub struct RecurringRef {
    pub(super) client: Client,
    pub(super) id: Arc<str>,
}

impl RecurringRef {
    pub(crate) fn new(client: Client, id: String) -> Self {
        Self { client, id: id.into() }
    }

    /// Returns the id of the definition.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Begins to change its schedule, step by step; see [`RecurringEdit`].
    pub fn edit(&self) -> RecurringEdit {
        RecurringEdit::new(self.clone())
    }

    /// Begins to make up for the runs that it would have had from one instant to another; see [`Backfill`].
    pub fn backfill(&self, range: Range<impl IntoInstant>) -> Backfill {
        Backfill::new(self.clone(), range.start.into_instant()..range.end.into_instant())
    }

    /// Makes a job of it now, in its own queue; the schedule stays as it is. Neither overlap nor jitter counts, and it
    /// can be done while the definition is paused or after its end. `None` when there is no such definition.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn trigger(&self) -> Result<Option<JobId>> {
        let runtime = self.client.runtime()?;
        let job = runtime.next_id(runtime.now());
        Ok(self.command(RecurringCommand::Trigger(job)).await?.map(|_| job))
    }

    /// Fires nothing until it is resumed, restarts included. `false` when it is paused, or there is no such definition.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn pause(&self) -> Result<bool> {
        Ok(self.command(RecurringCommand::Pause).await?.unwrap_or(false))
    }

    /// Fires again, from now on; what was missed while it was paused stays missed. `false` when it is not paused, or
    /// there is no such definition.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn resume(&self) -> Result<bool> {
        Ok(self.command(RecurringCommand::Resume).await?.unwrap_or(false))
    }

    /// Removes the definition; its jobs stay. `false` when there is no such definition.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn remove(&self) -> Result<bool> {
        Ok(self.command(RecurringCommand::Remove).await?.is_some())
    }

    async fn command(&self, command: RecurringCommand) -> Result<Option<bool>> {
        let runtime = self.client.runtime()?;
        Ok(runtime.store.recurring(Arc::clone(&self.id), command, runtime.now()).await?)
    }
}
