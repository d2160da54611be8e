//! Making up for the runs that a recurring definition would have had.

use std::fmt;
use std::future::IntoFuture;
use std::ops::Range;

use boltjobs_core::Timestamp;
use boltjobs_core::recurring::{self, Backfilled, RecurringJob};

use super::RecurringRef;
use crate::error::{Error, Result};
use crate::handler::BoxFuture;
use crate::runtime::Runtime;

/// The runs that a definition would have had in a range; nothing happens until it is awaited.
///
/// The instants are those of the schedule as it is today, from the beginning of the range and before its end, which can't be to
/// come. Each makes the job that it would have made at its time, with that instant as
/// [`scheduled_for`](crate::JobContext::scheduled_for), in one write; at most 1,000. They are ready at once: neither `misfire`
/// nor `overlap` nor jitter counts, and it can be done while the definition is paused. Its [`runs`](crate::RecurringDetails::runs)
/// stay those of the schedule.
///
/// An instant has one job: one that has fired or was backfilled before makes no other for as long as its job is there, in
/// whatever state. Awaited, it says for each instant, in order, what came of it.
///
/// # Errors
/// [`Error::NotStarted`] before `start()`; [`Error::UnknownRecurring`] when it is not there; [`Error::InvalidOption`] for a range
/// that is empty, ends in the time to come, or has more than 1,000 runs; [`Error::Store`] when the store can't write.
///
/// # Cancel safety
/// Once it has been polled it may be written although the future is dropped.
///
/// # Examples
///
/// ```
/// # async fn later(client: boltjobs::Client, from: boltjobs::Timestamp, to: boltjobs::Timestamp) -> boltjobs::Result<()> {
/// let backfill = client.recurring("nightly").backfill(from..to);
/// println!("{} runs", backfill.dry_run().await?.len());
/// for run in backfill.await? {
///     println!("{}: job {}, {}", run.scheduled_for, run.job, if run.is_new { "new" } else { "there already" });
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is enqueued until it is awaited"]
pub struct Backfill {
    definition: RecurringRef,
    range: Range<Timestamp>,
}

impl Backfill {
    pub(super) fn new(definition: RecurringRef, range: Range<Timestamp>) -> Self {
        Self { definition, range }
    }

    /// Says for each run what would be done, and does nothing: whether its job would be [new](Backfilled::is_new).
    ///
    /// # Errors
    /// Those of the backfill.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn dry_run(&self) -> Result<Vec<Backfilled>> {
        let (runtime, found) = self.find().await?;
        let instants = found.between(&self.range, runtime.now())?;
        Ok(recurring::dry_run(&*runtime.store, &found, &instants).await?)
    }

    async fn find(&self) -> Result<(&Runtime, RecurringJob)> {
        let RecurringRef { client, id } = &self.definition;
        let runtime = client.runtime()?;
        let all = runtime.store.recurring_jobs().await?;
        let found = all.into_iter().find(|it| it.definition.id == *id);
        Ok((runtime, found.ok_or_else(|| Error::UnknownRecurring(id.to_string()))?))
    }

    async fn run(self) -> Result<Vec<Backfilled>> {
        let (runtime, found) = self.find().await?;
        let now = runtime.now();
        let instants = found.between(&self.range, now)?;
        Ok(recurring::backfill(&*runtime.store, &found, &instants, now).await?)
    }
}

impl IntoFuture for Backfill {
    type Output = Result<Vec<Backfilled>>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Backfill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.definition.id();
        f.debug_struct("Backfill").field("id", &id).field("range", &self.range).finish()
    }
}
