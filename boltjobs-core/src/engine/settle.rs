//! The end of an attempt.

use std::sync::Arc;
use std::time::Duration;

use super::enqueue::start_row;
use super::{Move, Turn};
use crate::job::{ErrorInfo, HistoryRow, Job, RowData, cut};
use crate::sabotage::{self, Bug};
use crate::state::Actor;
use crate::store::{Outcome, Settled, Settlement};
use crate::{JobState, Timestamp};

/// The most bytes of an error that the reason of a retry quotes; the error stands beside it.
const LONGEST_QUOTE: usize = 200;

impl Turn<'_> {
    /// Takes back jobs that ended, and answers for each, in order.
    pub fn settle(&mut self, settlements: Vec<Settlement>) -> Vec<Settled> {
        settlements.into_iter().map(|settlement| self.settle_one(settlement)).collect()
    }

    fn settle_one(&mut self, settlement: Settlement) -> Settled {
        // A stale worker may still be running; the epoch check is what stops it from settling.
        let Some(job) = self.engine.leased(settlement.lease, Bug::AckByIdOnly) else {
            return Settled::LeaseLost;
        };
        let change = decide(job, settlement.ran, settlement.outcome, self.engine.next_order, self.now);
        let state = change.row.state;
        if self.transition(change, Actor::Settle) { Settled::Now(state) } else { Settled::LeaseLost }
    }
}

/// Decides where an attempt leads.
fn decide(job: &Job, ran: Duration, mut outcome: Outcome, next_order: u64, now: Timestamp) -> Move {
    if let Outcome::Retry { error, .. }
    | Outcome::Failed { error, .. }
    | Outcome::Cancelled { error: Some(error) } = &mut outcome
    {
        error.shorten();
    }
    let ended = |state, reason, error| HistoryRow {
        reason,
        error,
        data: RowData::Ended { server: server(job), ran },
        ..HistoryRow::new(now, state)
    };
    let succeeded = |result, reason| HistoryRow {
        reason,
        data: RowData::Succeeded { waited: waited(job), ran, result },
        ..HistoryRow::new(now, JobState::Succeeded)
    };
    let back = |burns: Bug| {
        let attempt = if sabotage::is(burns) { job.attempt } else { job.attempt.saturating_sub(1) };
        Move { attempt, ..Move::of(job, HistoryRow::new(now, job.state)) }
    };
    let crashes = if sabotage::is(Bug::CrashesNeverForgotten) { job.crashes } else { 0 };
    let change = Move { crashes, ..Move::of(job, HistoryRow::new(now, job.state)) };
    let again = |delay| start_row(Some(now.plus(delay)), now, None);

    let ignored = sabotage::is(Bug::RetryIgnoresCancel) && matches!(outcome, Outcome::Retry { .. });
    if let Some(reason) = job.cancel.as_ref().filter(|_| !ignored) {
        // It was asked to stop. That it finished all the same is the one thing that still counts.
        return match outcome {
            Outcome::Succeeded(result) => Move { row: succeeded(result, None), ..change },
            Outcome::SucceededWithout(why) => Move { row: succeeded(None, Some(why)), ..change },
            Outcome::Retry { error, .. } | Outcome::Failed { error, .. } => {
                Move { row: ended(JobState::Deleted, Some(reason.as_str().into()), Some(error)), ..change }
            }
            Outcome::Cancelled { error } => {
                Move { row: ended(JobState::Deleted, Some(reason.as_str().into()), error), ..change }
            }
            Outcome::Deleted(_) | Outcome::Snoozed(_) | Outcome::Released(_) => {
                Move { row: ended(JobState::Deleted, Some(reason.as_str().into()), None), ..change }
            }
        };
    }
    match outcome {
        Outcome::Succeeded(result) => Move { row: succeeded(result, None), ..change },
        Outcome::SucceededWithout(why) => Move { row: succeeded(None, Some(why)), ..change },
        Outcome::Retry { error, delay, retry, retries } => {
            let mut message = error.message.clone();
            cut(&mut message, LONGEST_QUOTE);
            let reason = format!("Retry attempt {retry} of {retries}: {message}");
            let row = HistoryRow { reason: Some(reason.into()), error: Some(error), ..again(delay) };
            Move { row, order: next_order, ..change }
        }
        Outcome::Failed { error, reason, delete } => {
            let state = if delete { JobState::Deleted } else { JobState::Failed };
            Move { row: ended(state, reason, Some(error)), ..change }
        }
        Outcome::Cancelled { error } => {
            let unasked = || {
                let message = "it stopped as if it had been cancelled, but nobody had asked it to";
                Box::new(ErrorInfo::new("boltjobs::Cancelled", message))
            };
            Move { row: ended(JobState::Failed, None, Some(error.unwrap_or_else(unasked))), ..change }
        }
        Outcome::Deleted(reason) => Move { row: ended(JobState::Deleted, Some(reason), None), ..change },
        Outcome::Snoozed(delay) => {
            let row = HistoryRow { reason: Some("snoozed".into()), ..again(delay) };
            Move { row, order: next_order, crashes: 0, ..back(Bug::SnoozeBurnsAttempt) }
        }
        // It keeps its place: nothing about it has changed.
        Outcome::Released(reason) => Move {
            row: HistoryRow { reason: Some(reason), ..HistoryRow::new(now, JobState::Enqueued) },
            ..back(Bug::ReleaseBurnsAttempt)
        },
    }
}

/// Returns how long the job had waited for the claim that runs it.
fn waited(job: &Job) -> Duration {
    match job.history.as_slice() {
        [.., ready, claimed] => claimed.at.since(ready.at),
        [_] | [] => Duration::ZERO,
    }
}

/// Returns the server that runs the job.
pub(super) fn server(job: &Job) -> Arc<str> {
    match job.history.last().map(|row| &row.data) {
        Some(RowData::Processing { server, .. }) => Arc::clone(server),
        Some(
            RowData::None | RowData::Scheduled { .. } | RowData::Succeeded { .. } | RowData::Ended { .. },
        )
        | None => "".into(),
    }
}
