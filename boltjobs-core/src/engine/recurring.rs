//! Recurring definitions: adding, steering and firing them, and what comes of their jobs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::enqueue::News;
use super::entry::{Advance, Ran};
use super::{Entry, Turn};
use crate::job::{JobSpec, NewJob, RowData};
use crate::recurring::{Definition, Overlap, RecurringJob, Run, RunOutcome};
use crate::sabotage::{self, Bug};
use crate::store::{Action, Command, RecurringCommand};
use crate::{JobId, Timestamp};

/// The most definitions that one step fires.
const STEP: usize = 100;

impl Turn<'_> {
    /// Adds or changes a definition. `false` when it was there unchanged.
    pub fn put_recurring(&mut self, definition: Definition) -> bool {
        let record = match self.engine.definitions.get(&definition.id) {
            Some(known) => known.with(definition, self.now),
            None => Some(RecurringJob::new(definition, self.now)),
        };
        let changed = record.is_some();
        if let Some(record) = record {
            self.commit(Entry::Recurring(Box::new(record)));
        }
        changed
    }

    /// Adds or changes the definitions that a program declares. Others that one of its crates has declared are removed;
    /// returns their ids.
    pub fn declare_recurring(
        &mut self,
        declared: Vec<Definition>,
        crates: &BTreeSet<Arc<str>>,
    ) -> Vec<Arc<str>> {
        let still: BTreeSet<_> = declared.iter().map(|definition| Arc::clone(&definition.id)).collect();
        let known = self.engine.definitions.all().map(|record| &record.definition);
        let ours = |it: &&Definition| it.declared_by.as_ref().is_some_and(|by| crates.contains(by));
        let gone = known.filter(ours).map(|it| Arc::clone(&it.id)).filter(|id| !still.contains(id));
        let gone: Vec<_> = gone.collect();
        for id in &gone {
            self.commit(Entry::RecurringRemoved(Arc::clone(id)));
        }
        for definition in declared {
            self.put_recurring(definition);
        }
        gone
    }

    /// Moves a definition. `None` when it is not there, `Some(false)` when there was nothing to do.
    pub fn recurring(&mut self, id: &Arc<str>, command: RecurringCommand) -> Option<bool> {
        let known = self.engine.definitions.get(id)?;
        let changed = match command {
            RecurringCommand::Trigger(job) => {
                self.trigger(id, job);
                return Some(true);
            }
            RecurringCommand::Remove => {
                self.commit(Entry::RecurringRemoved(Arc::clone(id)));
                return Some(true);
            }
            RecurringCommand::Change { from, to } => {
                let is_seen = known.definition == *from && to.id == *id;
                if is_seen {
                    self.put_recurring(*to);
                }
                return Some(is_seen);
            }
            RecurringCommand::Pause => known.pause(true, self.now),
            RecurringCommand::Resume => known.pause(false, self.now),
        };
        let happened = changed.is_some();
        if let Some(changed) = changed {
            self.commit(Entry::Recurring(Box::new(changed)));
        }
        Some(happened)
    }

    /// Makes the jobs of the definitions whose time has come, and returns when the next one's comes.
    pub fn fire(&mut self) -> Option<Timestamp> {
        for _ in 0..STEP {
            if let Some(id) = self.engine.definitions.first_missed(self.now) {
                self.go_back(&id);
            } else if let Some(id) = self.engine.definitions.first_due(self.now) {
                if !self.fire_one(&id) {
                    break;
                }
            } else {
                break;
            }
        }
        let more = self.engine.definitions.first_missed(self.now).map(|_| self.now);
        more.or(self.engine.definitions.next())
    }

    /// The clock was set back: what was missed lies before it again.
    fn go_back(&mut self, id: &Arc<str>) {
        let Some(record) = self.engine.definitions.get(id) else { return };
        let (back, past) = record.past.go_back(self.now, &record.definition);
        let next = back.or(record.next);
        self.commit(advanced(id, next, past, None));
    }

    /// Says whether it could, as far as what is on disk goes.
    fn fire_one(&mut self, id: &Arc<str>) -> bool {
        let Some(record) = self.engine.definitions.get(id) else { return true };
        let Some((firing, past)) = record.fire(self.now) else { return true };
        let unique = unique_spec(record);
        if !self.engine.load_what_concerns(unique.iter()) {
            return false;
        }
        if firing.occurrences.is_empty() {
            self.commit(advanced(id, firing.next, past, None));
        }
        // The jobs and the advance of the schedule are one write, so no crash fires an occurrence twice.
        for instant in firing.occurrences {
            let run = self.occur(id, instant);
            self.commit(advanced(id, firing.next, past, run));
        }
        true
    }

    /// Makes the job of an occurrence, if the earlier ones let it.
    fn occur(&mut self, id: &Arc<str>, instant: Timestamp) -> Option<Run> {
        let definitions = &self.engine.definitions;
        let overlap = definitions.get(id)?.definition.overlap;
        let unfinished: Vec<_> = match overlap {
            Overlap::Allow => Vec::new(),
            Overlap::Skip => definitions.unfinished(id).take(1).collect(),
            Overlap::CancelPrevious => definitions.unfinished(id).collect(),
        };
        if overlap == Overlap::Skip && !unfinished.is_empty() {
            return Some(Run::skipped(instant, self.now));
        }
        if !unfinished.is_empty() {
            let reason = Some("the next occurrence of its definition has come".into());
            self.command(&unfinished, &Command { action: Action::Delete, expected: Vec::new(), reason });
        }
        let record = self.engine.definitions.get(id)?;
        let mut new = record.job_for(instant);
        if sabotage::is(Bug::FireWithoutAdvance) {
            new.id = JobId::from_parts(instant, self.engine.next_order.into());
        }
        let (job, jitter) = (new.id, record.definition.jitter);
        new.start_at = (!jitter.is_zero()).then(|| instant.plus(share(jitter, job)));
        let made = self.enqueue_one(new, Some("fired by its schedule".into()), &mut News::default());
        (!made.duplicate).then(|| Run::of(job, instant, self.now))
    }

    fn trigger(&mut self, id: &Arc<str>, job: JobId) {
        let Some(record) = self.engine.definitions.get(id) else { return };
        let (next, past) = (record.next, record.past);
        let new = NewJob { id: job, ..record.job_for(self.now) };
        let unique = unique_spec(record);
        if !self.engine.load_what_concerns(unique.iter()) {
            return;
        }
        if !self.enqueue_one(new, Some("triggered".into()), &mut News::default()).duplicate {
            let run = Run { triggered: true, ..Run::of(job, self.now, self.now) };
            self.commit(advanced(id, next, past, Some(run)));
        }
    }

    /// Notes what has become of the run that a job is of, if it is of one.
    pub(super) fn note_run(&mut self, id: JobId) {
        let Some(job) = self.engine.jobs.get(id) else { return };
        let Some(occurrence) = &job.spec.occurrence else { return };
        let record = self.engine.definitions.get(&occurrence.recurring);
        if !record.is_some_and(|record| record.runs.iter().any(|run| run.job == Some(id))) {
            return;
        }
        let ran = match job.history.last().map(|row| &row.data) {
            Some(RowData::Succeeded { ran, .. } | RowData::Ended { ran, .. }) => Some(*ran),
            Some(RowData::None | RowData::Scheduled { .. } | RowData::Processing { .. }) | None => None,
        };
        let ran = Ran {
            recurring: Arc::clone(&occurrence.recurring),
            job: id,
            outcome: RunOutcome::of(job.state),
            ended_at: Some(job.since).filter(|_| job.state.is_final()),
            ran,
        };
        self.commit(Entry::Ran(Box::new(ran)));
    }
}

fn advanced(id: &Arc<str>, next: Option<Timestamp>, past: crate::recurring::Past, run: Option<Run>) -> Entry {
    Entry::Advanced(Box::new(Advance { recurring: Arc::clone(id), next, past, run }))
}

/// Returns what the jobs of a definition are to do, if others may stand for them.
fn unique_spec(record: &RecurringJob) -> Option<JobSpec> {
    Some(&record.definition.spec).filter(|spec| spec.unique.is_some()).cloned()
}

/// Returns how much later than its instant a job starts. Its id is a hash, so it decides that as chance would, and every
/// store the same.
fn share(jitter: Duration, id: JobId) -> Duration {
    let hash = id.as_u128() & 0x3FFF_FFFF_FFFF_FFFF;
    let micros = hash % (jitter.as_micros() + 1);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
