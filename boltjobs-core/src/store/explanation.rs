//! Why a job stands where it stands.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use crate::continuation::Parent;
use crate::rate::Rate;
use crate::{JobId, JobState, Timestamp};

/// Why a job stands where it stands, at the moment at which it was asked. Its `Display` is a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The job.
    pub job: JobId,
    /// The name of its request; empty when the job is unknown.
    pub request: Arc<str>,
    /// Its queue; empty when the job is unknown.
    pub queue: Arc<str>,
    /// The reason.
    pub reason: Reason,
}

impl Explanation {
    /// Returns the reason, to be matched.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
}

/// What keeps a job where it is. Where several things do, the first of them in this order is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no such job, or no more.
    Unknown,
    /// It waits for parents.
    Awaiting {
        /// Those that have not ended yet.
        parents: Vec<Parent>,
    },
    /// It waits for a time.
    Scheduled {
        /// The time.
        until: Timestamp,
        /// Why, as in `Retry attempt 1 of 10: no route`; nothing when it was asked for.
        why: Option<Arc<str>>,
    },
    /// It had to start by a time that has passed, and is about to be deleted.
    Expired {
        /// The time.
        at: Timestamp,
    },
    /// Its queue is paused.
    QueuePaused {
        /// Since when.
        since: Timestamp,
    },
    /// No server is there.
    NoServer,
    /// No server that is there works its queue.
    QueueNotWorked,
    /// No server that works its queue handles its request.
    NotHandled,
    /// Those that handle its request read older versions of the payload only.
    NewerVersion {
        /// The version of its payload.
        version: u32,
        /// The newest one that is read.
        newest: u32,
    },
    /// As many jobs of its queue run as may.
    QueueFull {
        /// How many run.
        running: u64,
        /// How many may.
        at_most: u32,
    },
    /// As many jobs of its handler run as may.
    HandlerFull {
        /// How many run.
        running: u64,
        /// How many may.
        at_most: u32,
    },
    /// The rate of its handler is used up.
    HandlerRate {
        /// The rate.
        rate: Rate,
        /// Until when.
        until: Timestamp,
    },
    /// As many jobs of its key run as may.
    KeyFull {
        /// The key.
        key: Arc<str>,
        /// Ten of those that run, at most.
        holders: Vec<JobId>,
        /// How many run.
        running: u64,
        /// How many may.
        at_most: u32,
    },
    /// The rate of its key is used up.
    KeyRate {
        /// The key.
        key: Arc<str>,
        /// The rate.
        rate: Rate,
        /// Until when.
        until: Timestamp,
    },
    /// Nothing holds it back: it waits for its turn.
    Waiting {
        /// How many jobs of its queue are taken before it. With several servers, those of the one that has the fewest.
        ahead: usize,
        /// Whether there may be more ahead: no more than 1,000 are looked at.
        or_more: bool,
        /// How many jobs run, of all queues.
        running: u64,
        /// How many can, on the servers that can take this one.
        workers: u64,
    },
    /// It runs.
    Processing {
        /// Where.
        server: Arc<str>,
        /// On which worker of it.
        worker: u32,
        /// Since when.
        since: Timestamp,
        /// The attempt, from 1.
        attempt: u32,
        /// Why it was asked to stop, if it was.
        cancelling: Option<Arc<str>>,
    },
    /// It has ended.
    Ended {
        /// How.
        state: JobState,
        /// When.
        at: Timestamp,
        /// Why: the reason, the error, or both.
        why: Option<String>,
    },
}

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { job, request, queue, reason } = self;
        match reason {
            Reason::Unknown => {
                write!(f, "there is no job {job}: it never was, or its retention is over")
            }
            Reason::Awaiting { parents } => awaiting(f, parents),
            Reason::Expired { at } => {
                write!(f, "it had to start by {at}, and had not, so it is about to be deleted")
            }
            Reason::Scheduled { until, why: None } => write!(f, "it is scheduled for {until}"),
            Reason::Scheduled { until, why: Some(why) } => write!(f, "it is scheduled for {until}: {why}"),
            Reason::QueuePaused { since } => {
                write!(f, "its queue `{queue}` is paused since {since}; it goes on when the queue is resumed")
            }
            Reason::NoServer => f.write_str("no server is there; start one that works its queue"),
            Reason::QueueNotWorked => {
                write!(f, "no server works its queue `{queue}`; name the queue in the `queues` of one")
            }
            Reason::NotHandled => write!(
                f,
                "no server that works its queue `{queue}` handles `{request}`; add #[handler], or \
                 `use that_crate as _;` if it lives in another crate"
            ),
            Reason::NewerVersion { version, newest } => write!(
                f,
                "its payload has version {version}, and the servers that handle `{request}` read up to {newest}; \
                 it waits for one that was upgraded"
            ),
            Reason::QueueFull { running, at_most } => write!(
                f,
                "{running} jobs of its queue `{queue}` run, of {at_most} that may; it waits for the end of one"
            ),
            Reason::HandlerFull { running, at_most } => {
                write!(
                    f,
                    "{running} jobs of `{request}` run, of {at_most} that may; it waits for the end of one"
                )
            }
            Reason::HandlerRate { rate, until } => {
                write!(f, "the rate {rate} of `{request}` is used up until {until}")
            }
            Reason::KeyFull { key, holders, running, at_most } => {
                write!(
                    f,
                    "{running} jobs with its key `{key}` run, of {at_most} that may; it waits for the end of "
                )?;
                list(f, holders, " or ")
            }
            Reason::KeyRate { key, rate, until } => {
                write!(f, "the rate {rate} of its key `{key}` is used up until {until}")
            }
            Reason::Waiting { ahead, or_more, running, workers } => {
                waiting(f, *ahead, *or_more, (*running, *workers))
            }
            Reason::Processing { server, worker, since, attempt, cancelling } => {
                write!(f, "it runs on {server}, worker {worker}, since {since}: attempt {attempt}")?;
                let told = |why: &Arc<str>| write!(f, "; it was asked to stop: {why}");
                cancelling.as_ref().map_or(Ok(()), told)
            }
            Reason::Ended { state, at, why: None } => write!(f, "it ended in {state} at {at}"),
            Reason::Ended { state, at, why: Some(why) } => write!(f, "it ended in {state} at {at}: {why}"),
        }
    }
}

fn list(f: &mut Formatter<'_>, items: &[impl Display], between: &str) -> fmt::Result {
    if items.is_empty() {
        // Its attempt has ended, but its blocking handler has not returned.
        return f.write_str("one");
    }
    for (at, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { between })?;
    }
    Ok(())
}

fn awaiting(f: &mut Formatter<'_>, parents: &[Parent]) -> fmt::Result {
    let shown: Vec<_> = parents.iter().take(10).map(|parent| parent.id).collect();
    f.write_str("it waits for the end of ")?;
    list(f, &shown, " and ")?;
    match parents.len().saturating_sub(shown.len()) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

fn waiting(
    f: &mut Formatter<'_>,
    ahead: usize,
    or_more: bool,
    (running, workers): (u64, u64),
) -> fmt::Result {
    f.write_str("nothing holds it back; ")?;
    if running >= workers {
        write!(f, "all {workers} workers are busy, and ")?;
    }
    match (ahead, or_more) {
        (0, false) => f.write_str("it is the next of its queue"),
        (_, false) => write!(f, "{ahead} of its queue go before it"),
        (_, true) => write!(f, "{ahead} or more of its queue go before it"),
    }
}
