//! Keys that only one job may have at a time.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::JobState;
use crate::text::shown;

/// The most bytes of a key.
pub const KEY_BYTES: usize = 512;

/// A key that at most one job of a request may hold.
///
/// A job holds its key while it has not ended, or is in one of the [states](Self::states) that are named, and for as
/// long after it was enqueued as [`within`](Self::within) says. What the job that comes says decides about those that
/// are there; their own words count when they are requeued. Keys are compared among the jobs of one request, by the name
/// that is stored with them: those from before it was renamed are not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// The key: 1 to 512 bytes.
    pub key: Arc<str>,
    /// The states in which another job holds the key; those that are not final, when there is no list.
    pub states: Option<Vec<JobState>>,
    /// For how long a job holds the key after it was enqueued, whatever its state.
    pub within: Option<Duration>,
    /// What to do with a job whose key is held.
    pub on_conflict: OnConflict,
}

/// What becomes of a job whose unique key another one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnConflict {
    /// It is not enqueued; the one that holds the key stands for it. The default.
    #[default]
    Reject,
    /// The one that holds the key takes its payload and its schedule, unless it runs or has ended.
    Replace,
    /// The one that holds the key takes its schedule, unless it runs or has ended.
    Reschedule,
}

impl Unique {
    /// Begins with a key that is held while its job has not ended.
    pub fn key(key: impl Into<Arc<str>>) -> Self {
        Self { key: key.into(), states: None, within: None, on_conflict: OnConflict::default() }
    }

    /// Lets a job hold the key for this long after it was enqueued, whatever becomes of it, besides the states.
    #[must_use]
    pub fn within(mut self, span: Duration) -> Self {
        self.within = Some(span);
        self
    }

    /// Sets the states in which a job holds the key, instead of those that are not final; none leaves
    /// [`within`](Self::within()) alone.
    #[must_use]
    pub fn states(mut self, states: impl IntoIterator<Item = JobState>) -> Self {
        self.states = Some(states.into_iter().collect());
        self
    }

    /// Sets what becomes of a job whose key is held. Default [`OnConflict::Reject`].
    #[must_use]
    pub fn on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.on_conflict = on_conflict;
        self
    }

    /// Checks that it can be kept and can be held at all.
    ///
    /// # Errors
    /// What is wrong, and how to mend it.
    pub fn validate(&self) -> Result<(), UniqueError> {
        if self.key.is_empty() {
            return Err(UniqueError::Empty);
        }
        if self.key.len() > KEY_BYTES {
            return Err(UniqueError::Long(self.key.len()));
        }
        if self.within == Some(Duration::ZERO) {
            return Err(UniqueError::NoTime(Arc::clone(&self.key)));
        }
        if self.within.is_none() && self.states.as_ref().is_some_and(Vec::is_empty) {
            return Err(UniqueError::NeverHeld(Arc::clone(&self.key)));
        }
        Ok(())
    }

    /// Says whether a job in this state holds the key, however long ago it was enqueued.
    pub fn is_held_in(&self, state: JobState) -> bool {
        self.states.as_ref().map_or(!state.is_final(), |states| states.contains(&state))
    }
}

impl<K: Into<Arc<str>>> From<K> for Unique {
    fn from(key: K) -> Self {
        Self::key(key)
    }
}

/// A unique key that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UniqueError {
    /// It has no characters.
    #[error("a unique key can't be empty; make it of what tells jobs apart, as in `invoice:17`")]
    Empty,
    /// It is too long.
    #[error("a unique key of {0} bytes is too long; use at most 512, or a hash of it")]
    Long(usize),
    /// The time for which it is held is zero.
    #[error("the unique key `{}` is held within no time; give `within` a span, or leave it out", shown(.0))]
    NoTime(Arc<str>),
    /// There is neither a state nor a time in which it is held.
    #[error("the unique key `{}` is never held; name a state in `states`, or a span in `within`", shown(.0))]
    NeverHeld(Arc<str>),
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_cannot_be_kept_or_held_is_refused() {
        let second = Duration::from_secs(1);
        let fault = |unique: Unique| unique.validate().unwrap_err().to_string();
        assert!(fault("".into()).contains("empty"));
        assert!(fault("x".repeat(513).into()).contains("513 bytes"));
        assert!(fault(Unique::key("a").within(Duration::ZERO)).contains("`a` is held within no time"));
        assert!(fault(Unique::key("a").states([])).contains("`a` is never held"));
        for legal in [Unique::key("x".repeat(512)), Unique::key("a").states([]).within(second)] {
            assert_eq!(legal.validate(), Ok(()));
        }
    }

    #[test]
    fn a_key_is_held_until_the_end_or_in_the_states_that_are_named() {
        let key = Unique::key("a");
        for state in JobState::ALL {
            assert_eq!(key.is_held_in(state), !state.is_final());
            let named = key.clone().states([JobState::Failed]);
            assert_eq!(named.is_held_in(state), state == JobState::Failed);
        }
    }
}
