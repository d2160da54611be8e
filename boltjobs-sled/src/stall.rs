//! A disk that fails for a while.
//!
//! The group that could not be written is kept, and written again in its place until it is there. What is in memory
//! stays, so that leases of running handlers hold, and nothing is added to it: commands are refused before they are
//! applied, nothing is claimed, nothing is due. Whoever waits for the end of an attempt to be durable goes on waiting;
//! everybody else who waits is told.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::store::StoreError;
use boltjobs_core::watch::Changes;

use crate::committer::{Phase, Shared};
use crate::disk::{Disk, Span};
use crate::error::{Failure, unavailable};

/// The pause before the first try, and the longest one: each is twice the one before.
#[cfg(not(test))]
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];
#[cfg(test)]
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

/// A disk that fails.
#[derive(Debug)]
pub(crate) struct Stall {
    reason: String,
    pause: Duration,
    tries: u64,
}

/// What came of a try.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    Done(T),
    /// It failed, and is to be tried again after a pause.
    Again(Duration),
}

/// Tries what the disk may fail at. Where it has failed before it is opened again first: the journal would have come to
/// `next` by the write that failed.
///
/// # Errors
/// When it cannot work, or the store is being closed and this was the last try.
pub(crate) fn attempt<T>(
    stall: &mut Option<Stall>,
    shared: &Shared,
    disk: &mut Disk,
    next: Option<Span>,
    work: impl FnOnce(&mut Disk) -> Result<T, Failure>,
) -> Result<Attempt<T>, Failure> {
    let [first, longest] = PAUSES;
    let Some(stalled) = stall else {
        return match work(disk) {
            Ok(done) => Ok(Attempt::Done(done)),
            Err(Failure::Passing(reason)) => {
                tell(shared, &reason);
                *stall = Some(Stall { reason, pause: first, tries: 0 });
                Ok(Attempt::Again(first))
            }
            Err(failure) => Err(failure),
        };
    };
    let last = is_last(shared)?;
    stalled.tries += 1;
    stalled.pause = (stalled.pause * 2).min(longest);
    match disk.reopen(next).and_then(|()| work(disk)) {
        Ok(done) => {
            resume(shared);
            tracing::info!(store = %shared.location, tries = stalled.tries, "the store goes on");
            *stall = None;
            Ok(Attempt::Done(done))
        }
        Err(Failure::Passing(reason)) if !last => {
            if reason != stalled.reason {
                tell(shared, &reason);
                stalled.reason = reason;
            }
            Ok(Attempt::Again(stalled.pause))
        }
        Err(failure) => Err(failure),
    }
}

/// Tells everyone why nothing is written.
fn tell(shared: &Shared, reason: &str) {
    tracing::error!(store = %shared.location, %reason, "the store can't write; it is tried again until it works");
    let refused = format!("{reason}; then it goes on by itself");
    let waited = format!("{refused}; what was asked for was not acknowledged, and may still happen then");
    let mut state = shared.lock();
    state.stalled = Some(unavailable(&shared.location, &refused));
    let gates = [Some(Arc::clone(&state.open.gate)), state.flight.clone()];
    drop(state);
    gates.into_iter().flatten().for_each(|gate| gate.stall(unavailable(&shared.location, &waited)));
}

/// Lets everything go on. What was ready and due all the time is looked for again.
fn resume(shared: &Shared) {
    let mut state = shared.lock();
    state.stalled = None;
    state.open.gate.resume();
    if let Some(flight) = &state.flight {
        flight.resume();
    }
    drop(state);
    shared.watchers.notify(&Changes { ready: true, due: true, ..Changes::default() });
}

/// Says whether it is tried for the last time, as the store is being closed.
fn is_last(shared: &Shared) -> Result<bool, Failure> {
    match &shared.lock().phase {
        Phase::Running => Ok(false),
        Phase::Closing => Ok(true),
        Phase::Failed(StoreError::Unavailable { reason, .. }) => Err(Failure::Lasting(reason.clone())),
        Phase::Failed(error) => Err(Failure::Lasting(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
