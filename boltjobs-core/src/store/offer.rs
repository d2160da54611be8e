//! What a server can run, and what it is handed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::Timestamp;
use crate::job::{JobSpec, Lease};

/// What a server can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub server: Arc<str>,
    /// The queues it works, and how it chooses among them.
    pub queues: QueueOrder,
    /// The requests that it handles, by their names.
    pub handles: BTreeMap<Arc<str>, Handled>,
    /// How long a claim lasts without a heartbeat.
    pub lease: Duration,
}

/// How a server handles a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The newest version that it can read.
    pub version: u32,
    /// How many may run at once, if there is a limit.
    pub limit: Option<Limit>,
}

impl From<u32> for Handled {
    /// Handles versions up to this one, as many at once as there are slots.
    fn from(version: u32) -> Self {
        Self { version, limit: None }
    }
}

/// How many jobs may run at once, over every server that shares the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The most jobs.
    pub at_most: u32,
    /// The names that are counted together: a request's own and its older ones.
    pub names: Arc<[Arc<str>]>,
}

/// How a server chooses among queues with ready jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueOrder {
    /// Every queue there is, in turn.
    All,
    /// These alone; a queue is worked only while those before it have nothing ready.
    Strict(Vec<Arc<str>>),
    /// These alone, each in proportion to its weight.
    Weighted(Vec<(Arc<str>, u32)>),
}

/// A job that was handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The right to it.
    pub lease: Lease,
    /// What it is to do.
    pub spec: Arc<JobSpec>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// Whether earlier attempts have noted something.
    pub has_notes: bool,
}
