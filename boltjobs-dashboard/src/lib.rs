//! The dashboard of boltjobs: what a store holds, as pages for a browser.
//!
//! `boltjobs::builder().dashboard("127.0.0.1:4010")` serves it; see `docs/dashboard.md`. It only looks: no page changes
//! anything. Its pages need no JavaScript and load nothing from elsewhere.

mod guard;
mod overview;
mod pages;
mod routes;
mod text;
mod verdict;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use axum::routing::get;
use axum::{Router, middleware};
use boltjobs_core::Timestamp;
use boltjobs_core::clock::Clock;
use boltjobs_core::store::Store;

/// What the pages are made of.
#[derive(Debug, Clone)]
struct Source {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Source {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Makes the pages. They link to each other from the root of their address, so they can't be nested below a path.
///
/// Only requests that name a loopback host are answered, and only GET and HEAD.
pub fn router(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/", get(routes::overview))
        .route("/jobs/{id}", get(routes::job))
        .route("/healthz", get(routes::health))
        .route("/style.css", get(routes::style))
        .fallback(routes::missing)
        .layer(middleware::from_fn(guard::check))
        .with_state(Source { store, clock })
}

/// Serves the pages for as long as it is polled, within a tokio runtime that does I/O.
///
/// # Errors
/// When the listener can't be used in that runtime.
///
/// # Cancel safety
/// Dropping the future closes the listener. Answers that are on their way end with the runtime.
pub async fn serve(listener: TcpListener, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, router(store, clock)).await
}
