//! The passing of time: what is due, what is orphaned, what has expired.

use std::time::Duration;

use super::settle::server;
use super::{Entry, Move, Turn};
use crate::job::{Epoch, ErrorInfo, HistoryRow, Job, RowData};
use crate::sabotage::{self, Bug};
use crate::state::Actor;
use crate::store::{Keep, Retention};
use crate::{JobId, JobState, Timestamp};

/// The most jobs that one step moves, so that no step holds up the others for long.
pub(super) const STEP: usize = 1_000;

impl Turn<'_> {
    /// Notes that the engine was opened: epochs of this boot are above all earlier ones.
    pub fn boot(&mut self) {
        let boot = self.engine.boot + 1;
        self.commit(Entry::Boot(boot));
        self.engine.read_limits();
    }

    /// Makes ready what is due and deletes what has waited too long, a bounded number of jobs at a time, and returns
    /// when the next one is.
    pub fn due(&mut self) -> Option<Timestamp> {
        self.expire_waiting(STEP);
        let tick = Duration::from_millis(u64::from(sabotage::is(Bug::DueOneTickEarly)));
        let until = self.now.plus(tick);
        let due = self.engine.due.after(None).take_while(|(due, _)| *due <= until);
        let due: Vec<_> = due.take(STEP).map(|(_, id)| id).collect();
        self.engine.load_all(&due);
        for id in due {
            let Some(job) = self.engine.jobs.load(id) else { break };
            let order = self.engine.next_order;
            let change = Move { order, ..Move::of(job, HistoryRow::new(self.now, JobState::Enqueued)) };
            self.transition(change, Actor::Time);
        }
        self.open_by_time();
        self.forget_starts();
        let engine = &self.engine;
        let due = engine.due.first().map(|(due, _)| due);
        let expires = engine.expiring.first().map(|(expires, _)| expires);
        let over = engine.limiting.over.first().map(|(over, _)| *over);
        [due, expires, engine.ready.parking.first(), over].into_iter().flatten().min()
    }

    /// Removes what rates have counted and no longer count.
    fn forget_starts(&mut self) {
        for _ in 0..STEP {
            let first = self.engine.limiting.over.first().filter(|(over, _)| *over <= self.now);
            let Some((_, id)) = first else { break };
            self.commit(Entry::StartsOver(id.clone()));
        }
    }

    /// Takes back jobs whose lease is over, and returns when the next one is.
    pub fn reap(&mut self, max_crashes: u32) -> Option<Timestamp> {
        let engine = &self.engine;
        let until = |id: &JobId| engine.leases.get(id).copied();
        let ended = sabotage::is(Bug::FinalRunsAgain).then(|| engine.listing.in_state(JobState::Succeeded));
        let running = engine.listing.in_state(JobState::Processing).chain(ended.into_iter().flatten());
        let mut orphans: Vec<_> =
            running.filter(|id| until(id).is_none_or(|until| until <= self.now)).collect();
        orphans.sort_unstable();
        for id in orphans {
            if let Some(job) = self.engine.jobs.load(id) {
                let change = reclaim(job, self.engine.boot, max_crashes, self.now);
                self.transition(change, Actor::Reaper);
            }
        }
        self.engine.leases.values().min().copied()
    }

    /// Removes ended jobs whose retention is over, a bounded number at a time, and returns when the next one's is.
    pub fn expire(&mut self, retention: Retention) -> Option<Timestamp> {
        self.engine.retention = retention;
        let batches = self.expire_batches(retention.batches);
        let ended = [JobState::Succeeded, JobState::Failed, JobState::Deleted];
        ended
            .into_iter()
            .filter_map(|state| self.expire_state(state, retention.of(state)))
            .chain(batches)
            .min()
    }

    /// Removes batches that have ended, each with those in it.
    fn expire_batches(&mut self, kept: Duration) -> Option<Timestamp> {
        let oldest = |turn: &Self| turn.engine.family.ended.first().copied();
        for _ in 0..STEP {
            let (ended, id) = oldest(self)?;
            if ended.plus(kept) > self.now {
                break;
            }
            let mut batches = vec![id];
            while let Some(id) = batches.pop() {
                batches.extend(self.engine.family.nested(id));
                self.commit(Entry::BatchForgotten(id));
            }
        }
        oldest(self).map(|(ended, _)| ended.plus(kept))
    }

    fn expire_state(&mut self, state: JobState, keep: Keep) -> Option<Timestamp> {
        let jobs = self.engine.ended.get(&state)?;
        let excess = keep.count.map_or(0, |count| (jobs.len() as u64).saturating_sub(count));
        let over = (0..).zip(jobs.after(None));
        let over = over.take_while(|(at, (ended, _))| *at < excess || ended.plus(keep.age) <= self.now);
        let over: Vec<_> = over.take(STEP).map(|(_, (_, id))| id).collect();
        self.engine.load_all(&over);
        for id in over {
            if self.engine.jobs.load(id).is_none() {
                break;
            }
            self.commit(Entry::Forgotten(id));
        }
        self.oldest(state, keep).map(|(over, _)| over)
    }

    /// Returns when the job of a state that goes next is to go.
    fn oldest(&self, state: JobState, keep: Keep) -> Option<(Timestamp, JobId)> {
        let jobs = self.engine.ended.get(&state)?;
        let (ended, id) = jobs.first()?;
        let too_many = keep.count.is_some_and(|count| jobs.len() as u64 > count);
        let over = ended.plus(keep.age);
        Some((if too_many { over.min(self.now) } else { over }, id))
    }
}

/// Decides what becomes of a running job whose server is gone.
fn reclaim(job: &Job, boot: u32, max_crashes: u32, now: Timestamp) -> Move {
    let crashes = job.crashes + u32::from(!sabotage::is(Bug::CrashNotCounted));
    let why = if job.epoch.boot() < boot {
        "the process ended while it ran"
    } else {
        "its server stopped responding"
    };
    let row = |state| HistoryRow {
        reason: Some(why.into()),
        data: RowData::Ended { server: server(job), ran: now.since(job.since) },
        ..HistoryRow::new(now, state)
    };
    if let Some(reason) = &job.cancel {
        return Move::of(job, HistoryRow { reason: Some(reason.as_str().into()), ..row(JobState::Deleted) });
    }
    if max_crashes > 0 && crashes >= max_crashes {
        let error = ErrorInfo::new(
            "boltjobs::Quarantined",
            format!(
                "it was running in {crashes} crashes in a row, so it is not run again by itself; requeue it once its cause is mended"
            ),
        );
        let row = HistoryRow { error: Some(Box::new(error)), ..row(JobState::Failed) };
        return Move { crashes, ..Move::of(job, row) };
    }
    // The crash may not have been the handler's fault: the attempt is given back, the crash counted.
    let attempt = job.attempt.saturating_sub(u32::from(!sabotage::is(Bug::CrashBurnsAttempt)));
    let epoch = if sabotage::is(Bug::EpochResetOnReclaim) { Epoch::default() } else { job.epoch };
    Move { attempt, epoch, crashes, ..Move::of(job, row(JobState::Enqueued)) }
}
