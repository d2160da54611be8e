//! Making up for the runs that a definition would have had in a time that is past.
//!
//! A run has the id that its definition and its instant give it, whoever makes it. So what has fired, or was backfilled before,
//! is not made again for as long as its job is there, and what is backfilled does not fire.

use std::iter::successors;
use std::ops::Range;
use std::time::Duration;

use thiserror::Error;

use super::{INSTANT, RecurringJob};
use crate::cron::Cron;
use crate::job::{NewJob, Occurrence};
use crate::store::{Store, StoreError};
use crate::{JobId, Timestamp};

/// The most runs of one backfill.
pub const BACKFILL: usize = 1_000;

/// Why there is no backfill of a range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackfillError {
    /// There is nothing in it.
    #[error("the range ends at `{end}`, and so not after its beginning at `{start}`; set a later end")]
    Empty {
        /// Where it begins.
        start: Timestamp,
        /// Where it ends.
        end: Timestamp,
    },
    /// The schedule sees to what is to come.
    #[error(
        "the range ends at `{end}`, which is to come, and the schedule fires that itself; end it at `{now}` or before"
    )]
    ToCome {
        /// Where it ends.
        end: Timestamp,
        /// What time it is.
        now: Timestamp,
    },
    /// There is too much in it.
    #[error("the range has more than {BACKFILL} runs; end it at `{end}`, and begin the next one there")]
    TooMany {
        /// Where it has as many as there may be.
        end: Timestamp,
    },
    /// This release can't read the schedule.
    #[error("{0}; add the definition again to mend it")]
    Unreadable(String),
}

/// A run of a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfilled {
    /// The instant that it stands for.
    pub scheduled_for: Timestamp,
    /// Its job. Where another one holds its unique key, that one.
    pub job: JobId,
    /// Whether the job is new: made by the backfill or, in a dry run, not there yet.
    pub is_new: bool,
}

impl RecurringJob {
    /// Returns the instants at which its schedule, as it is today, fires in a range: from its beginning, and before its end.
    /// A pause does not count, nor does it count since when the definition is there.
    ///
    /// # Errors
    /// When the range is empty, is not past, or has more than [`BACKFILL`] of them.
    pub fn between(&self, range: &Range<Timestamp>, now: Timestamp) -> Result<Vec<Timestamp>, BackfillError> {
        if let Some(error) = self.definition.error() {
            return Err(BackfillError::Unreadable(error.to_owned()));
        }
        let (start, end) = (range.start, range.end);
        if end <= start {
            return Err(BackfillError::Empty { start, end });
        }
        if end > now {
            return Err(BackfillError::ToCome { end, now });
        }
        let found = successors(self.first_since(start), |instant| self.definition.next_after(*instant));
        let found: Vec<_> = found.take_while(|instant| *instant < end).take(BACKFILL + 1).collect();
        match found.get(BACKFILL) {
            Some(end) => Err(BackfillError::TooMany { end: *end }),
            None => Ok(found),
        }
    }

    /// Returns the first instant at `start` or after it. Those of an interval are in step with the ones that it fires.
    fn first_since(&self, start: Timestamp) -> Option<Timestamp> {
        let definition = &self.definition;
        let Some(interval) = definition.cron.read().ok().and_then(Cron::interval) else {
            return definition.next_after(start.minus(INSTANT));
        };
        let start = definition.starts_at.map_or(start, |first| first.max(start));
        let known = self.next.or(definition.starts_at).or(self.past.reached).unwrap_or(self.updated_at);
        let interval = interval.as_micros().max(1);
        let back = known.since(start).as_micros() / interval * interval;
        let known = known.minus(Duration::from_micros(u64::try_from(back).ok()?));
        definition.first_from(known, start)
    }

    /// Returns the job of a run.
    pub(crate) fn job_for(&self, instant: Timestamp) -> NewJob {
        let definition = &self.definition;
        let mut spec = definition.spec.clone();
        spec.occurrence = Some(Occurrence { recurring: definition.id.clone(), scheduled_for: instant });
        NewJob { id: self.job_id(instant), spec: spec.into(), start_at: None }
    }

    /// Makes the id of a run out of the definition and the instant, so that the same one has the same id whoever makes it.
    fn job_id(&self, instant: Timestamp) -> JobId {
        let (id, created) = (&self.definition.id, self.created_at.as_micros());
        JobId::from_name(instant, format!("{id}/{created}/{}", instant.as_micros()).as_bytes())
    }
}

/// Says for each of these instants whether a backfill would make its job.
///
/// # Errors
/// When the store can't answer.
pub async fn dry_run(
    store: &dyn Store,
    recurring: &RecurringJob,
    instants: &[Timestamp],
) -> Result<Vec<Backfilled>, StoreError> {
    let mut found = Vec::with_capacity(instants.len());
    for scheduled_for in instants.iter().copied() {
        let job = recurring.job_id(scheduled_for);
        found.push(Backfilled { scheduled_for, job, is_new: store.job(job).await?.is_none() });
    }
    Ok(found)
}

/// Enqueues the jobs of these instants that are not there, in one write, and says for each what came of it.
///
/// They are ready at once, whatever the definition says of runs that are missed or overlap, and of jitter.
///
/// # Errors
/// When the store can't write.
pub async fn backfill(
    store: &dyn Store,
    recurring: &RecurringJob,
    instants: &[Timestamp],
    now: Timestamp,
) -> Result<Vec<Backfilled>, StoreError> {
    let jobs = instants.iter().map(|instant| recurring.job_for(*instant)).collect();
    let enqueued = store.enqueue(jobs, now).await?;
    let each = instants.iter().zip(enqueued);
    let each = each.map(|(instant, job)| Backfilled {
        scheduled_for: *instant,
        job: job.id,
        is_new: !job.duplicate,
    });
    Ok(each.collect())
}
