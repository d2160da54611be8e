//! A server that shows its dashboard, and what its store was filled with.

use std::collections::BTreeMap;
use std::sync::Arc;

use boltjobs::{Builder, DashboardIdentity, DashboardRole, MemoryStore, Store};
use boltjobs_tests::{Bench, ManualClock};

use crate::offers::arrive;
use crate::pages::Page;
use crate::story::Story;

/// What lets somebody in who has to log in.
const TOKEN: &str = "token-of-ada-who-may-act";

/// A server whose dashboard is open on loopback. Its time stands still until it is moved.
#[derive(Debug)]
pub struct Office {
    /// The server, its store and its clock.
    pub bench: Bench,
    /// What the placeholders in the paths of pages stand for.
    links: BTreeMap<&'static str, String>,
}

impl Office {
    /// Opens one that has never had anything to do.
    pub async fn empty(role: DashboardRole) -> Self {
        Self::on(Arc::new(MemoryStore::new()), Arc::default(), role, 0).await
    }

    /// Opens one on the noon of a day with mails, payments, reports and an import, the same day every time. Nothing
    /// runs there any more by itself.
    pub async fn at_noon(role: DashboardRole) -> Self {
        let (store, clock): (Arc<dyn Store>, Arc<ManualClock>) =
            (Arc::new(MemoryStore::new()), Arc::default());
        let links = Story::new(Arc::clone(&store), Arc::clone(&clock)).tell().await;
        Self { links, ..Self::on(store, clock, role, 0).await }
    }

    /// Opens one to whose store a first server has just come, and no job yet.
    pub async fn new_here(role: DashboardRole) -> Self {
        let (store, clock): (Arc<dyn Store>, Arc<ManualClock>) =
            (Arc::new(MemoryStore::new()), Arc::default());
        arrive(&*store, &clock).await;
        Self::on(store, clock, role, 0).await
    }

    /// Opens one that shows nothing to whoever has not logged in, and the token that lets Ada in to act.
    pub async fn guarded() -> (Self, &'static str) {
        let ada = DashboardIdentity::new("ada", DashboardRole::Operate);
        let guard = |builder: Builder| builder.dashboard_token(ada, TOKEN);
        (Self::with(Arc::new(MemoryStore::new()), Arc::default(), 0, guard).await, TOKEN)
    }

    /// Opens one on a store that is there, with so many workers.
    pub async fn on(
        store: Arc<dyn Store>,
        clock: Arc<ManualClock>,
        role: DashboardRole,
        workers: usize,
    ) -> Self {
        Self::with(store, clock, workers, |builder| builder.dashboard_role(role)).await
    }

    /// The same with settings of its own.
    pub async fn with(
        store: Arc<dyn Store>,
        clock: Arc<ManualClock>,
        workers: usize,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let builder =
            boltjobs::builder().store(Arc::clone(&store)).clock(Arc::clone(&clock) as _).workers(workers);
        let server = settings(builder.dashboard("127.0.0.1:0")).start().await.expect("the server starts");
        Self { bench: Bench { server, store, clock }, links: BTreeMap::new() }
    }

    /// Returns where its dashboard is, without a slash at the end.
    pub fn origin(&self) -> String {
        format!("http://{}", self.bench.server.dashboard_addr().expect("it is shown"))
    }

    /// Returns the address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Returns the address of a page.
    pub fn page(&self, page: &Page) -> String {
        let mut path = page.path.to_owned();
        for (name, value) in &self.links {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        self.url(&path)
    }
}
