//! The dashboard of boltjobs: what a store holds, as pages for a browser.
//!
//! `boltjobs::builder().dashboard("127.0.0.1:4010")` serves it; see `docs/dashboard.md`. Its pages work without JavaScript, are
//! livelier with it, and load nothing from elsewhere.

mod access;
mod actions;
mod api;
mod assets;
mod choices;
mod events;
mod guard;
mod link;
mod overview;
mod pages;
mod query;
mod routes;
mod text;
mod verdict;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};
use boltjobs_core::Timestamp;
use boltjobs_core::clock::Clock;
use boltjobs_core::store::Store;

use crate::access::Access;
pub use crate::access::Role;

/// What the pages are made of.
#[derive(Debug, Clone)]
struct Source {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    access: Access,
    environment: Option<Arc<str>>,
}

impl Source {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The dashboard of a store.
#[derive(Debug)]
pub struct Dashboard {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    role: Role,
    environment: Option<Arc<str>>,
}

impl Dashboard {
    /// Shows what a store holds, at the time of a clock. It only looks, unless it is given a [`role`](Self::role).
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, role: Role::Read, environment: None }
    }

    /// Sets what those who see it may do. Default: [`Role::Read`].
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Sets the name that every page shows for where the program runs, as in `production`. It stands out if it has `prod`
    /// in it. Default: none.
    #[must_use]
    pub fn environment(mut self, name: impl Into<Arc<str>>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// Makes the pages. They can be nested below any path of another router.
    ///
    /// Only requests that name a loopback host are answered. What changes anything has to come from a form of the
    /// pages themselves.
    pub fn router(self) -> Router {
        let Self { store, clock, role, environment } = self;
        let source = Source { store, clock, access: Access::new(role), environment };
        Router::new()
            .route("/", get(routes::overview))
            .route("/jobs", get(routes::jobs).post(actions::jobs))
            .route("/jobs/{id}", get(routes::job))
            .route("/recurring", get(routes::recurring))
            .route("/recurring/{id}", get(routes::definition).post(actions::recurring))
            .route("/queues", get(routes::queues))
            .route("/queues/{name}", post(actions::queues))
            .route("/servers", get(routes::servers))
            .route("/api/overview", get(api::overview))
            .route("/api/jobs", get(api::jobs))
            .route("/api/jobs/{id}", get(api::job))
            .route("/api/recurring", get(api::recurring))
            .route("/api/queues", get(api::queues))
            .route("/api/servers", get(api::servers))
            .route("/api/{*path}", get(api::missing))
            .route("/healthz", get(routes::health))
            .route("/events", get(events::events))
            .route("/assets/{name}", get(assets::asset))
            .fallback(routes::missing)
            .layer(middleware::from_fn_with_state(source.clone(), guard::check))
            .with_state(source)
    }

    /// Serves the pages for as long as it is polled, within a tokio runtime that does I/O.
    ///
    /// # Errors
    /// When the listener can't be used in that runtime.
    ///
    /// # Cancel safety
    /// Dropping the future closes the listener. Answers that are on their way end with the runtime.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, self.router()).await
    }
}
