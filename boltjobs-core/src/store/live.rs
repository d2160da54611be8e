//! The servers that are there, and the queues that they work.

use std::sync::Arc;
use std::time::Duration;

use super::{Offer, StateCounts};
use crate::Timestamp;
use crate::queue_limit::QueueLimit;

/// A server that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// What it can run.
    pub offer: Arc<Offer>,
    /// When it came.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub heartbeat: Timestamp,
    /// Until when it is believed to be there without another word.
    pub until: Timestamp,
    /// How many jobs it runs.
    pub running: u32,
    /// By how much its clock was behind that of another server at its latest heartbeat, at least.
    pub behind: Duration,
    /// When heartbeats of it came more than two thirds of its lease after the ones before, the latest few.
    pub late: Vec<Timestamp>,
}

/// A queue that has jobs, is paused, or is named by a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Its jobs, by state.
    pub counts: StateCounts,
    /// Since when it is paused.
    pub paused_since: Option<Timestamp>,
    /// Since when the job has waited for a worker that is the first of those that do.
    pub oldest: Option<Timestamp>,
    /// How many of its jobs may run at once: what somebody has set, else the least that a server says.
    pub limit: Option<u32>,
    /// The limit that somebody has set, in place of what the servers say.
    pub set: Option<QueueLimit>,
    /// How many servers work it.
    pub servers: usize,
}
