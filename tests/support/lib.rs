//! What the tests share: a clock that moves when it is told, and a server on the memory store.

mod child;
mod clock;
mod gate;
mod recorder;
mod seed;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use boltjobs::{Builder, Client, JobDetails, JobId, JobState, MemoryStore, Server, Store, Timestamp};
use boltjobs_core::clock::Clock as _;
use boltjobs_core::store::{Offer, Vitals};

pub use child::{Child, proceed, role, say};
pub use clock::ManualClock;
pub use gate::{Gate, Outside, gate};
pub use recorder::{Metrics, Recorder};
pub use seed::Seed;
pub use store::Flaky;

/// The longest that anything here may take; only a test that has failed waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on a store in memory, whose time stands still until it is moved.
#[derive(Debug)]
pub struct Bench {
    /// The server.
    pub server: Server,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
}

impl Bench {
    /// Starts a server with the defaults.
    pub async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    /// Starts a server with settings of its own.
    pub async fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        Self::on(Arc::new(MemoryStore::new()), settings).await
    }

    /// Starts a server on a store that is there.
    pub async fn on(store: Arc<dyn Store>, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = Arc::new(ManualClock::default());
        let builder = boltjobs::builder().store(Arc::clone(&store)).clock(Arc::clone(&clock) as _);
        let server = settings(builder).start().await.expect("the server starts");
        Self { server, store, clock }
    }

    /// Returns the client of the server.
    pub fn client(&self) -> Client {
        self.server.client()
    }

    /// Returns what its clock says.
    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Runs what enqueues, so that it finds this server.
    pub async fn scope<T>(&self, future: impl Future<Output = T>) -> T {
        self.client().scope(future).await.expect("it was started")
    }

    /// Returns a job that must exist.
    pub async fn job(&self, id: JobId) -> JobDetails {
        self.client().job(id).await.expect("the store answers").expect("the job exists")
    }

    /// Returns the job once it is in a state, however often it moves before.
    pub async fn until(&self, id: JobId, state: JobState) -> JobDetails {
        patiently(async {
            loop {
                let job = self.job(id).await;
                if job.state() == state {
                    return job;
                }
                // The one place that looks again and again: states between others wake nobody.
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Moves the clock on, and returns the job once it is in a state.
    pub async fn advance_until(&self, span: Duration, id: JobId, state: JobState) -> JobDetails {
        self.clock.advance(span);
        self.until(id, state).await
    }
}

/// Fails the test when the future takes forever.
pub async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes forever")
}

/// Returns what a server that handles nothing but `request` offers.
pub fn offer(request: &str) -> Arc<Offer> {
    Arc::new(Offer {
        server: "elsewhere".into(),
        workers: 9,
        queues: boltjobs_core::store::QueueOrder::All,
        queue_limits: BTreeMap::new(),
        held: Vec::new(),
        handles: [(Arc::from(request), 1.into())].into(),
        lease: Duration::from_secs(30),
        vitals: Vitals::default(),
    })
}

/// Returns an instant some seconds after the Unix epoch.
pub fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}
