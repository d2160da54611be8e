//! Time and chance of a test.
#![expect(clippy::disallowed_methods, reason = "it is the clock that others go through")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::clock::{Chance, Clock, Sleep};
use tokio::sync::Notify;
use tokio::time::{Instant, advance, sleep};

/// 2026-01-01T00:00:00Z, a Thursday.
const BEGIN: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A clock that runs on tokio's, which stands still in a test unless it is moved; so whatever a handler waits for with
/// tokio goes by the same time.
#[derive(Debug)]
pub(crate) struct TestClock {
    started: Instant,
    /// What the wall clock shows at the start; it changes when the clock is set.
    wall: Mutex<Timestamp>,
    set: Notify,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), wall: Mutex::new(BEGIN), set: Notify::new() }
    }

    fn wall(&self) -> MutexGuard<'_, Timestamp> {
        self.wall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the wall clock, as an administrator does; no time passes.
    pub(crate) fn set(&self, now: Timestamp) {
        *self.wall() = now.minus(self.started.elapsed());
        self.set.notify_waiters();
    }

    /// Lets time pass until an instant, to the millisecond above: finer is no timer of tokio.
    pub(crate) async fn advance_to(&self, at: Timestamp) {
        let span = at.since(self.now());
        let over = (self.monotonic() + span).subsec_nanos() % 1_000_000;
        let rest = Duration::from_nanos(u64::from((1_000_000 - over) % 1_000_000));
        advance(span + rest).await;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.wall().plus(self.started.elapsed())
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            loop {
                let set = self.set.notified();
                let wait = at.since(self.now());
                if wait.is_zero() {
                    return;
                }
                tokio::select! {
                    biased;
                    () = set => {}
                    () = sleep(wait) => {}
                }
            }
        })
    }

    fn sleep(&self, span: Duration) -> Sleep<'_> {
        Box::pin(sleep(span))
    }
}

/// Chance that is the same each time.
#[derive(Debug)]
pub(crate) struct SeededChance(Mutex<fastrand::Rng>);

impl SeededChance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }
}

impl Chance for SeededChance {
    fn next_u64(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }
}
