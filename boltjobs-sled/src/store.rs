//! The handle of a store: how a command is applied, and what its answer waits for.
//!
//! A caller applies its command under the lock and takes its answer when everything that was applied so far is
//! durable: the group that collects, or the one on its way. A claim and a heartbeat answer at once, for they only
//! hand out what is durable; after a crash the job is simply ready again, and the epoch never repeats.
//!
//! While the disk fails, see [`stall`](crate::stall), nothing is applied that would have to be written.

use std::future::ready;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use boltjobs_core::Timestamp;
use boltjobs_core::engine::{Engine, Turn};
use boltjobs_core::store::{Answer, StoreError};

use crate::committer::{self, PATIENCE, Phase, Shared, State};
use crate::gate::{self, Gate, Wait};
use crate::open;
use crate::options::{Durability, SledOptions};
#[cfg(feature = "simulation")]
use crate::simulated::SimulatedDisk;
use crate::stats::Stats;

/// Keeps jobs in a directory of one machine, for one process at a time.
///
/// Dropping it makes everything durable and lets go of the directory, as [`Store::close`](boltjobs_core::store::Store::close) does.
#[derive(Debug)]
pub struct SledStore {
    pub(crate) shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
    #[cfg(feature = "simulation")]
    disk: Option<SimulatedDisk>,
}

