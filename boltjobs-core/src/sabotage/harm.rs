//! What takes a bug more than one line.

use std::borrow::Cow;

use super::{Bug, is};
use crate::JobState::{self, Enqueued, Processing, Succeeded};
use crate::engine::{Entry, Move};
use crate::job::{DEFAULT_QUEUE, Epoch, HistoryRow, JobSpec, RowData};
use crate::state::Actor;

/// Says whether a transition is made that the table does not have.
pub(crate) fn lets(from: JobState, to: JobState, actor: Actor) -> bool {
    match (from, to, actor) {
        (Processing, Enqueued, Actor::Client) => is(Bug::RequeueOfRunning),
        (Succeeded, Enqueued, Actor::Reaper) => is(Bug::FinalRunsAgain),
        _ => false,
    }
}

/// Returns what is journaled of an entry that is applied.
pub(crate) fn written(entry: &Entry) -> Option<Cow<'_, Entry>> {
    let lost = match entry {
        Entry::Boot(_) => is(Bug::EpochsNotWritten),
        Entry::CancelRequested { .. } => is(Bug::CancellationNotWritten),
        Entry::QueuePaused { .. } => is(Bug::PauseNotWritten),
        Entry::Starts(_) | Entry::Started { .. } => is(Bug::RatesNotWritten),
        Entry::ParentEnded { .. } => is(Bug::ParentEndNotWritten),
        Entry::Advanced(_) => is(Bug::FireWithoutAdvance),
        Entry::Moved(change) => return Some(moved(change).map_or(Cow::Borrowed(entry), Cow::Owned)),
        Entry::Job(_)
        | Entry::Plain(_)
        | Entry::Forgotten(_)
        | Entry::Recurring(_)
        | Entry::RecurringRemoved(_)
        | Entry::Batch(_)
        | Entry::BatchForgotten(_)
        | Entry::StartsOver(_)
        | Entry::QueueResumed(_)
        | Entry::Respecified { .. }
        | Entry::Ran(_)
        | Entry::Noted { .. }
        | Entry::Notes(..)
        | Entry::Minute(_)
        | Entry::MinuteForgotten(_)
        | Entry::Document(_)
        | Entry::DocumentRemoved(_) => false,
    };
    (!lost).then_some(Cow::Borrowed(entry))
}

fn moved(change: &Move) -> Option<Entry> {
    let changed = if is(Bug::EpochsNotWritten) {
        Move { epoch: Epoch::default(), ..change.clone() }
    } else if is(Bug::CrashesNotWritten) {
        Move { crashes: 0, ..change.clone() }
    } else if let RowData::Succeeded { waited, ran, .. } = change.row.data
        && is(Bug::ResultNotWritten)
    {
        let data = RowData::Succeeded { waited, ran, result: None };
        Move { row: HistoryRow { data, ..change.row.clone() }, ..change.clone() }
    } else {
        return None;
    };
    Some(Entry::Moved(changed))
}

/// Returns what is left of a job when it is retried, unless that is all of it.
pub(crate) fn retried(spec: &JobSpec) -> Option<JobSpec> {
    let spec = || spec.clone();
    if is(Bug::RetryLosesQueue) {
        Some(JobSpec { queue: DEFAULT_QUEUE.into(), ..spec() })
    } else if is(Bug::RetryLosesPriority) {
        Some(JobSpec { priority: 0, ..spec() })
    } else if is(Bug::RetryLosesTags) {
        Some(JobSpec { tags: Vec::new(), ..spec() })
    } else if is(Bug::RetryLosesKey) {
        Some(JobSpec { unique: None, ..spec() })
    } else {
        None
    }
}
