//! Recurring definitions: making, declaring, looking at and steering them.

mod backfill;
pub(crate) mod declared;
mod details;
mod edit;
mod steering;

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use boltjobs_core::cron::{Cron, Dst, Zone};
use boltjobs_core::recurring::{Definition, Misfire, Overlap};
use boltjobs_core::{Timestamp, name};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::handler::BoxFuture;
use crate::pipeline::enqueue::{IntoInstant, JobOptions, job_options};
use crate::request::Request;
use crate::runtime;

pub use backfill::Backfill;
pub use details::RecurringDetails;
pub use edit::RecurringEdit;
pub use steering::RecurringRef;

/// A recurring definition on its way to the store; nothing happens until it is awaited.
///
/// Adding it again unchanged writes nothing and moves nothing, so it may stand in `main`. A changed cron, time zone,
/// `Dst`, start or end counts from now. Its past, a pause and its runs stay.
///
/// # Errors
/// [`Error::NotStarted`] before `start()`; [`Error::Cron`], [`Error::Zone`] and [`Error::Name`] for what can't be read;
/// [`Error::InvalidOption`] for an option that makes no sense; [`Error::Encode`] for a request that is no JSON;
/// [`Error::Store`] when the store can't write.
///
/// # Cancel safety
/// Once it has been polled it may be written although the future is dropped.
#[must_use = "nothing is stored until it is awaited"]
pub struct Recurring<R> {
    request: R,
    id: String,
    cron: Result<Cron>,
    zone: Result<Zone>,
    dst: Dst,
    misfire: Misfire,
    overlap: Overlap,
    jitter: Duration,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    options: JobOptions,
}

impl<R: Request> Recurring<R> {
    /// Begins with the defaults: UTC, and a missed occurrence fires once.
    #[doc(hidden)]
    pub fn new<C>(request: R, id: impl Into<String>, cron: C) -> Self
    where
        C: TryInto<Cron>,
        Error: From<C::Error>,
    {
        Self {
            request,
            id: id.into(),
            cron: cron.try_into().map_err(Error::from),
            zone: Ok(Zone::default()),
            dst: Dst::default(),
            misfire: Misfire::default(),
            overlap: Overlap::default(),
            jitter: Duration::ZERO,
            starts_at: None,
            ends_at: None,
            options: JobOptions::default(),
        }
    }

    /// Sets the time zone of the cron expression: an IANA name or a `chrono_tz::Tz`. Default UTC.
    pub fn timezone<Z>(mut self, zone: Z) -> Self
    where
        Z: TryInto<Zone>,
        Error: From<Z::Error>,
    {
        self.zone = zone.try_into().map_err(Error::from);
        self
    }

    /// Sets what becomes of occurrences that nobody was there to fire. Default [`Misfire::FireOnce`].
    pub fn misfire(mut self, misfire: Misfire) -> Self {
        self.misfire = misfire;
        self
    }

    /// Sets what happens where clocks are changed. Default [`Dst::OncePerDay`].
    pub fn dst(mut self, dst: Dst) -> Self {
        self.dst = dst;
        self
    }

    /// Sets what becomes of an occurrence while an earlier job of this definition has not ended: one that waits, runs,
    /// or waits for another attempt. Default [`Overlap::Allow`]. A trigger by hand takes no heed of it.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// Puts each job off by a share of this span, so that many definitions of one instant do not start at once. The
    /// definition and the instant decide the share; `ctx.scheduled_for()` stays the instant. Default none.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Sets the first instant at which it may fire; the intervals of an `@every` are counted from it. Default now.
    pub fn starts_at(mut self, at: impl IntoInstant) -> Self {
        self.starts_at = Some(at.into_instant());
        self
    }

    /// Sets the last instant at which it may fire. What was missed before is still handled after it, as
    /// [`misfire`](Self::misfire) says. The definition stays, and can be triggered. Default never.
    pub fn ends_at(mut self, at: impl IntoInstant) -> Self {
        self.ends_at = Some(at.into_instant());
        self
    }

    job_options!();

    async fn run(self) -> Result<RecurringRef> {
        let runtime = runtime::current().ok_or(Error::NotStarted)?;
        let spec = self.options.spec(&self.request, &runtime)?;
        let definition = checked(Definition {
            zone: self.zone?.into(),
            dst: self.dst,
            misfire: self.misfire,
            overlap: self.overlap,
            jitter: self.jitter,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            ..Definition::new(self.id.as_str(), self.cron?, spec)
        })?;
        let written = runtime.store.put_recurring(definition, runtime.now()).await?;
        tracing::debug!(recurring = self.id, written, "recurring definition added");
        Ok(RecurringRef::new(Client::of(runtime), self.id))
    }
}

/// Checks that what a definition says makes sense together.
fn checked(definition: Definition) -> Result<Definition> {
    name::validate_recurring_id(&definition.id)?;
    definition.check()?;
    Ok(definition)
}

impl<R: Request> IntoFuture for Recurring<R> {
    type Output = Result<RecurringRef>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<R> fmt::Debug for Recurring<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Recurring");
        shown
            .field("id", &self.id)
            .field("cron", &self.cron)
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}
