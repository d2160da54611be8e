//! The end of an attempt, and the life of a lease.

use std::sync::Arc;
use std::time::Duration;

use crate::job::{ErrorInfo, Lease};
use crate::notes::Note;
use crate::{JobId, JobState};

/// The end of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The right by which it is reported.
    pub lease: Lease,
    /// How long the handler ran.
    pub ran: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The handler returned this, as JSON; nothing is kept for `()`.
    Succeeded(Option<Arc<[u8]>>),
    /// The handler has done its work, but what it returned is not kept, for this reason.
    SucceededWithout(Arc<str>),
    /// It failed, and there is another attempt.
    Retry {
        /// What went wrong.
        error: Box<ErrorInfo>,
        /// The delay before the next attempt.
        delay: Duration,
        /// The number of the retry, from 1.
        retry: u32,
        /// How many there may be.
        retries: u32,
    },
    /// It failed for good.
    Failed {
        /// What went wrong.
        error: Box<ErrorInfo>,
        /// Why there is no other attempt.
        reason: Option<Arc<str>>,
        /// Whether the job ends in Deleted instead of Failed.
        delete: bool,
    },
    /// It stopped because it was asked to. It failed, if nobody had.
    Cancelled {
        /// What it ended with.
        error: Option<Box<ErrorInfo>>,
    },
    /// It was stopped for good, for this reason, and that is no failure.
    Deleted(Arc<str>),
    /// It is not ready: again later, and the attempt does not count.
    Snoozed(Duration),
    /// It was interrupted: again at once, and the attempt does not count.
    Released(Arc<str>),
}

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The job is in this state now.
    Now(JobState),
    /// The job has been claimed again, or is gone; nothing was changed.
    LeaseLost,
}

/// A note of a running job.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The right by which it is written.
    pub lease: Lease,
    /// What the job notes.
    pub note: Note,
}

/// What a server learns of its jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The leases that it no longer has.
    pub lost: Vec<Lease>,
    /// The jobs that shall stop.
    pub cancelled: Vec<JobId>,
}
