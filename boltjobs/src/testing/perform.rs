//! Running one handler alone.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::clock::Clock;
use boltjobs_core::job::{Epoch, Lease};
use boltjobs_core::notes::{LogLine, Note, Notes, Progress, Step};
use boltjobs_core::store::{Claimed, Outcome, Settlement};
use serde::Serialize;

use super::drive::{Until, drive};
use super::probe::Alone;
use super::world::World;
use crate::error::Error;
use crate::handler::BoxFuture;
use crate::pipeline::dispatch::dispatch;
use crate::pipeline::enqueue::Enqueue;
use crate::pipeline::slots::Slots;
use crate::request::Request;

/// A handler that is about to be run alone; awaited, it says how it [went](Run).
///
/// # Cancel safety
/// Dropping the future leaves the handler running until the test ends.
#[must_use = "nothing runs until it is awaited"]
pub struct Perform<R> {
    world: Arc<World>,
    enqueue: Enqueue<R>,
    attempt: u32,
    notes: Notes,
}

impl<R: Request> Perform<R> {
    pub(super) fn new(world: Arc<World>, request: R) -> Self {
        Self { world, enqueue: Enqueue::new(request), attempt: 1, notes: Notes::default() }
    }

    /// Sets which attempt it is, from 1. Default: 1.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Sets what may be said of a job, as in `with(|job| job.meta("tenant", "7").retries(0))`.
    pub fn with(mut self, options: impl FnOnce(Enqueue<R>) -> Enqueue<R>) -> Self {
        self.enqueue = options(self.enqueue);
        self
    }

    /// Says that an earlier attempt has finished a step, with what it returned: the handler goes on behind it.
    ///
    /// # Panics
    /// When the result is no JSON.
    pub fn after_step(mut self, name: impl Into<String>, result: &impl Serialize) -> Self {
        let name = name.into();
        let result = serde_json::to_vec(result);
        let result = result.unwrap_or_else(|error| panic!("the result of step `{name}` is no JSON: {error}"));
        self.notes.take(Note::Step(Step {
            name,
            result: result.into(),
            took: Duration::ZERO,
            at: self.world.clock.now(),
            attempt: self.attempt.saturating_sub(1).max(1),
        }));
        self
    }

    async fn run(self) -> Run<R> {
        let Self { world, enqueue, attempt, notes } = self;
        let worker = match &*world.life() {
            Some(life) => Arc::clone(&life.server.worker),
            None => panic!("the server of the test is not there yet"),
        };
        let now = world.clock.now();
        let job = enqueue.job(&worker.runtime, now).unwrap_or_else(|error| panic!("{error}"));
        let known = worker.runtime.registry.by_name(&job.spec.request);
        let handled = known.is_some_and(|known| known.handler.is_some());
        assert!(handled, "{}", Error::NoHandler(job.spec.request.to_string()));
        let lease = Lease { job: job.id, epoch: Epoch::default() };
        let has_notes = !notes.steps.is_empty();
        world.probe.alone().insert(job.id, Alone { notes, settlement: None });
        let slots = Slots::new(1).take().await;
        let claimed =
            Claimed { lease, spec: job.spec, attempt, created_at: now, waited: Duration::ZERO, has_notes };
        dispatch(&worker, vec![claimed], slots);
        drive(&world, Until::Alone(job.id)).await;
        let alone = world.probe.alone().remove(&job.id);
        match alone.and_then(|alone| Some((alone.settlement?, alone.notes))) {
            Some((settlement, notes)) => Run { settlement, notes, request: std::marker::PhantomData },
            None => panic!("the process crashed while the handler ran alone"),
        }
    }
}

impl<R: Request> IntoFuture for Perform<R> {
    type Output = Run<R>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<R> fmt::Debug for Perform<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Perform").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

/// How a handler that ran alone went.
pub struct Run<R> {
    settlement: Settlement,
    notes: Notes,
    request: std::marker::PhantomData<fn() -> R>,
}

impl<R: Request> Run<R> {
    /// Says whether it succeeded.
    pub fn is_success(&self) -> bool {
        matches!(self.settlement.outcome, Outcome::Succeeded(_) | Outcome::SucceededWithout(_))
    }

    /// Says whether the attempt failed: by an error, a panic or a timeout, followed by a retry or not.
    pub fn is_failure(&self) -> bool {
        self.error().is_some()
    }

    /// Returns the error, with its causes and without a backtrace.
    pub fn error(&self) -> Option<String> {
        let error = match &self.settlement.outcome {
            Outcome::Retry { error, .. } | Outcome::Failed { error, .. } => error,
            Outcome::Cancelled { error } => error.as_ref()?,
            Outcome::Succeeded(_)
            | Outcome::SucceededWithout(_)
            | Outcome::Deleted(_)
            | Outcome::Snoozed(_)
            | Outcome::Released(_) => return None,
        };
        Some(error.to_string())
    }

    /// Returns after which delay the job would be tried again, if it would.
    pub fn retry_in(&self) -> Option<Duration> {
        let Outcome::Retry { delay, .. } = self.settlement.outcome else { return None };
        Some(delay)
    }

    /// Returns for how long the handler asked to be put off, if it did.
    pub fn snoozed_for(&self) -> Option<Duration> {
        let Outcome::Snoozed(delay) = self.settlement.outcome else { return None };
        Some(delay)
    }

    /// Returns what the handler returned, if it succeeded and the result was kept.
    ///
    /// # Panics
    /// When what it returned can't be read back as what it was: then nobody else could, either.
    pub fn response(&self) -> Option<R::Response> {
        let Outcome::Succeeded(json) = &self.settlement.outcome else { return None };
        let json = json.as_deref().unwrap_or(b"null");
        let response = serde_json::from_slice(json);
        Some(response.unwrap_or_else(|error| panic!("the response can't be read back: {error}")))
    }

    /// Returns how long the handler ran, by the test's time.
    pub fn took(&self) -> Duration {
        self.settlement.ran
    }

    /// Returns the steps that are done, in order; those of [`after_step`](Perform::after_step) included.
    pub fn steps(&self) -> &[Step] {
        &self.notes.steps
    }

    /// Returns how far it said to be, by its latest word.
    pub fn progress(&self) -> Option<&Progress> {
        self.notes.progress.as_ref()
    }

    /// Returns what the handler has logged, oldest first.
    pub fn log(&self) -> impl Iterator<Item = &LogLine> {
        self.notes.log.lines()
    }
}

impl<R> fmt::Debug for Run<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("outcome", &self.settlement.outcome).finish_non_exhaustive()
    }
}
