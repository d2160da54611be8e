//! Recurring definitions: declaring, looking at and steering them.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use boltjobs_core::cron::{Cron, Dst, Zone};
use boltjobs_core::recurring::{Definition, Misfire, RecurringJob};
use boltjobs_core::store::RecurringCommand;
use boltjobs_core::{JobId, Timestamp, name};
use chrono::{DateTime, Utc};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::handler::BoxFuture;
use crate::pipeline::enqueue::{JobOptions, job_options};
use crate::request::Request;
use crate::runtime::{self, Runtime};

/// A recurring definition on its way to the store; nothing happens until it is awaited.
///
/// Adding it again unchanged writes nothing and moves nothing, so it may stand in `main`. A changed cron or time zone
/// counts from now.
///
/// # Errors
/// [`Error::NotStarted`] before `start()`; [`Error::Cron`], [`Error::Zone`] and [`Error::Name`] for what can't be read;
/// [`Error::Encode`] for a request that is no JSON; [`Error::Store`] when the store can't write.
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

    job_options!();

    async fn run(self) -> Result<RecurringRef> {
        let runtime = runtime::current().ok_or(Error::NotStarted)?;
        name::validate_recurring_id(&self.id)?;
        if let Misfire::FireAll { at_most: 0 } = self.misfire {
            let mend = "use `Misfire::Skip` to fire none, or 1 and more";
            return Err(Error::InvalidOption(format!(
                "`Misfire::FireAll` with a limit of zero would fire none; {mend}"
            )));
        }
        let definition = Definition {
            id: self.id.as_str().into(),
            cron: self.cron?.into(),
            zone: self.zone?.into(),
            dst: self.dst,
            misfire: self.misfire,
            spec: self.options.spec(&self.request, &runtime)?,
        };
        let written = runtime.store.put_recurring(definition, runtime.now()).await?;
        tracing::debug!(recurring = self.id, written, "recurring definition added");
        Ok(RecurringRef::new(Client::of(runtime), self.id))
    }
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

/// The name of a recurring definition, to steer it.
#[derive(Debug, Clone)]
pub struct RecurringRef {
    client: Client,
    id: Arc<str>,
}

impl RecurringRef {
    pub(crate) fn new(client: Client, id: String) -> Self {
        Self { client, id: id.into() }
    }

    /// Returns the id of the definition.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Makes a job of it now, in its own queue; the schedule stays as it is. `None` when there is no such definition.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't write.
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
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't write.
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
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn resume(&self) -> Result<bool> {
        Ok(self.command(RecurringCommand::Resume).await?.unwrap_or(false))
    }

    /// Removes the definition; its jobs stay. `false` when there is no such definition.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::Store`] when the store can't write.
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

/// Everything that is known of a recurring definition, at the moment at which it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct RecurringDetails {
    job: RecurringJob,
    error: Option<String>,
}

impl RecurringDetails {
    pub(crate) fn new(job: RecurringJob, runtime: &Runtime) -> Self {
        let request = &job.definition.spec.request;
        let unreadable =
            job.definition.error().map(|error| format!("{error}; add the definition again to mend it"));
        // Its jobs wait; the definition itself stops nobody else.
        let unknown = || {
            runtime.registry.by_name(request).is_none().then(|| {
                format!(
                    "no request `{request}` in this program; its jobs wait for a server that handles it. \
                     Say `use that_crate as _;` if it lives in another crate, or remove the definition"
                )
            })
        };
        let error = unreadable.or_else(unknown);
        Self { job, error }
    }

    /// Returns its id.
    pub fn id(&self) -> &str {
        &self.job.definition.id
    }

    /// Returns when it fires, as a cron expression.
    pub fn cron(&self) -> &str {
        self.job.definition.cron.as_str()
    }

    /// Returns the time zone of its cron expression, by its IANA name.
    pub fn timezone(&self) -> &str {
        self.job.definition.zone.as_str()
    }

    /// Returns that time zone, unless this release does not know it.
    pub fn zone(&self) -> Option<Zone> {
        self.job.definition.zone.read().ok().copied()
    }

    /// Returns what becomes of missed occurrences.
    pub fn misfire(&self) -> Misfire {
        self.job.definition.misfire
    }

    /// Returns the name of its request.
    pub fn request_name(&self) -> &str {
        &self.job.definition.spec.request
    }

    /// Returns the queue of its jobs.
    pub fn queue(&self) -> &str {
        &self.job.definition.spec.queue
    }

    /// Returns when it was first added.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.job.created_at.to_datetime()
    }

    /// Returns when it fires next; never, when it is paused or its cron has no occurrence left.
    pub fn next_run(&self) -> Option<DateTime<Utc>> {
        self.job.next.map(Timestamp::to_datetime)
    }

    /// Returns when it last made a job.
    pub fn last_run(&self) -> Option<DateTime<Utc>> {
        self.job.last.map(|(_, at)| at.to_datetime())
    }

    /// Returns the latest job that it made.
    pub fn last_job(&self) -> Option<JobId> {
        self.job.last.map(|(job, _)| job)
    }

    /// Says whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.job.paused
    }

    /// Returns what is wrong with it, and how to mend it.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}
