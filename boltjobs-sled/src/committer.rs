//! Writing one group after the other.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "simulation")]
use std::sync::PoisonError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use boltjobs_core::JobId;
use boltjobs_core::engine::{Engine, Unpublished};
use boltjobs_core::sabotage::{self, Bug};
use boltjobs_core::store::StoreError;
use boltjobs_core::watch::Watchers;

use crate::archive::Records;
use crate::compaction;
use crate::disk::{Disk, Oldest, Placed};
use crate::error::{Failure, panic_text, unavailable};
#[cfg(test)]
use crate::faults::Faults;
use crate::gate::Gate;
use crate::group::Group;
use crate::options::Durability;
use crate::stall::{self, Attempt, Stall};
use crate::stats::Counters;

/// How long work is gathered that nobody waits for: under [`Durability::Eventual`] all of it, else claims and what jobs note.
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
    /// Where records are read ahead, if they are.
    pub(crate) records: Option<Arc<Records>>,
    pub(crate) location: String,
    pub(crate) durability: Durability,
    pub(crate) counters: Arc<Counters>,
    /// Wakes who does in a simulation what the committer's thread does.
    #[cfg(feature = "simulation")]
    pub(crate) waker: Mutex<Option<std::task::Waker>>,
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
    pub(crate) rest: Rest,
}

/// Whether the committer has to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It looks before it rests.
    Busy,
    /// It looks again soon, and sooner if anybody waits.
    Dozing,
    /// It waits for work.
    Asleep,
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
            self.wake();
            state
        })
    }

    /// Wakes the committer.
    pub(crate) fn wake(&self) {
        #[cfg(feature = "simulation")]
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
        self.work.notify_one();
    }
}

impl State {
    /// Says why nothing is answered any more.
    pub(crate) fn refusal(&self) -> Option<StoreError> {
        match &self.phase {
            Phase::Running => None,
            Phase::Closing => Some(StoreError::Closed),
            Phase::Failed(error) => Some(error.clone()),
        }
    }

    /// Says whether the committer is to be woken. It needs one call, however much follows before it runs.
    pub(crate) fn calls(&mut self) -> bool {
        let calls = self.rest != Rest::Busy && !self.rests(self.rest);
        if calls {
            self.rest = Rest::Busy;
        }
        calls
    }

    /// Says whether the committer may rest so.
    pub(crate) fn rests(&self, rest: Rest) -> bool {
        let work = match rest {
            Rest::Busy => true,
            Rest::Dozing => self.open.is_awaited() || self.engine.has_unpublished_jobs(),
            Rest::Asleep => !self.open.is_empty(),
        };
        self.phase == Phase::Running && !work
    }

    fn fail(&mut self, error: StoreError) {
        if !matches!(self.phase, Phase::Failed(_)) {
            self.phase = Phase::Failed(error);
        }
    }
}

/// Writes groups until the store is closed or fails for good, then lets go of the disk.
pub(crate) fn run(shared: &Shared, disk: Disk) {
    let mut committer = Committer::new(shared, disk);
    while let Some(next) = committer.advance(shared) {
        next.wait(shared);
    }
    committer.end(shared);
}

/// What comes first, before the committer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing.
    Go,
    /// Work, or the end of the store.
    Work,
    /// Somebody who waits for what is to be written, or a while, or the end of the store.
    Doze(Duration),
    /// A while, or the end of the store.
    Pause(Duration),
}

impl Next {
    /// Waits, on a thread that has nothing else to do. What a panic left behind is met at the next look.
    fn wait(self, shared: &Shared) {
        let running = |state: &mut State| state.phase == Phase::Running;
        let asleep = |state: &mut State| state.rests(Rest::Asleep);
        let dozing = |state: &mut State| state.rests(Rest::Dozing);
        match self {
            Self::Go => {}
            Self::Work => drop(shared.work.wait_while(shared.lock(), asleep)),
            Self::Doze(span) => drop(shared.work.wait_timeout_while(shared.lock(), span, dozing)),
            Self::Pause(span) => drop(shared.work.wait_timeout_while(shared.lock(), span, running)),
        }
    }
}

/// Writes one group after the other. It never waits itself: it says what comes first, so that a thread can wait for
/// that, or a test that decides what happens when.
#[derive(Debug)]
pub(crate) struct Committer {
    disk: Disk,
    /// The weight of what lives.
    weight: u64,
    /// How many bytes of the latest group are not what lives and was written again.
    given: u64,
    doing: Doing,
    stall: Option<Stall>,
    failure: Option<Failure>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it moves as little as a box would")]
enum Doing {
    /// Looks whether the journal is to be compacted.
    Looking,
    /// Waits for work, and for more of it where nobody waits.
    Collecting { gathered: bool },
    /// Reads the oldest chunks.
    Reading,
    /// Writes a group.
    Writing(Writing),
}

/// A group on its way to disk.
#[derive(Debug)]
struct Writing {
    placed: Placed,
    gate: Arc<Gate>,
    unpublished: Unpublished,
    /// The jobs whose records may leave the memory once it is there.
    leaving: Vec<JobId>,
    /// Whether callers asked for it.
    asked: bool,
}

impl Committer {
    pub(crate) fn new(shared: &Shared, disk: Disk) -> Self {
        let weight = shared.lock().engine.weight();
        Self { disk, weight, given: 0, doing: Doing::Looking, stall: None, failure: None }
    }

