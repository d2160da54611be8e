//! Recurring definitions: adding, steering and firing them.

use std::sync::Arc;

use super::{Entry, Turn};
use crate::job::{JobSpec, NewJob, Occurrence};
use crate::recurring::{Definition, RecurringJob};
use crate::store::RecurringCommand;
use crate::{JobId, Timestamp};

/// The most definitions that one step fires.
const STEP: usize = 100;

impl Turn<'_> {
    /// Adds or changes a definition. `false` when it was there unchanged.
    pub fn put_recurring(&mut self, definition: Definition) -> bool {
        let record = match self.engine.recurring.get(&definition.id) {
            // One that could not be read for a while has stopped; then it begins again.
            Some(known) if known.definition == definition && !has_stopped(known, self.now) => return false,
            None => RecurringJob::new(definition, self.now),
            Some(known) => {
                let old = &known.definition;
                let same_times =
                    old.cron == definition.cron && old.zone == definition.zone && old.dst == definition.dst;
                let next = if known.paused {
                    None
                } else if same_times && !has_stopped(known, self.now) {
                    known.next
                } else {
                    definition.next_after(self.now)
                };
                RecurringJob { definition, updated_at: self.now, next, ..known.clone() }
            }
        };
        self.commit(Entry::Recurring(Box::new(record)));
        true
    }

    /// Moves a definition. `None` when it is not there, `Some(false)` when there was nothing to do.
    pub fn recurring(&mut self, id: &Arc<str>, command: RecurringCommand) -> Option<bool> {
        let known = self.engine.recurring.get(id)?.clone();
        let pause = match command {
            RecurringCommand::Trigger(job) => {
                self.make_job(&known.definition, job, self.now, "triggered");
                self.commit(Entry::Recurring(Box::new(RecurringJob {
                    last: Some((job, self.now)),
                    ..known
                })));
                return Some(true);
            }
            RecurringCommand::Remove => {
                self.commit(Entry::RecurringRemoved(Arc::clone(id)));
                return Some(true);
            }
            RecurringCommand::Pause => true,
            RecurringCommand::Resume => false,
        };
        if known.paused == pause {
            return Some(false);
        }
        let next = if pause { None } else { known.definition.next_after(self.now) };
        self.commit(Entry::Recurring(Box::new(RecurringJob { paused: pause, next, ..known })));
        Some(true)
    }

    /// Makes the jobs of the definitions whose time has come, and returns when the next one's comes.
    pub fn fire(&mut self) -> Option<Timestamp> {
        for _ in 0..STEP {
            let first = self.engine.recurring_due.first().filter(|(next, _)| *next <= self.now);
            let Some((next, id)) = first else { break };
            let (next, record) = (*next, self.engine.recurring.get(id).cloned());
            let Some(mut record) = record else { break };
            let firing = record.definition.fire(next, self.now);
            for instant in firing.occurrences {
                let job = occurrence_id(&record, instant);
                self.make_job(&record.definition, job, instant, "fired by its schedule");
                record.last = Some((job, self.now));
            }
            record.next = firing.next;
            // The jobs and the advance of the schedule are one write, so no crash fires an occurrence twice.
            self.commit(Entry::Recurring(Box::new(record)));
        }
        self.engine.recurring_due.first().map(|(next, _)| *next)
    }

    fn make_job(&mut self, definition: &Definition, id: JobId, instant: Timestamp, reason: &str) {
        let occurrence = Occurrence { recurring: Arc::clone(&definition.id), scheduled_for: instant };
        let spec = JobSpec { occurrence: Some(occurrence), ..definition.spec.clone() };
        self.enqueue_one(NewJob { id, spec, start_at: None }, Some(reason.into()));
    }
}

/// Says whether a definition waits for nothing although it has something to wait for.
fn has_stopped(record: &RecurringJob, now: Timestamp) -> bool {
    !record.paused && record.next.is_none() && record.definition.next_after(now).is_some()
}

/// Makes the id of an occurrence out of the definition and the instant, so that the same one has the same id
/// whoever fires it.
fn occurrence_id(record: &RecurringJob, instant: Timestamp) -> JobId {
    let name = format!("{}/{}/{}", record.definition.id, record.created_at.as_micros(), instant.as_micros());
    JobId::from_name(instant, name.as_bytes())
}
