//! A clock that moves when it is told.

use std::time::Duration;

use boltjobs::Timestamp;
use boltjobs_core::clock::{Clock, Sleep};
use tokio::sync::watch;

/// A clock that stands still until it is moved. It begins at 2026-01-01T00:00:00Z.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Time>);

#[derive(Debug, Clone, Copy)]
struct Time {
    wall: Timestamp,
    monotonic: Duration,
}

impl Default for ManualClock {
    fn default() -> Self {
        let wall = Timestamp::from_micros(1_767_225_600_000_000);
        Self(watch::Sender::new(Time { wall, monotonic: Duration::ZERO }))
    }
}

impl ManualClock {
    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        self.0.send_modify(|time| {
            time.wall = time.wall.plus(span);
            time.monotonic += span;
        });
    }

    /// Sets the wall clock forward, as an administrator does; no time passes.
    pub fn set_forward(&self, span: Duration) {
        self.0.send_modify(|time| time.wall = time.wall.plus(span));
    }

    /// Sets the wall clock back, as an administrator does; no time passes.
    pub fn set_back(&self, span: Duration) {
        self.0.send_modify(|time| time.wall = time.wall.minus(span));
    }

    async fn until(&self, come: impl Fn(&Time) -> bool) {
        // The sender lives as long as the clock that is borrowed here.
        let _ = self.0.subscribe().wait_for(|time| come(time)).await;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.borrow().wall
    }

    fn monotonic(&self) -> Duration {
        self.0.borrow().monotonic
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(self.until(move |time| time.wall >= at))
    }

    fn sleep(&self, span: Duration) -> Sleep<'_> {
        let end = self.monotonic() + span;
        Box::pin(self.until(move |time| time.monotonic >= end))
    }
}
