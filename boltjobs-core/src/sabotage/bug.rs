//! The bugs.

use std::fmt;
use std::str::FromStr;

/// Where a bug lies, and so who can catch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What is decided: laws and models of any store.
    Engine,
    /// How the embedded store writes it.
    Disk,
    /// How a server claims, runs and settles.
    Runtime,
}

macro_rules! bugs {
    ($($place:ident { $($(#[doc = $doc:literal])+ $bug:ident = $name:literal breaks $promise:literal;)* })*) => {
        /// A bug: what goes wrong, where it was seen, and the row of `docs/guarantees.md` that it breaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Bug {
            $($($(#[doc = $doc])+ $bug,)*)*
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$($(Self::$bug,)*)*];

            /// Returns the name that switches it on.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$bug => $name,)*)*
                }
            }

            /// Returns the row of the promise that it breaks.
            pub const fn promise(self) -> &'static str {
                match self {
                    $($(Self::$bug => $promise,)*)*
                }
            }

            /// Returns where it lies.
            pub const fn place(self) -> Place {
                match self {
                    $($(Self::$bug => Place::$place,)*)*
                }
            }
        }
    };
}

bugs! {
    Engine {
        /// A job that is reclaimed counts its epochs anew, so that a lease of the dead worker fits again; where a lock is a
        /// key that expires.
        EpochResetOnReclaim = "epoch-reset-on-reclaim" breaks "D4";
        /// An outcome is taken for the id of the job, whichever claim it is of; where an ack names the message alone.
        AckByIdOnly = "ack-by-id-only" breaks "D4";
        /// A heartbeat keeps the lease of somebody else alive; where a lock is extended by its key.
        HeartbeatByIdOnly = "heartbeat-by-id-only" breaks "D4";
        /// A stale worker writes progress, lines and steps of a job that another one runs; where notes are plain keys.
        NoteByIdOnly = "note-by-id-only" breaks "D4";
        /// Claims are not written, nor how often the store was opened, so that fences repeat after a restart; where
        /// claims live in memory.
        EpochsNotWritten = "epochs-not-written" breaks "D4";
        /// A job can be requeued while it runs, and runs twice at a time; where a retry button only pushes the id again.
        RequeueOfRunning = "requeue-of-running" breaks "S3";
        /// What looks for orphans finds jobs that have succeeded, and they run again; where an ack and the list of what
        /// runs are two writes.
        FinalRunsAgain = "final-runs-again" breaks "D1";
        /// A heartbeat keeps nothing alive: what takes longer than its lease runs twice; queues with a visibility timeout.
        HeartbeatKeepsNothing = "heartbeat-keeps-nothing" breaks "W3";
        /// A job may be claimed before it is on disk, and runs although its enqueue never happened; where a push goes
        /// out before the commit.
        ClaimBeforeDurable = "claim-before-durable" breaks "D2";
        /// A result is not there after a restart; where results live in a cache.
        ResultNotWritten = "result-not-written" breaks "N3";
        /// That a running job shall stop is forgotten by a restart; where revocations live in memory.
        CancellationNotWritten = "cancellation-not-written" breaks "W2";
        /// A paused queue goes on after a restart; where a pause is a flag of the process.
        PauseNotWritten = "pause-not-written" breaks "Q2";
        /// A rate begins anew after a restart; where rates are counted in the worker.
        RatesNotWritten = "rates-not-written" breaks "U2";
        /// How often a job was there in a crash is forgotten by the next crash, so that it takes the server down for
        /// ever; where deliveries are counted in memory.
        CrashesNotWritten = "crashes-not-written" breaks "D6";
        /// That one of several parents has ended is forgotten by a restart, and the child waits for ever; where a
        /// chord counts in memory.
        ParentEndNotWritten = "parent-end-not-written" breaks "N3";
        /// The advance of a schedule is another write than its job, and a job has an id of its own each time: a crash
        /// between the two fires an instant twice; most schedulers on top of a queue.
        FireWithoutAdvance = "fire-without-advance" breaks "C4";
        /// A snooze uses up an attempt; where a snooze is an error in disguise.
        SnoozeBurnsAttempt = "snooze-burns-attempt" breaks "R3";
        /// What a shutdown puts back has lost an attempt; where attempts are counted at the claim.
        ReleaseBurnsAttempt = "release-burns-attempt" breaks "D7";
        /// What a crash puts back has lost an attempt; as above.
        CrashBurnsAttempt = "crash-burns-attempt" breaks "D6";
        /// Crashes are not counted, and no job is ever quarantined; where a poisonous job is redelivered for ever.
        CrashNotCounted = "crash-not-counted" breaks "D6";
        /// Crashes add up over successes, and a job that is requeued is quarantined for old ones; where deliveries are
        /// counted and never reset.
        CrashesNeverForgotten = "crashes-never-forgotten" breaks "D6";
        /// A retry goes to the default queue; where a retry is enqueued by name alone.
        RetryLosesQueue = "retry-loses-queue" breaks "R6";
        /// A retry has lost its priority; where the set of retries keeps the payload alone.
        RetryLosesPriority = "retry-loses-priority" breaks "R6";
        /// A retry has lost its tags; as above.
        RetryLosesTags = "retry-loses-tags" breaks "R6";
        /// A job that waits for its retry does not hold its key any more; where a key is freed by whatever end.
        RetryLosesKey = "retry-loses-key" breaks "U1";
        /// A retry does again the steps that were done; where steps hang on the attempt.
        RetryLosesSteps = "retry-loses-steps" breaks "W4";
        /// A failure that is retried counts as failed; where statistics are kept by the middleware.
        RetryCountsAsFailed = "retry-counts-as-failed" breaks "R4";
        /// A batch counts a job again for each of its retries; where progress is counted by callbacks.
        RetryCountsInBatch = "retry-counts-in-batch" breaks "N4";
        /// The deletion of a scheduled job leaves it in the counters; where counters are kept beside the jobs.
        DeleteDriftsCounters = "delete-drifts-counters" breaks "S2";
        /// A job that was told to stop, and fails, is tried again; where a cancellation is a signal and no state.
        RetryIgnoresCancel = "retry-ignores-cancel" breaks "W2";
        /// A continuation starts when its parent does; where the chain is enqueued by the client.
        ContinuationBeforeParent = "continuation-before-parent" breaks "N1";
        /// What waited for a job that is deleted waits for ever; where only the worker follows ends.
        ContinuationLostOnDelete = "continuation-lost-on-delete" breaks "N1";
        /// What waited for a job that failed for good waits for ever; as above.
        ContinuationLostOnFailure = "continuation-lost-on-failure" breaks "N1";
        /// A job with several parents starts after the first of them; where each parent pushes its children.
        ContinuationForgetsOthers = "continuation-forgets-others" breaks "N3";
        /// A parent, and its result, is removed although a child still waits to read it; where results expire by age.
        ParentRemovedEarly = "parent-removed-early" breaks "N3";
        /// A batch ends with one job to go; where the count of what is left races with what is added.
        BatchEndsEarly = "batch-ends-early" breaks "N4";
        /// A key is held after the end of its job; where a lock is freed by the worker, and that died.
        KeyNeverReleased = "key-never-released" breaks "U1";
        /// A key is free as soon as its job starts; where a lock means "waits in the queue".
        KeyReleasedAtClaim = "key-released-at-claim" breaks "U1";
        /// A claim of several slots reads the limits once, and takes more than they allow; check, then act.
        LimitReadOnce = "limit-read-once" breaks "U2";
        /// A job whose server died keeps its place in the limit of its key; where a semaphore is freed by the worker.
        SlotLeaksOnReclaim = "slot-leaks-on-reclaim" breaks "U2";
        /// A rate lets one start more than it says; `<=` for `<`.
        RateOneTooMany = "rate-one-too-many" breaks "U2";
        /// Of the jobs of one key the latest goes first; where what is held back is put back in front.
        KeyIsLifo = "key-is-lifo" breaks "U2";
        /// The end of a job does not free the next one of its key; a wake-up that is lost inside.
        KeyStaysParked = "key-stays-parked" breaks "U2";
        /// A job whose time to start is over is claimed all the same; where expiry is looked at by a sweeper.
        ExpiredStillClaimed = "expired-still-claimed" breaks "U3";
        /// A job that becomes ready again wakes no worker: due, retried or put back; where only a push notifies.
        WakeUpLostWhenReadyAgain = "wake-up-lost-when-ready-again" breaks "T1";
        /// An end that makes room in a limit wakes no worker; where what is held back is polled.
        WakeUpLostOnLimit = "wake-up-lost-on-limit" breaks "U2";
        /// An earlier time does not wake who sleeps until a later one; a timer that is set once.
        WakeUpLostOnSooner = "wake-up-lost-on-sooner" breaks "T1";
        /// A job starts up to a millisecond before its time; where clocks are compared in ticks.
        DueOneTickEarly = "due-one-tick-early" breaks "T1";
        /// A job starts at the beginning of the second that it is due in; where times are whole seconds.
        DueInWholeSeconds = "due-in-whole-seconds" breaks "T1";
        /// A fixed time that clocks show twice fires twice; schedulers that compare the local time.
        DoubleFireInOverlap = "double-fire-in-overlap" breaks "C2";
        /// A fixed time that clocks skip does not fire on that day; as above.
        LostInGap = "lost-in-gap" breaks "C2";
        /// After an outage everything that was missed fires; where a schedule is worked off.
        MisfireFiresAll = "misfire-fires-all" breaks "C3";
        /// An interval counts from when it was fired, and drifts; sleep, then run.
        IntervalDrifts = "interval-drifts" breaks "C1";
    }
    Disk {
        /// An enqueue is acknowledged before it is on disk; where a sync is left to the system.
        AckBeforeDurable = "ack-before-durable" breaks "D2";
    }
    Runtime {
        /// An outcome is dropped when the store fails while it is written; where an ack is tried once.
        OutcomeDroppedOnFailure = "outcome-dropped-on-failure" breaks "D8";
        /// What a job noted at last is dropped when the store fails once, and its outcome is written without; as above.
        NotesDroppedOnFailure = "notes-dropped-on-failure" breaks "D8";
        /// A handler that the shutdown stopped has failed; where a signal is an error like others.
        ShutdownCountsAsFailure = "shutdown-counts-as-failure" breaks "D7";
        /// The last retry is never made; where retries are taken for attempts.
        OneRetryTooFew = "one-retry-too-few" breaks "R1";
        /// A handler whose lease was lost is not told; where nobody asks who holds a lock.
        LostLeaseUntold = "lost-lease-untold" breaks "D4";
        /// A handler that is a plain fn gets no heartbeats; where the beat comes from the loop that it blocks.
        HeartbeatSkipsBlocking = "heartbeat-skips-blocking" breaks "W3";
        /// What becomes ready while a claim is on its way wakes nobody; watch after the look.
        WatchAfterLook = "watch-after-look" breaks "T1";
        /// The timer is not woken for what is due earlier than what it waits for; a timer that is set once.
        TimerHearsNothing = "timer-hears-nothing" breaks "T1";
        /// A cancellation that comes while the job is on its way from the store is lost; where it is looked up once.
        CancelMissesClaim = "cancel-misses-claim" breaks "W2";
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no bug has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown bug `{name}`; use {}", names())]
pub struct UnknownBug {
    name: String,
}

fn names() -> String {
    Bug::ALL.iter().map(|bug| format!("`{bug}`")).collect::<Vec<_>>().join(", ")
}

impl FromStr for Bug {
    type Err = UnknownBug;

    fn from_str(name: &str) -> Result<Self, UnknownBug> {
        let found = Self::ALL.iter().copied().find(|bug| bug.name() == name);
        found.ok_or_else(|| UnknownBug { name: name.to_owned() })
    }
}
