//! The servers that are there.

use std::time::Duration;

use boltjobs_core::store::{Limits, QueueOrder, ServerInfo};
use chrono::{DateTime, Utc};

/// A server that is there, as it was last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerDetails(ServerInfo);

impl ServerDetails {
    pub(crate) fn new(server: ServerInfo) -> Self {
        Self(server)
    }

    /// Returns its name: `<host>:<process id>:<random>`.
    pub fn name(&self) -> &str {
        &self.0.offer.server
    }

    /// Returns when it was started.
    pub fn started_at(&self) -> DateTime<Utc> {
        self.0.started_at.to_datetime()
    }

    /// Returns when it was last heard of. It is no longer listed once that is a lease ago.
    pub fn heartbeat(&self) -> DateTime<Utc> {
        self.0.heartbeat.to_datetime()
    }

    /// Returns the version of its program, as [`version`](crate::Builder::version) of the builder says it.
    pub fn version(&self) -> Option<&str> {
        self.0.offer.vitals.version.as_deref()
    }

    /// Returns how many bytes of memory its process had at the latest heartbeat, where the system tells: on Linux.
    pub fn resident(&self) -> Option<u64> {
        self.0.offer.vitals.resident
    }

    /// Returns how late the runtime of its handlers came, or is so far, to the latest thing that it was given to do at once;
    /// `None` before the first heartbeat. It is measured once for each heartbeat.
    pub fn lag(&self) -> Option<Duration> {
        self.0.offer.vitals.lag
    }

    /// Returns how many jobs it runs at once.
    pub fn workers(&self) -> u32 {
        self.0.offer.workers
    }

    /// Returns how many jobs it runs by now.
    pub fn running(&self) -> u32 {
        self.0.running
    }

    /// Returns the queues that it works, with the weight of each where they have weights; empty for all there are.
    pub fn queues(&self) -> Vec<(&str, Option<u32>)> {
        match &self.0.offer.queues {
            QueueOrder::All => Vec::new(),
            QueueOrder::Strict(names) => names.iter().map(|name| (&**name, None)).collect(),
            QueueOrder::Weighted(weights) => {
                weights.iter().map(|(name, weight)| (&**name, Some(*weight))).collect()
            }
        }
    }

    /// Returns the requests that it handles by their names, older ones too: the newest version that it reads of each, and
    /// what its jobs are held to.
    pub fn requests(&self) -> impl Iterator<Item = (&str, u32, Option<&Limits>)> {
        let handles = self.0.offer.requests();
        handles.map(|(name, handled)| (&**name, handled.version, handled.limits.as_deref()))
    }
}
