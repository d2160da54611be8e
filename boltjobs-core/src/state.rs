//! The states of a job, and the one table of legal transitions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::sabotage;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum JobState {
    /// Waits for a parent.
    Awaiting,
    /// Waits for a time; retries do, too.
    Scheduled,
    /// Waits for a worker.
    Enqueued,
    /// Runs.
    Processing,
    /// Ended well.
    Succeeded,
    /// Ended in an error, with no attempt left.
    Failed,
    /// Was deleted or cancelled.
    Deleted,
}

use JobState::{Awaiting, Deleted, Enqueued, Failed, Processing, Scheduled, Succeeded};

/// Who asks for a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Code or a person, through the client.
    Client,
    /// The end of a parent or of a batch.
    Parent,
    /// The passing of time: a job is due, or has expired.
    Time,
    /// A server that takes a job.
    Claim,
    /// The server that runs the job.
    Settle,
    /// Whoever finds a job whose server is gone.
    Reaper,
}

/// Every legal transition, and who may make it.
const TABLE: &[(JobState, &[JobState], &[Actor])] = &[
    (Awaiting, &[Enqueued, Scheduled, Deleted], &[Actor::Parent, Actor::Client]),
    (Awaiting, &[Deleted], &[Actor::Time]),
    (Scheduled, &[Enqueued, Deleted], &[Actor::Time, Actor::Client]),
    (Scheduled, &[Scheduled], &[Actor::Client]),
    (Enqueued, &[Processing], &[Actor::Claim]),
    (Enqueued, &[Deleted, Scheduled], &[Actor::Client]),
    (Enqueued, &[Deleted], &[Actor::Time]),
    (Processing, &[Succeeded, Failed, Scheduled, Enqueued, Deleted], &[Actor::Settle]),
    (Processing, &[Enqueued, Failed, Deleted], &[Actor::Reaper]),
    (Succeeded, &[Enqueued, Scheduled], &[Actor::Client]),
    (Failed, &[Enqueued, Scheduled, Deleted], &[Actor::Client]),
    (Deleted, &[Enqueued, Scheduled], &[Actor::Client]),
];

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 7] = [Awaiting, Scheduled, Enqueued, Processing, Succeeded, Failed, Deleted];

    /// Says whether a job in this state has ended.
    pub const fn is_final(self) -> bool {
        match self {
            Succeeded | Failed | Deleted => true,
            Awaiting | Scheduled | Enqueued | Processing => false,
        }
    }

    /// Says whether `actor` may move a job from this state to `to`.
    pub fn allows(self, to: Self, actor: Actor) -> bool {
        let row = |(from, tos, actors): &(_, &[_], &[_])| {
            *from == self && tos.contains(&to) && actors.contains(&actor)
        };
        TABLE.iter().any(row) || sabotage::lets(self, to, actor)
    }

    /// Returns the name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Awaiting => "Awaiting",
            Scheduled => "Scheduled",
            Enqueued => "Enqueued",
            Processing => "Processing",
            Succeeded => "Succeeded",
            Failed => "Failed",
            Deleted => "Deleted",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown state `{0}`; use Awaiting, Scheduled, Enqueued, Processing, Succeeded, Failed or Deleted")]
pub struct JobStateError(String);

impl FromStr for JobState {
    type Err = JobStateError;

    fn from_str(text: &str) -> Result<Self, JobStateError> {
        let found = Self::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| JobStateError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_claim_makes_a_job_run_and_only_from_enqueued() {
        for from in JobState::ALL {
            for actor in [Actor::Client, Actor::Parent, Actor::Time, Actor::Settle, Actor::Reaper] {
                assert!(!from.allows(Processing, actor), "{from} {actor:?}");
            }
            assert_eq!(from.allows(Processing, Actor::Claim), from == Enqueued);
        }
    }

    #[test]
    fn a_final_state_is_left_by_the_client_alone() {
        for from in JobState::ALL.into_iter().filter(|state| state.is_final()) {
            for to in JobState::ALL {
                for actor in [Actor::Parent, Actor::Time, Actor::Claim, Actor::Settle, Actor::Reaper] {
                    assert!(!from.allows(to, actor), "{from} to {to} by {actor:?}");
                }
            }
        }
        assert!(!Succeeded.allows(Deleted, Actor::Client));
    }

    #[test]
    fn states_are_read_back_from_their_names() {
        for state in JobState::ALL {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        assert!("Done".parse::<JobState>().is_err());
    }
}
