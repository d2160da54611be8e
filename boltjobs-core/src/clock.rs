//! Time and chance, passed down from `start()`; nothing else asks the system.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use crate::Timestamp;

/// The one source of time.
pub trait Clock: Send + Sync + Debug + 'static {
    /// Returns the instant that it is now.
    fn now(&self) -> Timestamp;

    /// Returns when it is `at` or later by [`Clock::now`], never before.
    ///
    /// It must notice when the wall clock is set, within a second or so.
    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The one source of randomness.
pub trait Chance: Send + Sync + Debug + 'static {
    /// Returns a uniformly random number.
    fn next_u64(&self) -> u64;
}
