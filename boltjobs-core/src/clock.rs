//! Time and chance, passed down from `start()`; nothing else asks the system.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::Timestamp;

/// A wait on a clock.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The one source of time.
pub trait Clock: Send + Sync + Debug + 'static {
    /// Returns the instant that it is now.
    fn now(&self) -> Timestamp;

    /// Returns the time since some fixed instant; unlike [`Clock::now`] it is never set, and only grows.
    fn monotonic(&self) -> Duration;

    /// Returns when it is `at` or later by [`Clock::now`], never before; it notices within some seconds when the
    /// wall clock is set.
    fn sleep_until(&self, at: Timestamp) -> Sleep<'_>;

    /// Returns after `span`, however the wall clock is set meanwhile.
    fn sleep(&self, span: Duration) -> Sleep<'_>;
}

/// The one source of randomness.
pub trait Chance: Send + Sync + Debug + 'static {
    /// Returns a uniformly random number.
    fn next_u64(&self) -> u64;
}
