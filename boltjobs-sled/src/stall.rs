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

use crate::committer::{Phase, Shared, State};
use crate::disk::{Disk, Placed};
use crate::error::{Failure, unavailable};

/// The pause before the first try, and the longest one: each is twice the one before.
#[cfg(not(test))]
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];
#[cfg(test)]
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

/// Writes a group; while that fails it is tried again, until it works, cannot work, or the store is closed.
pub(crate) fn write(shared: &Shared, disk: &mut Disk, group: &mut Placed) -> Result<(), Failure> {
    match disk.write(group) {
        Err(Failure::Passing(reason)) => retry(shared, reason, || {
            disk.reopen(Some(group))?;
            disk.write(group)
        }),
        done => done,
    }
}

/// The same for what only reads.
pub(crate) fn read<T>(
    shared: &Shared,
    disk: &mut Disk,
    read: impl Fn(&Disk) -> Result<T, Failure>,
) -> Result<T, Failure> {
    match read(disk) {
        Err(Failure::Passing(reason)) => retry(shared, reason, || {
            disk.reopen(None)?;
            read(disk)
        }),
        done => done,
    }
}

fn retry<T>(
    shared: &Shared,
    mut reason: String,
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let [mut pause, longest] = PAUSES;
    tell(shared, &reason);
    let mut tries = 0_u64;
    loop {
        let last = wait(shared, pause)?;
        tries += 1;
        pause = (pause * 2).min(longest);
        match attempt() {
            Ok(done) => {
                resume(shared);
                tracing::info!(store = %shared.location, tries, "the store goes on");
                return Ok(done);
            }
            Err(Failure::Passing(now)) if !last => {
                if now != reason {
                    tell(shared, &now);
                    reason = now;
                }
            }
            Err(failure) => return Err(failure),
        }
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

/// Waits until it is time to try again. Says whether it is for the last time, as the store is being closed.
fn wait(shared: &Shared, pause: Duration) -> Result<bool, Failure> {
    let running = |state: &mut State| state.phase == Phase::Running;
    let waited = shared.work.wait_timeout_while(shared.lock(), pause, running);
    let state = waited.map_or_else(|_| shared.lock(), |(state, _)| state);
    match &state.phase {
        Phase::Running => Ok(false),
        Phase::Closing => Ok(true),
        Phase::Failed(StoreError::Unavailable { reason, .. }) => Err(Failure::Lasting(reason.clone())),
        Phase::Failed(error) => Err(Failure::Lasting(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
