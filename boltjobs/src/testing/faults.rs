//! What shall go wrong in a test: a call of the store that fails, a process that dies.

use std::collections::BTreeMap;
use std::fmt;

/// Something that a server asks of its store so that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StoreCall {
    /// Jobs and batches are enqueued.
    Enqueue,
    /// A batch is cancelled.
    CancelBatch,
    /// A client deletes, requeues, reschedules or changes jobs.
    Command,
    /// A server takes jobs to run.
    Claim,
    /// Outcomes are stored.
    Settle,
    /// Leases are kept alive.
    Heartbeat,
    /// What running jobs note is stored: steps, progress, logs.
    Note,
    /// What is due becomes ready.
    Due,
    /// Recurring definitions make their jobs.
    Fire,
    /// Jobs are taken back from servers that are gone.
    Reap,
    /// Ended jobs whose retention is over are removed.
    Expire,
    /// Recurring definitions are added, changed, paused, triggered or removed.
    Recurring,
    /// A server says that it is there.
    Announce,
    /// A queue is paused, or goes on.
    Pause,
}

impl StoreCall {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Enqueue,
        Self::CancelBatch,
        Self::Command,
        Self::Claim,
        Self::Settle,
        Self::Heartbeat,
        Self::Note,
        Self::Due,
        Self::Fire,
        Self::Reap,
        Self::Expire,
        Self::Recurring,
        Self::Announce,
        Self::Pause,
    ];

    /// Says whether jobs may wait until the server has made it again, as it does by itself when it fails.
    pub(super) fn is_repeated(self) -> bool {
        match self {
            Self::Claim | Self::Settle | Self::Due | Self::Fire | Self::Expire => true,
            Self::Enqueue
            | Self::CancelBatch
            | Self::Command
            | Self::Heartbeat
            | Self::Note
            | Self::Reap
            | Self::Recurring
            | Self::Announce
            | Self::Pause => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::CancelBatch => "cancel batch",
            Self::Command => "command",
            Self::Claim => "claim",
            Self::Settle => "settle",
            Self::Heartbeat => "heartbeat",
            Self::Note => "note",
            Self::Due => "due",
            Self::Fire => "fire",
            Self::Reap => "reap",
            Self::Expire => "expire",
            Self::Recurring => "recurring",
            Self::Announce => "announce",
            Self::Pause => "pause",
        }
    }
}

impl fmt::Display for StoreCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A moment at which a process can die. In the middle of a handler it dies by
/// [`TestJobs::crash`](super::TestJobs::crash).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrashPoint {
    /// The call was about to be made: nothing of it is stored.
    Before(StoreCall),
    /// The store has done it, and nobody has learned of it.
    After(StoreCall),
}

impl CrashPoint {
    /// Returns all of them.
    pub fn all() -> impl Iterator<Item = Self> {
        StoreCall::ALL.into_iter().flat_map(|call| [Self::Before(call), Self::After(call)])
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(call) => write!(f, "before {call}"),
            Self::After(call) => write!(f, "after {call}"),
        }
    }
}

/// What happens at one call of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fate {
    #[default]
    Pass,
    /// It fails, and nothing is stored.
    Fail,
    /// It is stored, and fails all the same.
    FailAfter,
    CrashBefore,
    CrashAfter,
}

/// What was asked for, each with the number of the call that it happens at, from 1.
#[derive(Debug, Default)]
pub(super) struct Plan(BTreeMap<StoreCall, Vec<(u64, Fate)>>);

impl Plan {
    pub(super) fn fail(&mut self, call: StoreCall, nth: u64) {
        self.add(call, nth, Fate::Fail);
    }

    pub(super) fn crash(&mut self, point: CrashPoint, nth: u64) {
        match point {
            CrashPoint::Before(call) => self.add(call, nth, Fate::CrashBefore),
            CrashPoint::After(call) => self.add(call, nth, Fate::CrashAfter),
        }
    }

    fn add(&mut self, call: StoreCall, nth: u64, fate: Fate) {
        assert!(nth > 0, "calls are counted from 1; use 1 for the next one");
        self.0.entry(call).or_default().push((nth, fate));
    }

    /// Decides about a call that is made now.
    pub(super) fn next(&mut self, call: StoreCall) -> Fate {
        let Some(planned) = self.0.get_mut(&call) else { return Fate::Pass };
        let mut fate = Fate::Pass;
        planned.retain_mut(|(left, planned)| {
            *left -= 1;
            if *left == 0 && fate == Fate::Pass {
                fate = *planned;
            }
            *left > 0
        });
        fate
    }

    /// Returns what was asked for and has not happened.
    pub(super) fn pending(&self) -> Vec<String> {
        let pending = self.0.iter().flat_map(|(call, planned)| {
            planned.iter().map(move |(left, fate)| {
                let what = match fate {
                    Fate::CrashBefore => format!("a crash before {call}"),
                    Fate::CrashAfter => format!("a crash after {call}"),
                    Fate::Pass | Fate::Fail | Fate::FailAfter => format!("a failure of {call}"),
                };
                if *left == 1 {
                    format!("{what}, at the next call")
                } else {
                    format!("{what}, at call {left} from now")
                }
            })
        });
        pending.collect()
    }
}