    /// Goes on as far as it goes without waiting. It is at its end when it returns `None`.
    pub(crate) fn advance(&mut self, shared: &Shared) -> Option<Next> {
        let stepped = catch_unwind(AssertUnwindSafe(|| self.step(shared)));
        let panicked = |panic: Box<dyn Any + Send>| {
            Err(Failure::Lasting(format!("a write panicked: {}", panic_text(&*panic))))
        };
        stepped.unwrap_or_else(panicked).unwrap_or_else(|failure| {
            self.failure = Some(failure);
            None
        })
    }

    fn step(&mut self, shared: &Shared) -> Result<Option<Next>, Failure> {
        match mem::replace(&mut self.doing, Doing::Looking) {
            Doing::Looking if compaction::is_due(&self.disk, self.weight) => {
                shared.lock().busy = Some(now());
                self.then(Doing::Reading, Next::Go)
            }
            Doing::Looking => self.then(Doing::Collecting { gathered: false }, Next::Go),
            Doing::Collecting { gathered } => self.collect(shared, gathered),
            Doing::Reading => self.read(shared),
            Doing::Writing(writing) => self.write(shared, writing),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is what each step returns")]
    fn then(&mut self, doing: Doing, next: Next) -> Result<Option<Next>, Failure> {
        self.doing = doing;
        Ok(Some(next))
    }

    fn collect(&mut self, shared: &Shared, gathered: bool) -> Result<Option<Next>, Failure> {
        let mut state = shared.lock();
        state.busy = None;
        if !gathered && state.rests(Rest::Dozing) {
            state.rest = Rest::Dozing;
            return self.then(Doing::Collecting { gathered: true }, Next::Doze(GATHER));
        }
        if state.rests(Rest::Asleep) {
            state.rest = Rest::Asleep;
            return self.then(Doing::Collecting { gathered: false }, Next::Work);
        }
        self.begin(state, None)
    }

    fn read(&mut self, shared: &Shared) -> Result<Option<Next>, Failure> {
        let Self { disk, stall, given, .. } = self;
        match stall::attempt(stall, shared, disk, None, |disk| compaction::read(disk, shared, *given))? {
            Attempt::Done(Some(oldest)) => self.begin(shared.lock(), Some(&oldest)),
            Attempt::Done(None) => self.then(Doing::Collecting { gathered: false }, Next::Go),
            Attempt::Again(pause) => self.then(Doing::Reading, Next::Pause(pause)),
        }
    }

    /// Takes the open group; the next one collects from here on.
    fn begin(
        &mut self,
        mut state: MutexGuard<'_, State>,
        oldest: Option<&Oldest>,
    ) -> Result<Option<Next>, Failure> {
        match state.phase {
            Phase::Closing if state.open.is_empty() => return Ok(None),
            Phase::Failed(_) => return Ok(None),
            Phase::Running | Phase::Closing => {}
        }
        let State { engine, open, .. } = &mut *state;
        let asked = !open.is_empty();
        self.given = open.size();
        if let Some(oldest) = oldest {
            self.given += compaction::rescue(oldest, &self.disk, engine, open);
        }
        let (unpublished, leaving) = (engine.take_unpublished(), engine.take_leaving());
        let mut group = open.take();
        let gate = Arc::clone(&group.gate);
        state.flight = Some(Arc::clone(&gate));
        state.busy.get_or_insert_with(now);
        state.rest = Rest::Busy;
        drop(state);

        if sabotage::is(Bug::AckBeforeDurable) {
            gate.open(Ok(()));
        }
        let placed = self.disk.place(&mut group, oldest)?;
        self.then(Doing::Writing(Writing { placed, gate, unpublished, leaving, asked }), Next::Go)
    }

    fn write(&mut self, shared: &Shared, mut writing: Writing) -> Result<Option<Next>, Failure> {
        let (Self { disk, stall, .. }, placed) = (&mut *self, &mut writing.placed);
        let next = placed.span;
        match stall::attempt(stall, shared, disk, Some(next), |disk| disk.write(placed))? {
            Attempt::Done(()) => {}
            Attempt::Again(pause) => return self.then(Doing::Writing(writing), Next::Pause(pause)),
        }
        let Writing { gate, unpublished, leaving, asked, .. } = writing;
        if asked {
            self.disk.asked = self.disk.span.next;
        }

        let mut state = shared.lock();
        let changes = state.engine.publish(unpublished);
        let evicted = state.engine.evict(leaving, self.disk.span.next);
        self.weight = state.engine.weight();
        (state.flight, state.busy) = (None, None);
        drop(state);
        shared.counters.lives(self.weight);
        shared.watchers.notify(&changes);
        gate.open(Ok(()));
        drop(evicted);
        self.then(Doing::Looking, Next::Go)
    }

    /// Lets go of the disk, and tells everybody how it ended.
    pub(crate) fn end(self, shared: &Shared) {
        let mut state = shared.lock();
        if let Some(failure) = self.failure {
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
        let disk = self.disk;
        if catch_unwind(AssertUnwindSafe(|| disk.close())).is_err() {
            tracing::error!(store = %shared.location, "sled panicked while it was closed");
        }
        gates.into_iter().flatten().for_each(|gate| gate.open(outcome.clone()));
        shared.closed.open(outcome);
    }
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

#[expect(
    clippy::disallowed_methods,
    reason = "how long the disk takes is no matter of the clock of the jobs"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
