//! Changing a part of a recurring definition that is there.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use boltjobs_core::cron::{Cron, Dst, Zone};
use boltjobs_core::recurring::{self, Misfire, Overlap};
use boltjobs_core::store::RecurringCommand;

use super::RecurringRef;
use crate::error::{Error, Result};
use crate::handler::BoxFuture;
use crate::pipeline::enqueue::IntoInstant;

/// A change of a recurring definition; nothing happens until it is awaited.
///
/// What is not given stays, and so do its job, its past, a pause and its runs. A changed cron, time zone, `Dst`, start or end counts
/// from now. Answers whether anything is another way now; if not, nothing was written.
///
/// What others change meanwhile is not undone: if it is another part, both changes hold.
///
/// # Errors
/// [`Error::NotStarted`] before `start()`; [`Error::UnknownRecurring`] when it is not there; [`Error::DeclaredRecurring`] when the
/// code declares it; [`Error::Cron`] and [`Error::Zone`] for what can't be read; [`Error::InvalidOption`] for what makes no
/// sense; [`Error::Store`] when the store can't write.
///
/// # Cancel safety
/// Once it has been polled it may be written although the future is dropped.
///
/// # Examples
///
/// ```
/// # use boltjobs::prelude::*;
/// # async fn later(client: boltjobs::Client) -> boltjobs::Result<()> {
/// client.recurring("nightly").edit().cron("0 4 * * *").timezone("Europe/Berlin").ends_never().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is changed until it is awaited"]
pub struct RecurringEdit {
    definition: RecurringRef,
    edit: Result<recurring::Edit>,
}

impl RecurringEdit {
    pub(super) fn new(definition: RecurringRef) -> Self {
        Self { definition, edit: Ok(recurring::Edit::default()) }
    }

    /// Sets when it fires.
    pub fn cron<C>(self, cron: C) -> Self
    where
        C: TryInto<Cron>,
        Error: From<C::Error>,
    {
        self.with(cron.try_into(), |edit, cron| edit.cron = Some(cron))
    }

    /// Sets the time zone of the cron expression: an IANA name or a `chrono_tz::Tz`.
    pub fn timezone<Z>(self, zone: Z) -> Self
    where
        Z: TryInto<Zone>,
        Error: From<Z::Error>,
    {
        self.with(zone.try_into(), |edit, zone| edit.zone = Some(zone))
    }

    /// Sets what happens where clocks are changed.
    pub fn dst(self, dst: Dst) -> Self {
        self.set(|edit| edit.dst = Some(dst))
    }

    /// Sets what becomes of occurrences that nobody was there to fire.
    pub fn misfire(self, misfire: Misfire) -> Self {
        self.set(|edit| edit.misfire = Some(misfire))
    }

    /// Sets what becomes of an occurrence while an earlier job of this definition has not ended.
    pub fn overlap(self, overlap: Overlap) -> Self {
        self.set(|edit| edit.overlap = Some(overlap))
    }

    /// Sets by how much a job is put off at most; zero for not at all.
    pub fn jitter(self, jitter: Duration) -> Self {
        self.set(|edit| edit.jitter = Some(jitter))
    }

    /// Sets the first instant at which it may fire.
    pub fn starts_at(self, at: impl IntoInstant) -> Self {
        self.set(|edit| edit.starts_at = Some(Some(at.into_instant())))
    }

    /// Lets it fire from now on, whatever its start was.
    pub fn starts_now(self) -> Self {
        self.set(|edit| edit.starts_at = Some(None))
    }

    /// Sets the last instant at which it may fire.
    pub fn ends_at(self, at: impl IntoInstant) -> Self {
        self.set(|edit| edit.ends_at = Some(Some(at.into_instant())))
    }

    /// Lets it fire without an end.
    pub fn ends_never(self) -> Self {
        self.set(|edit| edit.ends_at = Some(None))
    }

    fn set(self, set: impl FnOnce(&mut recurring::Edit)) -> Self {
        self.with(Ok::<_, Error>(()), |edit, ()| set(edit))
    }

    /// Takes a part that may be unreadable; the first one of these is told.
    fn with<T, E>(mut self, part: Result<T, E>, set: impl FnOnce(&mut recurring::Edit, T)) -> Self
    where
        Error: From<E>,
    {
        match (&mut self.edit, part) {
            (Ok(edit), Ok(part)) => set(edit, part),
            (Ok(_), Err(error)) => self.edit = Err(error.into()),
            (Err(_), _) => {}
        }
        self
    }

    async fn run(self) -> Result<bool> {
        let RecurringRef { client, id } = self.definition;
        let runtime = client.runtime()?;
        let edit = self.edit?;
        // What somebody else changes meanwhile is read again, so that it stays.
        loop {
            let all = runtime.store.recurring_jobs().await?;
            let unknown = || Error::UnknownRecurring(id.to_string());
            let found = all.into_iter().find(|it| it.definition.id == id).ok_or_else(unknown)?.definition;
            if let Some(by) = &found.declared_by {
                return Err(Error::DeclaredRecurring { id: id.to_string(), by: by.to_string() });
            }
            let edited = edit.of(&found)?;
            let changed = edited != found;
            let command = RecurringCommand::Change { from: Box::new(found), to: Box::new(edited) };
            if runtime.store.recurring(id.clone(), command, runtime.now()).await? == Some(true) {
                return Ok(changed);
            }
        }
    }
}

impl IntoFuture for RecurringEdit {
    type Output = Result<bool>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for RecurringEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.definition.id();
        f.debug_struct("RecurringEdit").field("id", &id).field("edit", &self.edit).finish()
    }
}
