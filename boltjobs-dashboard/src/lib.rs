//! The dashboard of boltjobs: what a store holds, as pages for a browser.
//!
//! `boltjobs::builder().dashboard("127.0.0.1:4010")` serves it; see `docs/dashboard.md`. Its pages work without JavaScript, are
//! livelier with it, and load nothing from elsewhere.

mod access;
mod actions;
mod alike;
mod api;
mod assets;
mod attempts;
mod audit;
mod auditing;
mod backfill;
mod batches;
mod bulk;
mod change;
mod changing;
mod checkups;
mod choices;
mod code;
mod columns;
mod cookie;
mod demo;
mod doing;
mod edit;
mod editing;
mod events;
mod exporting;
mod failing;
mod failure;
mod faults;
mod gate;
mod guard;
mod health;
mod hosts;
mod kin;
mod limiting;
mod link;
mod login;
mod looked;
mod operating;
mod overview;
mod pages;
mod pausing;
mod probes;
mod prometheus;
mod queue;
mod refused;
mod routes;
mod sample;
mod saved;
mod secret;
mod server;
mod sessions;
mod silencing;
mod text;
mod verdict;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::routing::{get, post};
use axum::{Router, middleware};
use boltjobs_core::Timestamp;
use boltjobs_core::access::{Host, Token};
pub use boltjobs_core::access::{Identity, Role};
use boltjobs_core::clock::Clock;
use boltjobs_core::operation::Operations;
use boltjobs_core::store::Store;

pub use crate::faults::Faults;
use crate::gate::{Check, Gate};
use crate::saved::Saved;
#[doc(hidden)]
pub use crate::saved::check_query;

/// What the pages are made of.
#[derive(Debug, Clone)]
struct Source {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    gate: Arc<Gate>,
    environment: Option<Arc<str>>,
    operations: Operations,
    /// The queries that the app has for everybody.
    queries: Arc<[Saved]>,
    /// What a look at some of the jobs has told.
    looked: looked::Kept,
}

impl Source {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The dashboard of a store.
///
/// It is closed unless it is opened: without [`token`](Self::token) and [`authorize`](Self::authorize) it answers to loopback
/// alone, and everybody there has one role.
///
/// # Examples
/// In an app of one's own, whose middleware knows who is logged in:
/// ```
/// use axum::Router;
/// use boltjobs_dashboard::{Dashboard, Faults, Identity, Role};
/// # use boltjobs_core::clock::Clock;
/// # use boltjobs_core::store::Store;
/// # use std::sync::Arc;
///
/// /// What the middleware of the app puts into a request.
/// #[derive(Clone)]
/// struct User {
///     name: String,
///     is_admin: bool,
/// }
///
/// fn app(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Router, Faults> {
///     let dashboard = Dashboard::new(store, clock)
///         .host("app.example.org")
///         .authorize(|request| {
///             let user = request.extensions.get::<User>()?;
///             Some(Identity::new(&*user.name, if user.is_admin { Role::Operate } else { Role::Read }))
///         })
///         // For scripts, which have no session of the app.
///         .token(Identity::new("nightly-report", Role::Read), "9f2c1d6b7a5e4f3083c2b1a0d9e8f7c6");
///     Ok(Router::new().nest("/admin/jobs", dashboard.router()?))
/// }
/// ```
#[derive(Debug)]
pub struct Dashboard {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    role: Role,
    environment: Option<Arc<str>>,
    tokens: Vec<(Identity, Token)>,
    check: Option<Check>,
    hosts: Vec<Host>,
    queries: Vec<Saved>,
    operations: Option<Operations>,
    faults: Vec<String>,
}

impl Dashboard {
    /// Shows what a store holds, at the time of a clock. It only looks, unless it is given a [`role`](Self::role).
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            role: Role::Read,
            environment: None,
            tokens: Vec::new(),
            check: None,
            hosts: Vec::new(),
            queries: Vec::new(),
            operations: None,
            faults: Vec::new(),
        }
    }

    /// Sets what everybody may do, as long as there is neither a [`token`](Self::token) nor a check of one's own
    /// ([`authorize`](Self::authorize)). Default: [`Role::Read`].
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

    /// Lets in whoever has a token of 16 visible ASCII characters or more, and nobody who has none. It can be said several
    /// times: for a [`Role`], or for somebody with a name ([`Identity::new`]), which the audit tells.
    ///
    /// Programs send it in the header `Authorization: Bearer <token>`. A browser gets a page to log in, and stays so for
    /// 12 hours, or until the program ends.
    #[must_use]
    pub fn token(mut self, who: impl Into<Identity>, token: impl AsRef<str>) -> Self {
        let who = who.into();
        match token.as_ref().parse() {
            Ok(token) => self.tokens.push((who, token)),
            Err(fault) => self.faults.push(format!("the token of `{}`: {fault}", who.name())),
        }
        self
    }

    /// Asks a fn of the app who it is that asks. It sees each request with all that the middleware around these pages has put
    /// into it. Those for whom it returns none are let in with a [`token`](Self::token), if there are any, and not at all
    /// otherwise. It is called for each request, so it must not block.
    #[must_use]
    pub fn authorize(mut self, check: impl Fn(&Parts) -> Option<Identity> + Send + Sync + 'static) -> Self {
        self.check = Some(Check(Arc::new(check)));
        self
    }

    /// Answers under the name of a host, too, without a port: `jobs.example.org`. It takes a [`token`](Self::token) or a
    /// check of one's own ([`authorize`](Self::authorize)). Default: loopback alone; with one of these, any address.
    #[must_use]
    pub fn host(mut self, host: impl AsRef<str>) -> Self {
        match host.as_ref().parse() {
            Ok(host) => self.hosts.push(host),
            Err(fault) => self.faults.push(fault),
        }
        self
    }

    /// The same for several hosts.
    #[must_use]
    pub fn hosts<H: AsRef<str>>(self, hosts: impl IntoIterator<Item = H>) -> Self {
        hosts.into_iter().fold(self, Self::host)
    }

    /// Shows a query under a name above the list of jobs, to everybody: `query("Failed mails", "state:failed queue:mail")`.
    /// It is what one types into the box there. It can be said several times.
    #[must_use]
    pub fn query(mut self, name: impl AsRef<str>, query: impl AsRef<str>) -> Self {
        match Saved::new(name.as_ref(), query.as_ref()) {
            Ok(saved) => self.queries.push(saved),
            Err(fault) => self.faults.push(fault),
        }
        self
    }

    /// Leaves the work on operations to whoever in this process does it already.
    #[doc(hidden)]
    #[must_use]
    pub fn operations(mut self, operations: Operations) -> Self {
        self.operations = Some(operations);
        self
    }

    /// Makes the pages. They can be nested below any path of another router.
    ///
    /// What changes anything has to come from a form of the pages themselves, or with a token in its header. Wrong tokens are
    /// counted by address where the router is served with `into_make_service_with_connect_info::<SocketAddr>()`, and all
    /// together elsewhere.
    ///
    /// # Errors
    /// All tokens, hosts and queries that can't be used, and hosts that would show the pages to everybody.
    pub fn router(self) -> Result<Router, Faults> {
        let gate = self.gate(None)?;
        Ok(pages(self.source(gate)))
    }

    /// Serves the pages for as long as it is polled, within a tokio runtime that does I/O.
    ///
    /// # Errors
    /// What [`router`](Self::router) refuses, an address that others can reach when nobody is told apart, and a listener that
    /// can't be used in that runtime.
    ///
    /// # Cancel safety
    /// Dropping the future closes the listener. Answers that are on their way end with the runtime.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let refused = |faults| io::Error::new(io::ErrorKind::InvalidInput, faults);
        let gate = self.gate(Some(listener.local_addr()?)).map_err(refused)?;
        let source = self.source(gate);
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, pages(source).into_make_service_with_connect_info::<SocketAddr>()).await
    }

    fn source(self, gate: Gate) -> Source {
        let Self { store, clock, environment, queries, operations, .. } = self;
        let fresh = || Operations::new(Arc::clone(&store), Arc::clone(&clock));
        let (operations, queries) = (operations.unwrap_or_else(fresh), queries.into());
        let (gate, looked) = (Arc::new(gate), looked::Kept::default());
        Source { store, clock, gate, environment, operations, queries, looked }
    }
}

