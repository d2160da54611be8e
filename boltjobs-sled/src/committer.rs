//! The thread that writes one group after the other.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use boltjobs_core::engine::Engine;
use boltjobs_core::sabotage::{self, Bug};
use boltjobs_core::store::StoreError;
use boltjobs_core::watch::Watchers;

use crate::compaction;
use crate::disk::{Disk, Oldest};
use crate::error::{Failure, panic_text, unavailable};
#[cfg(test)]
use crate::faults::Faults;
use crate::gate::Gate;
use crate::group::Group;
use crate::options::Durability;
use crate::stall;
use crate::stats::Counters;

/// How long work is gathered under [`Durability::Eventual`].
pub(crate) const GATHER: Duration = Duration::from_millis(50);

/// How long the committer may be busy under [`Durability::Eventual`] before callers wait for it.
///
/// What a crash undoes at most is a group just before its write ends, and what came after it. Answers of that group
/// were given for this long while the one before was written, and while it gathered; those of the next one for this
/// long again. Together that is 25 + 50 + 25 = 100 ms.
pub(crate) const PATIENCE: Duration = Duration::from_millis(25);

/// What callers and the committer share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) state: Mutex<State>,
    /// Wakes the committer.
    pub(crate) work: Condvar,
    pub(crate) watchers: Watchers,
    pub(crate) location: String,
    pub(crate) durability: Durability,
    pub(crate) counters: Arc<Counters>,
    /// Opens when the committer has let go of everything.
    pub(crate) closed: Arc<Gate>,
    #[cfg(test)]
    pub(crate) faults: Arc<Faults>,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    /// Why nothing can be written for now.
    pub(crate) stalled: Option<StoreError>,
    pub(crate) engine: Engine,
    /// The group that collects.
    pub(crate) open: Group,
    /// The group that is on its way to disk.
    pub(crate) flight: Option<Arc<Gate>>,
    /// Since when the committer reads or writes, without a pause. Compaction reads before it takes the group.
    pub(crate) busy: Option<Instant>,
    /// Whether the committer waits for work.
    pub(crate) idle: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    Closing,
    /// Nothing is acknowledged any more: what is in memory may be ahead of what is on disk.
    Failed(StoreError),
}

impl Shared {
    /// Locks the state. A command that panicked has left it half changed, so nothing of it may be written.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poison| {
            let mut state = poison.into_inner();
            let reason = "a command panicked; open the store again, and report the panic";
            state.fail(unavailable(&self.location, reason));
            self.state.clear_poison();
            self.work.notify_one();
            state
        })
    }
}

impl State {
    fn fail(&mut self, error: StoreError) {
        if !matches!(self.phase, Phase::Failed(_)) {
            self.phase = Phase::Failed(error);
        }
    }
}

/// Writes groups until the store is closed or fails for good, then lets go of the disk.
pub(crate) fn run(shared: &Shared, mut disk: Disk) {
    let outcome = catch_unwind(AssertUnwindSafe(|| commit_until_closed(shared, &mut disk)));
    let outcome = outcome
        .unwrap_or_else(|panic| Err(Failure::Lasting(format!("a write panicked: {}", panic_text(&*panic)))));
    let mut state = shared.lock();
    if let Err(failure) = outcome {
        let reason = failed_for_good(failure, shared.durability);
        tracing::error!(store = %shared.location, %reason, "the store failed");
        state.fail(unavailable(&shared.location, &reason));
    }
    let outcome = match &state.phase {
        Phase::Failed(error) => Err(error.clone()),
        Phase::Running | Phase::Closing => Ok(()),
    };
    let engine = mem::take(&mut state.engine);
    let gates = [Some(Arc::clone(&state.open.gate)), state.flight.take()];
    drop(state);
    drop(engine);
    if catch_unwind(AssertUnwindSafe(|| disk.close())).is_err() {
        tracing::error!(store = %shared.location, "sled panicked while it was closed");
    }
    gates.into_iter().flatten().for_each(|gate| gate.open(outcome.clone()));
    shared.closed.open(outcome);
}

/// Says what it means that nothing more is written, although what is in memory is ahead of the disk.
fn failed_for_good(failure: Failure, durability: Durability) -> String {
    let kept = match durability {
        Durability::Immediate => "what was acknowledged is on disk",
        Durability::Eventual => "what was acknowledged is on disk, but for the latest 100 ms",
    };
    match failure {
        Failure::Passing(reason) => format!("{reason}; it was closed before that was done; {kept}"),
        Failure::Lasting(reason) => format!(
            "{reason}; this store takes nothing more, so restart the program once that is done; {kept}"
        ),
    }
}

fn commit_until_closed(shared: &Shared, disk: &mut Disk) -> Result<(), Failure> {
    let (mut weight, mut wrote) = (shared.lock().engine.weight(), 0);
    loop {
        let mut oldest = None;
        if compaction::is_due(disk, weight) {
            shared.lock().busy = Some(now());
            oldest = stall::read(shared, disk, |disk| compaction::read(disk, wrote))?;
        }
        let mut state = shared.lock();
        if oldest.is_none() {
            state.busy = None;
            state = wait_for_work(shared, state);
        }
        match state.phase {
            Phase::Closing if state.open.is_empty() => return Ok(()),
            Phase::Failed(_) => return Ok(()),
            Phase::Running | Phase::Closing => {}
        }
        (weight, wrote) = write_group(shared, state, disk, oldest.as_ref())?;
    }
}

fn wait_for_work<'a>(shared: &'a Shared, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    state.idle = true;
    let nothing = |state: &mut State| state.open.is_empty() && state.phase == Phase::Running;
    state = shared.work.wait_while(state, nothing).unwrap_or_else(|_| shared.lock());
    state.idle = false;
    if shared.durability == Durability::Eventual {
        let gathering = |state: &mut State| state.phase == Phase::Running;
        let waited = shared.work.wait_timeout_while(state, GATHER, gathering);
        state = waited.map_or_else(|_| shared.lock(), |(state, _)| state);
    }
    state
}

/// Writes the open group, while the next one collects. Returns the weight of what lives, and the bytes written.
fn write_group(
    shared: &Shared,
    mut state: MutexGuard<'_, State>,
    disk: &mut Disk,
    oldest: Option<&Oldest>,
) -> Result<(u64, u64), Failure> {
    let State { engine, open, .. } = &mut *state;
    let asked = !open.is_empty();
    if let Some(oldest) = oldest {
        compaction::rescue(oldest, disk, engine, open);
    }
    let unpublished = engine.take_unpublished();
    let mut group = open.take();
    state.flight = Some(Arc::clone(&group.gate));
    state.busy.get_or_insert_with(now);
    drop(state);

    if sabotage::is(Bug::AckBeforeDurable) {
        group.gate.open(Ok(()));
    }
    let before = disk.span.bytes;
    let mut placed = disk.place(&mut group, oldest)?;
    stall::write(shared, disk, &mut placed)?;
    if asked {
        disk.asked = disk.span.next;
    }
    let wrote = (disk.span.bytes + oldest.map_or(0, |oldest| oldest.bytes)).saturating_sub(before);

    let mut state = shared.lock();
    let changes = state.engine.publish(unpublished);
    let weight = state.engine.weight();
    (state.flight, state.busy) = (None, None);
    drop(state);
    shared.counters.lives(weight);
    shared.watchers.notify(&changes);
    group.gate.open(Ok(()));
    Ok((weight, wrote))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the disk takes is no matter of the clock of the jobs"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
