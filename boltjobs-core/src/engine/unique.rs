//! Unique keys: who holds one, and what becomes of a job that comes after.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::enqueue::start_row;
use super::{Entry, Move, Turn};
use crate::job::{Epoch, Job, JobSpec, NewJob};
use crate::sabotage::{self, Bug};
use crate::state::Actor;
use crate::store::Refusal;
use crate::unique::{OnConflict, Unique};
use crate::{JobId, JobState, Timestamp};

/// The jobs that have unique keys, by request and key.
///
/// All that are retained are listed, for whoever comes decides which of them hold the key.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Keys(HashMap<(Arc<str>, Arc<str>), BTreeSet<Place>>);

/// Within a state those that were enqueued last come last.
type Place = (JobState, Timestamp, JobId);

impl Keys {
    pub(super) fn insert(&mut self, job: &Job) {
        if let Some(unique) = &job.spec.unique {
            let key = (Arc::clone(&job.spec.request), Arc::clone(&unique.key));
            self.0.entry(key).or_default().insert((job.state, job.created_at, job.id));
        }
    }

    pub(super) fn remove(&mut self, job: &Job) {
        let Some(unique) = &job.spec.unique else { return };
        let key = (Arc::clone(&job.spec.request), Arc::clone(&unique.key));
        if let Some(jobs) = self.0.get_mut(&key) {
            jobs.remove(&(job.state, job.created_at, job.id));
            if jobs.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    /// Returns the jobs that may hold the key of this one: those that wait, and of each other state the latest ones.
    pub(super) fn holders(&self, spec: &JobSpec) -> Vec<JobId> {
        let Some(unique) = &spec.unique else { return Vec::new() };
        let Some(jobs) = self.0.get(&(Arc::clone(&spec.request), Arc::clone(&unique.key))) else {
            return Vec::new();
        };
        let of_state = |state| {
            let waits = matches!(state, JobState::Scheduled | JobState::Enqueued);
            let of_state = jobs.range(first(state)..=last(state)).rev();
            // Where a job is itself the latest one, the one before it holds the key.
            of_state.take(if waits { usize::MAX } else { 2 }).map(|(.., id)| *id)
        };
        JobState::ALL.into_iter().flat_map(of_state).collect()
    }

    /// Returns another job that holds the key, of those that may: one that waits, if there is, as it can still be
    /// changed.
    fn holder(
        &self,
        request: &Arc<str>,
        unique: &Unique,
        now: Timestamp,
        may: impl Fn(JobId) -> bool,
    ) -> Option<JobId> {
        let jobs = self.0.get(&(Arc::clone(request), Arc::clone(&unique.key)))?;
        JobState::ALL.into_iter().find_map(|state| {
            let mut of_state = jobs.range(first(state)..=last(state)).rev();
            let (_, created_at, latest) = of_state.find(|(.., other)| may(*other))?;
            let in_time = unique.within.is_some_and(|span| created_at.plus(span) > now);
            let free = sabotage::is(Bug::KeyReleasedAtClaim) && state == JobState::Processing;
            let held = unique.is_held_in(state) && !free || sabotage::is(Bug::KeyNeverReleased);
            (held || in_time).then_some(*latest)
        })
    }
}

fn first(state: JobState) -> Place {
    (state, Timestamp::from_micros(i64::MIN), JobId::from_u128(0))
}

fn last(state: JobState) -> Place {
    (state, Timestamp::from_micros(i64::MAX), JobId::from_u128(u128::MAX))
}

impl Turn<'_> {
    /// Returns the job that holds the key of this one, if it has one.
    pub(super) fn holder(&self, spec: &JobSpec, id: JobId) -> Option<JobId> {
        let unique = spec.unique.as_ref()?;
        // One that is too late holds nothing, whether or not anybody has deleted it yet.
        let late = |job: &Job| job.expires.is_some_and(|expires| expires <= self.now);
        let may = |other| other != id && self.engine.jobs.get(other).is_some_and(|job| !late(job));
        self.engine.keys.holder(&spec.request, unique, self.now, may)
    }

    /// Checks that each new job of a batch is or becomes a part of it, and is not left out for one with its key.
    pub(super) fn keys_are_free(&self, jobs: &[NewJob]) -> Result<(), Refusal> {
        let new = |job: &&NewJob| job.spec.batch.is_some() && !self.engine.jobs.contains(job.id);
        for job in jobs.iter().filter(new) {
            let holder = self.holder(&job.spec, job.id).and_then(|holder| self.engine.jobs.get(holder));
            if let Some(holder) = holder.filter(|holder| holder.spec.batch != job.spec.batch) {
                return Err(Refusal::KeyHeld(holder.id));
            }
        }
        Ok(())
    }

    /// Lets the job that holds a key take over what it shall take of one that came after it.
    pub(super) fn take_over(&mut self, holder: JobId, new: &NewJob) {
        let Some(job) = self.engine.jobs.get(holder) else { return };
        if !new.spec.parents.is_empty() {
            // It is not to run before they have ended, and the one that is there does not wait for them.
            return;
        }
        let replaces = match new.spec.unique.as_ref().map(|unique| unique.on_conflict) {
            None | Some(OnConflict::Reject) => return,
            Some(OnConflict::Replace) => true,
            Some(OnConflict::Reschedule) => false,
        };
        let reason = if replaces { "replaced" } else { "rescheduled" };
        let reason = format!("{reason} by a job with its unique key");
        let row = start_row(new.start_at, self.now, Some(reason.into()));
        let due = match job.state {
            JobState::Awaiting => new.start_at,
            JobState::Scheduled | JobState::Enqueued => job.due,
            JobState::Processing | JobState::Succeeded | JobState::Failed | JobState::Deleted => return,
        };
        let mut spec = JobSpec::clone(&job.spec);
        if replaces {
            spec.take_content(new.spec.content());
        }
        let mut expires = job.expires;
        // What has started once, and waits to be retried, expires no more.
        if job.epoch == Epoch::default() {
            spec.expires_in = new.spec.expires_in;
            expires = spec.expires_in.map(|span| self.now.plus(span));
        }
        let waits_for_parents = job.state == JobState::Awaiting;
        if (&spec, due, expires) != (&*job.spec, job.due, job.expires) {
            self.commit(Entry::Respecified { id: holder, spec: Arc::new(spec), due, expires });
        }
        if !waits_for_parents && let Some(job) = self.engine.jobs.get(holder) {
            let change = Move { order: self.engine.next_order, ..Move::of(job, row) };
            // For one that is ready and stays so this is no transition: it keeps its place.
            self.transition(change, Actor::Client);
        }
    }
}