impl SledStore {
    /// Opens the store in a directory, which is made if it is not there, with the default of every option.
    ///
    /// # Errors
    /// Those of [`SledOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        SledOptions::new().open(path)
    }

    pub(crate) fn open_with(path: &Path, options: SledOptions) -> Result<Self, StoreError> {
        let (opened, answer) = std::sync::mpsc::sync_channel(1);
        let directory = path.to_owned();
        let work = move || match open::open(&directory, &options) {
            Ok((shared, disk)) => {
                let shared = Arc::new(shared);
                if opened.send(Ok(Arc::clone(&shared))).is_ok() {
                    committer::run(&shared, disk);
                }
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let spawned = thread::Builder::new().name("boltjobs-commit".to_owned()).spawn(work);
        let committer = spawned.map_err(|error| crate::error::no_store(path, error.to_string()))?;
        let lost = || crate::error::no_store(path, "the thread that opens it ended; report this");
        let shared = answer.recv().unwrap_or_else(|_| Err(lost()))?;
        Ok(Self {
            shared,
            committer: Mutex::new(Some(committer)),
            #[cfg(feature = "simulation")]
            disk: None,
        })
    }

    /// Makes a store whose groups are written by whoever simulates it.
    #[cfg(feature = "simulation")]
    pub(crate) fn simulated(shared: Arc<Shared>, disk: SimulatedDisk) -> Self {
        Self { shared, committer: Mutex::default(), disk: Some(disk) }
    }

    /// Looks at what there is, whether it is durable or not. Nothing befalls the disk meanwhile.
    #[cfg(feature = "simulation")]
    pub fn look<T>(&self, look: impl FnOnce(&Engine) -> T) -> T {
        let state = self.shared.lock();
        let look = || look(&state.engine);
        if let Some(disk) = &self.disk { disk.undisturbed(look) } else { look() }
    }

    /// Returns what was written since the store was opened.
    pub fn stats(&self) -> Stats {
        self.shared.counters.read()
    }

    /// Reads ahead what a long line will need next, about so many records.
    pub(crate) fn look_ahead(&self, records: usize) {
        if let Some(ahead) = &self.shared.records {
            ahead.look_ahead(records);
        }
    }

    /// Runs a command. What it changes is in the open group before anyone else sees it.
    pub(crate) fn turn<T: Send + 'static>(
        &self,
        now: Timestamp,
        wait: Wait,
        command: impl FnOnce(&mut Turn<'_>) -> T,
    ) -> Answer<'_, T> {
        self.turn_then(now, |turn| Ok(command(turn)), |_, _| wait)
    }

    /// The same for a command that may be refused, where what has come of it tells what the answer waits for.
    pub(crate) fn turn_then<T: Send + 'static>(
        &self,
        now: Timestamp,
        command: impl FnOnce(&mut Turn<'_>) -> Result<T, StoreError>,
        wait: impl FnOnce(&Engine, &T) -> Wait,
    ) -> Answer<'_, T> {
        let state = self.shared.lock();
        match state.refusal().or_else(|| state.stalled.clone()) {
            Some(error) => Box::pin(ready(Err(error))),
            None => self.apply(state, now, command, wait),
        }
    }

    /// The same for what finds nothing to do while the disk fails. Whoever watches is told when it is over.
    pub(crate) fn step<T: Default + Send + 'static>(
        &self,
        now: Timestamp,
        step: impl FnOnce(&mut Turn<'_>) -> T,
        wait: impl FnOnce(&Engine, &T) -> Wait,
    ) -> Answer<'_, T> {
        let state = self.shared.lock();
        match state.refusal() {
            Some(error) => Box::pin(ready(Err(error))),
            None if state.stalled.is_some() => Box::pin(ready(Ok(T::default()))),
            None => self.apply(state, now, |turn| Ok(step(turn)), wait),
        }
    }

    /// The same for what is kept in memory alone, whether the disk fails or not.
    pub(crate) fn live<T: Send + 'static>(
        &self,
        now: Timestamp,
        command: impl FnOnce(&mut Turn<'_>) -> T,
    ) -> Answer<'_, T> {
        let state = self.shared.lock();
        match state.refusal() {
            Some(error) => Box::pin(ready(Err(error))),
            None => self.apply(state, now, |turn| Ok(command(turn)), |_, _| Wait::No),
        }
    }

    fn apply<T: Send + 'static>(
        &self,
        mut state: MutexGuard<'_, State>,
        now: Timestamp,
        command: impl FnOnce(&mut Turn<'_>) -> Result<T, StoreError>,
        wait: impl FnOnce(&Engine, &T) -> Wait,
    ) -> Answer<'_, T> {
        let State { engine, open, .. } = &mut *state;
        let size = open.size();
        let answer = command(&mut engine.at(now, open));
        let answer = match engine.take_fault().map_or(answer, Err) {
            Ok(answer) => answer,
            // It changed nothing, or it was a step of many.
            Err(refused) => {
                self.let_go(state);
                return Box::pin(ready(Err(refused)));
            }
        };
        let wait = wait(engine, &answer);
        let idle = wait == Wait::Changed && open.size() == size;
        let wait = if idle { Wait::No } else { wait };
        let mut changes = state.engine.take_told();
        if self.shared.durability == Durability::Eventual {
            let unpublished = state.engine.take_unpublished();
            changes.merge(state.engine.publish(unpublished));
        }
        let gate = self.gate(&state, wait);
        self.let_go(state);
        self.shared.watchers.notify(&changes);
        gate::answer_after(gate, wait, answer)
    }

    pub(crate) fn read<T: Send + 'static>(&self, look: impl FnOnce(&Engine) -> T) -> Answer<'_, T> {
        let state = self.shared.lock();
        if let Some(error) = state.refusal().or_else(|| state.stalled.clone()) {
            return Box::pin(ready(Err(error)));
        }
        let (answer, gate) = (look(&state.engine), self.gate(&state, Wait::Durable));
        if let Some(fault) = state.engine.take_fault() {
            self.let_go(state);
            return Box::pin(ready(Err(fault)));
        }
        self.let_go(state);
        gate::answer_after(gate, Wait::Durable, answer)
    }

    /// Unlocks the state, and wakes the committer if need be.
    fn let_go(&self, mut state: MutexGuard<'_, State>) {
        let calls = state.calls();
        drop(state);
        // A read may have been the end of a simulated process.
        #[cfg(feature = "simulation")]
        let calls = calls || self.disk.as_ref().is_some_and(SimulatedDisk::is_dead);
        if calls {
            self.shared.wake();
        }
    }

    /// Returns the gate behind which everything is durable that was applied so far; none if it is durable now.
    pub(crate) fn gate(&self, state: &State, wait: Wait) -> Option<Arc<Gate>> {
        if wait == Wait::No {
            return None;
        }
        if self.shared.durability == Durability::Eventual {
            let slow = state.busy.is_some_and(|since| since.elapsed() > PATIENCE);
            if !slow {
                return None;
            }
            if let Some(flight) = &state.flight {
                return Some(Arc::clone(flight));
            }
            // Compaction reads, and the group that collects is written next.
        }
        if !state.open.is_empty() {
            return Some(Arc::clone(&state.open.gate));
        }
        state.flight.clone()
    }

    pub(crate) fn begin_to_close(&self) {
        let mut state = self.shared.lock();
        if state.phase == Phase::Running {
            state.phase = Phase::Closing;
        }
        drop(state);
        self.shared.wake();
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.begin_to_close();
        let committer = self.committer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // The committer itself may drop the last handle, when it wakes who held it.
        if let Some(committer) = committer.filter(|thread| thread.thread().id() != thread::current().id()) {
            drop(committer.join());
        }
    }
}
