//! The room of records that have left the memory, for those that come: see [`pool`](crate::pool).
#![expect(clippy::vec_box, reason = "it is the boxes that are kept")]

use std::mem;
use std::sync::Arc;

use super::jobs::{Resident, Trail};
use crate::job::{Job, JobSpec};
use crate::pool::Pool;

/// The most records whose room is kept: some two megabytes.
const MOST: usize = 4_096;

/// The longest history whose room is kept: most jobs are enqueued, claimed and end.
const LONGEST: usize = 4;

/// Room for records.
#[derive(Debug)]
pub(super) struct Spare(Pool<Box<Resident>>);

impl Default for Spare {
    fn default() -> Self {
        Self(Pool::new(MOST))
    }
}

impl Spare {
    /// Puts a record where another one was, if there is such room.
    pub(super) fn put(&self, mut job: Job, weight: u64, trail: Trail) -> Box<Resident> {
        let Some(mut room) = self.0.take() else { return Box::new(Resident { job, weight, trail }) };
        let mut history = mem::take(&mut room.job.history);
        history.append(&mut job.history);
        job.history = history;
        *room = Resident { job, weight, trail };
        room
    }

    /// Keeps the room of records, and nothing of what was in it.
    fn keep(&self, mut records: Vec<Box<Resident>>) {
        let clear = |record: &mut Box<Resident>| {
            let job = &mut record.job;
            job.history.clear();
            job.history.shrink_to(LONGEST);
            (job.waits_for, job.cancel, record.trail) = (Vec::new(), None, Trail::new());
            mem::replace(&mut job.spec, JobSpec::nothing())
        };
        JobSpec::let_go(records.iter_mut().map(clear));
        self.0.keep(records);
    }
}

/// Records that have left the memory. To be dropped where it holds up nobody.
#[derive(Debug)]
pub struct Evicted {
    pub(super) records: Vec<Box<Resident>>,
    pub(super) spare: Arc<Spare>,
}

impl Drop for Evicted {
    fn drop(&mut self) {
        self.spare.keep(mem::take(&mut self.records));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Epoch, HistoryRow};
    use crate::{JobId, JobState, Timestamp};

    fn job(payload: &Arc<[u8]>, rows: usize) -> Job {
        let at = Timestamp::EPOCH;
        Job {
            id: JobId::from_u128(1),
            spec: Arc::new(JobSpec::new("mail.send", Arc::clone(payload))),
            created_at: at,
            state: JobState::Enqueued,
            since: at,
            due: None,
            waits_for: Vec::new(),
            expires: None,
            order: 0,
            attempt: 0,
            epoch: Epoch::default(),
            crashes: 0,
            revision: 0,
            cancel: Some("no longer needed".to_owned()),
            history: vec![HistoryRow::new(at, JobState::Enqueued); rows],
            forgotten_rows: 0,
        }
    }

    #[test]
    fn a_record_takes_the_room_of_another_one_and_nothing_else_of_it() {
        let (spare, payload, other): (_, Arc<[u8]>, Arc<[u8]>) =
            (Arc::new(Spare::default()), (*b"{}").into(), (*b"[]").into());
        let resident = spare.put(job(&payload, 40), 1, Trail::new());
        let place = std::ptr::from_ref(&*resident);
        drop(Evicted { records: vec![resident], spare: Arc::clone(&spare) });
        assert_eq!(Arc::strong_count(&payload), 1, "what it was to do is let go at once");
        let next = spare.put(job(&other, 2), 7, Trail::new());
        assert_eq!((std::ptr::from_ref(&*next), &next.job, next.weight), (place, &job(&other, 2), 7));
        assert!(next.job.history.capacity() <= LONGEST, "a long history leaves no room behind");
        assert!(spare.0.take().is_none());
    }
}
