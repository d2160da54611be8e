//! The recurring definitions with their indexes, and the places where they change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::entry::{Advance, Ran};
use crate::job::Job;
use crate::recurring::RecurringJob;
use crate::{JobId, Timestamp};

/// All recurring definitions.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    by_id: BTreeMap<Arc<str>, RecurringJob>,
    /// By the instant for which they wait.
    pub(super) due: BTreeSet<(Timestamp, Arc<str>)>,
    /// Those that left something behind as missed, by the instant before which the clock must be set for it to fire.
    pub(super) missed: BTreeSet<(Timestamp, Arc<str>)>,
    /// The jobs that have not ended.
    unfinished: HashMap<Arc<str>, BTreeSet<JobId>>,
    weight: u64,
}

impl Definitions {
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    pub(super) fn get(&self, id: &str) -> Option<&RecurringJob> {
        #[cfg(test)]
        looks::count(1);
        self.by_id.get(id)
    }

    /// Goes through all of them, in the order of their ids.
    pub(super) fn all(&self) -> impl Iterator<Item = &RecurringJob> {
        #[cfg(test)]
        looks::count(self.by_id.len());
        self.by_id.values()
    }

    /// Returns the instant for which the first one waits.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(next, _)| *next)
    }

    /// Returns the one that waits for the earliest instant, if it has come.
    pub(super) fn first_due(&self, now: Timestamp) -> Option<Arc<str>> {
        self.due.first().filter(|(next, _)| *next <= now).map(|(_, id)| Arc::clone(id))
    }

    /// Returns one that left something behind which the clock has still before it.
    pub(super) fn first_missed(&self, now: Timestamp) -> Option<Arc<str>> {
        self.missed.last().filter(|(until, _)| *until > now).map(|(_, id)| Arc::clone(id))
    }

    /// Returns the jobs of one that have not ended.
    pub(super) fn unfinished(&self, id: &str) -> impl Iterator<Item = JobId> {
        self.unfinished.get(id).into_iter().flatten().copied()
    }

    /// Takes a record, and says whether it is the first that is due.
    pub(super) fn put(&mut self, record: RecurringJob) -> bool {
        let id = Arc::clone(&record.definition.id);
        self.remove(&id);
        let first = record.next.is_some_and(|next| self.next().is_none_or(|first| next < first));
        self.index(&record);
        self.by_id.insert(id, record);
        first
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(record) = self.by_id.remove(id) {
            self.unindex(&record);
        }
    }

    /// Takes how far a schedule has come. One that is not there is gone, or its record comes later.
    pub(super) fn advance(&mut self, Advance { recurring, next, past, run }: Advance) {
        self.change(&recurring, |record| record.advance(next, past, run));
    }

    /// Takes what has become of a run.
    pub(super) fn ran(&mut self, Ran { recurring, job, outcome, ended_at, ran }: Ran) {
        if let Some(run) = self.by_id.get_mut(&recurring).and_then(|record| record.run_mut(job)) {
            (run.outcome, run.ended_at, run.ran) = (outcome, ended_at, ran);
        }
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut RecurringJob)) {
        let Some((id, mut record)) = self.by_id.remove_entry(id) else { return };
        self.unindex(&record);
        change(&mut record);
        self.index(&record);
        self.by_id.insert(id, record);
    }

    fn index(&mut self, record: &RecurringJob) {
        let with_id = |instant| (instant, Arc::clone(&record.definition.id));
        self.due.extend(record.next.map(with_id));
        self.missed.extend(record.missed_until().map(with_id));
        self.weight += record.weight() as u64;
    }

    fn unindex(&mut self, record: &RecurringJob) {
        let with_id = |instant| (instant, Arc::clone(&record.definition.id));
        if let Some(next) = record.next {
            self.due.remove(&with_id(next));
        }
        if let Some(until) = record.missed_until() {
            self.missed.remove(&with_id(until));
        }
        self.weight -= record.weight() as u64;
    }

    /// Notes that a job of one is there which has not ended.
    pub(super) fn begin(&mut self, job: &Job) {
        if let Some(occurrence) = job.spec.occurrence.as_ref().filter(|_| !job.state.is_final()) {
            self.unfinished.entry(Arc::clone(&occurrence.recurring)).or_default().insert(job.id);
        }
    }

    /// Takes back what was noted of a job.
    pub(super) fn end(&mut self, job: &Job) {
        let Some(occurrence) = job.spec.occurrence.as_ref().filter(|_| !job.state.is_final()) else { return };
        if let Some(jobs) = self.unfinished.get_mut(&occurrence.recurring) {
            jobs.remove(&job.id);
            if jobs.is_empty() {
                self.unfinished.remove(&occurrence.recurring);
            }
        }
    }
}

/// Counts the definitions that are looked at, so that a test can tell what a command costs.
#[cfg(test)]
pub(super) mod looks {
    use std::cell::Cell;

    thread_local! {
        static LOOKS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count(looks: usize) {
        LOOKS.set(LOOKS.get() + looks);
    }

    /// Returns how many there were since the last call.
    pub(in crate::engine) fn take() -> usize {
        LOOKS.take()
    }
}
