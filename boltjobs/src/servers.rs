//! The servers that are there, and what they are ordered to do.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::deploy::{self, Deploy};
use boltjobs_core::notes::LogLevel;
use boltjobs_core::order::{self, LogOrder, Order, Orders, WorkOrder};
use boltjobs_core::store::{Duty, Limits, QueueOrder, ServerInfo, StoreError};
use chrono::{DateTime, Utc};

use crate::client::Client;
use crate::error::Result;
use crate::runtime::Runtime;
use crate::silences::PROGRAM;

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
    /// Returns what it does with jobs: it works, is quiet, or shuts down.
    pub fn duty(&self) -> Duty {
        self.0.offer.vitals.duty
    }

    /// Says whether it shuts down when it is [ordered to](ServerRef::stop): it waits in
    /// [`run_until_signal`](crate::Server::run_until_signal) or
    /// [`until_ordered_to_stop`](crate::Server::until_ordered_to_stop).
    pub fn is_stoppable(&self) -> bool {
        self.0.offer.vitals.stoppable
    }
}

impl Client {
    /// Names a server, to give it orders. That it is there is not checked here.
    pub fn server(&self, name: impl Into<String>) -> ServerRef {
        ServerRef { client: self.clone(), name: name.into().into() }
    }

    /// Returns the servers that ended without a word within a day, or were not heard of for a whole lease, in the order of
    /// their names. They are remembered by the process that has the store, and not over its restart.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn lost_servers(&self) -> Result<Vec<ServerDetails>> {
        let runtime = self.runtime()?;
        let servers = runtime.store.lost_servers(runtime.now()).await?;
        Ok(servers.into_iter().map(ServerDetails::new).collect())
    }
}

impl Client {
    /// Returns the latest 50 deploys, the latest first: when a server with workers started whose
    /// [version](crate::Builder::version) was not that of the one before it.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn deploys(&self) -> Result<Vec<Deploy>> {
        Ok(deploy::all(&*self.runtime()?.store).await?)
    }
}

/// The name of a server, to give it orders: another process may run it, as long as it shares the store. Orders end with the
/// server.
#[derive(Debug, Clone)]
pub struct ServerRef {
    client: Client,
    name: Arc<str>,
}

impl ServerRef {
    /// Returns the name of the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Has it claim nothing more; what it runs is run to its end, and it stays there until it is told to
    /// [go on](Self::resume). `false` when it is not there, or was told so already.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't write.
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn quiet(&self) -> Result<bool> {
        self.give(Order::Quiet).await
    }

    /// Has it shut down, as by SIGTERM, if it waits in [`run_until_signal`](crate::Server::run_until_signal) or
    /// [`until_ordered_to_stop`](crate::Server::until_ordered_to_stop); any other one only claims nothing more. `false` when it
    /// is not there, or was told so already.
    ///
    /// # Errors
    /// As for [`quiet`](Self::quiet).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn stop(&self) -> Result<bool> {
        self.give(Order::Stop).await
    }

    /// Lets it claim again. `false` when it had no order not to. One that shuts down already goes on with that.
    ///
    /// # Errors
    /// As for [`quiet`](Self::quiet).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn resume(&self) -> Result<bool> {
        let runtime = self.client.runtime()?;
        Ok(order::resume(&*runtime.store, &self.name, runtime.now()).await?)
    }

    /// Has it keep what its handlers log up to a level in the logs of their jobs, for a while; then the level of its
    /// [builder](crate::Builder::log_level) counts again. Where that is OFF, nothing is kept. `false` when it is not there.
    ///
    /// # Errors
    /// As for [`quiet`](Self::quiet).
    ///
    /// # Cancel safety
    /// Once polled, it may happen although the future is dropped.
    pub async fn log(&self, level: LogLevel, span: Duration) -> Result<bool> {
        let runtime = self.client.runtime()?;
        if !self.is_there(runtime).await? {
            return Ok(false);
        }
        let (server, at) = (Arc::clone(&self.name), runtime.now());
        let wanted = LogOrder { server, level, until: at.plus(span), actor: PROGRAM.to_owned(), at };
        order::log(&*runtime.store, &wanted).await?;
        Ok(true)
    }

    /// Returns what it was ordered to do.
    ///
    /// # Errors
    /// [`Error::NotStarted`](crate::Error::NotStarted), [`Error::Store`](crate::Error::Store) when the store can't answer.
    ///
    /// # Cancel safety
    /// It only looks.
    pub async fn orders(&self) -> Result<Orders> {
        Ok(order::of(&*self.client.runtime()?.store, &self.name).await?)
    }

    async fn give(&self, order: Order) -> Result<bool> {
        let runtime = self.client.runtime()?;
        if !self.is_there(runtime).await? {
            return Ok(false);
        }
        let (server, actor) = (Arc::clone(&self.name), PROGRAM.to_owned());
        Ok(order::give(&*runtime.store, &WorkOrder { server, order, actor, at: runtime.now() }).await?)
    }

    async fn is_there(&self, runtime: &Runtime) -> std::result::Result<bool, StoreError> {
        let servers = runtime.store.servers(runtime.now()).await?;
        Ok(servers.iter().any(|server| server.offer.server == self.name))
    }
}