/// Returns what is answered under which path.
fn pages(source: Source) -> Router {
    Router::new()
        .route("/", get(routes::overview))
        .route("/jobs", get(routes::jobs).post(actions::jobs))
        .route("/jobs/{id}", get(routes::job))
        .route("/jobs/{id}/edit", get(changing::form).post(changing::sent))
        .route("/jobs/{id}/export", get(exporting::export))
        .route("/queries", post(actions::queries))
        .route("/columns", post(columns::choose))
        .route("/recurring", get(routes::recurring))
        .route("/recurring/{id}", get(routes::definition).post(actions::recurring))
        .route("/recurring/{id}/edit", get(editing::form).post(editing::sent))
        .route("/recurring/{id}/backfill", get(backfill::look).post(backfill::sent))
        .route("/queues", get(routes::queues))
        .route("/queues/{name}", get(queue::queue).post(actions::queues))
        .route("/pause", get(pausing::confirm).post(pausing::sent))
        .route("/servers", get(routes::servers))
        .route("/servers/{name}", get(server::page).post(server::sent))
        .route("/servers/{name}/stop", get(server::confirm))
        .route("/failures", get(failing::failures))
        .route("/failures/{fingerprint}", get(failure::failure).post(silencing::failure))
        .route("/retries", get(failing::retries))
        .route("/health", get(failing::health))
        .route("/health/{check}", post(silencing::check))
        .route("/audit", get(auditing::audit))
        .route("/audit/export", get(auditing::export))
        .route("/batches", get(batches::batches))
        .route("/batches/{id}", get(batches::batch).post(actions::batch))
        .route("/demo", post(actions::demo))
        .route("/operations", get(bulk::operations).post(actions::begin))
        .route("/operations/new", get(bulk::dry_run))
        .route("/operations/{id}", get(bulk::operation).post(actions::steer))
        .merge(api::router())
        .route("/metrics", get(prometheus::metrics))
        .route("/healthz", get(probes::health))
        .route("/readyz", get(probes::ready))
        .route("/login", get(login::page).post(login::log_in).layer(DefaultBodyLimit::max(login::LONGEST)))
        .route("/logout", post(login::log_out))
        .route("/events", get(events::events))
        .route("/assets/{name}", get(assets::asset))
        .fallback(routes::missing)
        .layer(middleware::from_fn_with_state(source.clone(), guard::check))
        .layer(middleware::from_fn(api::in_json))
        .with_state(source)
}
