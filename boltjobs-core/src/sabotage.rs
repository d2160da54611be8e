//! Bugs that other queues had, put back one at a time, to see that something catches each of them.
//!
//! A test that cannot fail proves nothing, and neither does a suite of which nobody has seen that it fails. With the
//! feature `sabotage`, which is for tests alone, a process whose environment names a [`Bug`] in `BOLTJOBS_SABOTAGE` has
//! that bug; so a test runs its own program once more with the variable set. Without the feature [`is`] is `false` at
//! compile time, and nothing of all this is left.
//!
//! A bug is one line where the code goes wrong, and `harm.rs` holds what would take more than that.

mod bug;
mod harm;
#[cfg(test)]
#[cfg(feature = "sabotage")]
mod tests;

pub use bug::{Bug, Place};
pub(crate) use harm::{lets, retried, written};

/// The variable that names the bug.
pub const VARIABLE: &str = "BOLTJOBS_SABOTAGE";

/// Says whether this process has a bug.
///
/// # Panics
/// When the variable names no bug.
#[cfg(feature = "sabotage")]
pub fn is(bug: Bug) -> bool {
    named() == Some(bug)
}

/// Says whether this process has a bug: it has none.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub const fn is(_: Bug) -> bool {
    false
}

/// Returns the bug of this process. The variable is read once: a bug can't come and go.
///
/// # Panics
/// When the variable names no bug.
#[cfg(feature = "sabotage")]
pub fn named() -> Option<Bug> {
    use std::sync::OnceLock;

    static NAMED: OnceLock<Option<Bug>> = OnceLock::new();
    *NAMED.get_or_init(|| {
        let name = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty())?;
        Some(name.parse().unwrap_or_else(|error| panic!("{VARIABLE}: {error}")))
    })
}

/// Returns the bug of this process: none.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub const fn named() -> Option<Bug> {
    None
}
