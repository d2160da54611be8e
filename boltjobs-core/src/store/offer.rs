//! What a server can run, and what it is handed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Held, Limits};
use crate::Timestamp;
use crate::demo;
use crate::job::{JobSpec, Lease};
use crate::notes::LogLevel;
use crate::shape::Shape;

/// The most workers that a server may have: a claim looks at each that is free.
pub const MOST_WORKERS: u32 = 100_000;

/// What a server can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub server: Arc<str>,
    /// How many jobs it runs at once.
    pub workers: u32,
    /// The queues it works, and how it chooses among them.
    pub queues: QueueOrder,
    /// How many jobs of a queue may run at once, over every server that shares the store.
    pub queue_limits: BTreeMap<Arc<str>, u32>,
    /// The requests that it handles, by their names.
    pub handles: BTreeMap<Arc<str>, Handled>,
    /// What it still runs of attempts that have ended.
    pub held: Vec<Held>,
    /// How long a claim lasts without a heartbeat.
    pub lease: Duration,
    /// How it is, as it is announced.
    pub vitals: Vitals,
}

/// How a server is. What it says with a heartbeat counts until the next one; a claim takes no notice of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vitals {
    /// The version of its program, if that was told.
    pub version: Option<Arc<str>>,
    /// How many bytes of memory its process has, where the system tells.
    pub resident: Option<u64>,
    /// How late the runtime of its handlers came to the latest thing that it was to do at once.
    pub lag: Option<Duration>,
    /// What it does with jobs by now.
    pub duty: Duty,
    /// Whether it shuts down when it is ordered to.
    pub stoppable: bool,
    /// Up to which level it keeps what its handlers log, for a while, and until when.
    pub logs: Option<(LogLevel, Timestamp)>,
}

/// What a server does with jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Duty {
    /// It claims them and runs them.
    #[default]
    Works,
    /// It claims none, as somebody has ordered, and runs to its end what it has.
    Quiet,
    /// It shuts down.
    Stopping,
}

impl Duty {
    /// Returns a word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Quiet => "quiet",
            Self::Stopping => "stopping",
        }
    }
}

impl Offer {
    /// Says whether the server limits anything but the number of its workers.
    pub fn is_limited(&self) -> bool {
        !self.queue_limits.is_empty() || self.handles.values().any(|handled| handled.limits.is_some())
    }

    /// Returns what the jobs of a request that it handles are held to by its code, with the names that are counted together: its own
    /// one and the older ones.
    pub fn limits(&self, request: &Arc<str>) -> Option<Limits> {
        let handled = self.handles.get(request)?;
        if let Some(limits) = &handled.limits {
            return Some(Limits::clone(limits));
        }
        let own = handled.own_name(request);
        let older = self.handles.iter().filter(|(name, other)| *name != own && other.own_name(name) == own);
        Some(Limits {
            aliases: older.map(|(name, _)| Arc::clone(name)).collect(),
            ..Limits::of(Arc::clone(own))
        })
    }

    /// Returns the requests of the program that it handles, by their names.
    pub fn requests(&self) -> impl Iterator<Item = (&Arc<str>, &Handled)> {
        self.handles.iter().filter(|(name, _)| !demo::is(name))
    }

    /// Says whether it runs the demo.
    pub fn runs_demo(&self) -> bool {
        self.handles.contains_key(demo::REQUEST)
    }
}

/// How a server handles a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The newest version that it can read.
    pub version: u32,
    /// What its jobs are held to, if there is anything.
    pub limits: Option<Arc<Limits>>,
    /// How the request looks in code, where that is known: pages show payloads by it.
    pub shape: Option<Arc<Shape>>,
    /// What its jobs have unless somebody says otherwise, where that is known: pages make jobs by it.
    pub defaults: Option<Arc<Defaults>>,
}

/// What the jobs of a request have, unless somebody says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults {
    /// The name of the request: a server handles it under its aliases, too.
    pub request: Arc<str>,
    /// Their queue.
    pub queue: Arc<str>,
    /// Their priority within it.
    pub priority: i8,
    /// Words to find them by.
    pub tags: Vec<String>,
    /// The paths in the payload that are never shown.
    pub sensitive: Vec<String>,
}

impl Handled {
    /// Returns the own name of the request, which is handled under this name.
    pub fn own_name<'a>(&'a self, name: &'a Arc<str>) -> &'a Arc<str> {
        let limits = self.limits.as_ref().map(|limits| &limits.name);
        limits.or_else(|| self.defaults.as_ref().map(|defaults| &defaults.request)).unwrap_or(name)
    }
}

impl From<u32> for Handled {
    /// Handles versions up to this one, as many at once as there are slots.
    fn from(version: u32) -> Self {
        Self { version, limits: None, shape: None, defaults: None }
    }
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

impl QueueOrder {
    /// Says whether a queue is worked.
    pub fn works(&self, queue: &str) -> bool {
        match self {
            Self::All => true,
            Self::Strict(names) => names.iter().any(|name| &**name == queue),
            Self::Weighted(weights) => weights.iter().any(|(name, _)| &**name == queue),
        }
    }

    /// Returns the queues that are named.
    pub fn names(&self) -> Vec<Arc<str>> {
        match self {
            Self::All => Vec::new(),
            Self::Strict(names) => names.clone(),
            Self::Weighted(weights) => weights.iter().map(|(name, _)| Arc::clone(name)).collect(),
        }
    }
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
    /// How long it has waited for a worker since it was ready.
    pub waited: Duration,
    /// Whether earlier attempts have noted something.
    pub has_notes: bool,
}
