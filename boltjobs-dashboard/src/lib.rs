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
mod confirming;
mod cookie;
mod copying;
mod demo;
mod doing;
mod edit;
mod editing;
mod events;
mod exporting;
mod failing;
mod failure;
mod faults;
mod fields;
mod gate;
mod guard;
mod health;
mod histogram;
mod hosts;
mod kin;
mod limiting;
mod link;
mod listing;
mod login;
mod looked;
mod making;
mod once;
mod operating;
mod overview;
mod pages;
mod paths;
mod pausing;
mod probes;
mod prometheus;
mod queue;
mod refused;
mod replay;
mod request;
mod rerunning;
mod routes;
mod sample;
mod saved;
mod secret;
mod server;
mod sessions;
mod settings;
mod silencing;
mod site;
mod text;
mod verdict;
mod zoom;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use boltjobs_core::Timestamp;
use boltjobs_core::access::{Host, Permit, Token};
pub use boltjobs_core::access::{Identity, Role};
use boltjobs_core::clock::Clock;
use boltjobs_core::operation::Operations;
use boltjobs_core::store::{Retention, Store};

pub use crate::faults::Faults;
use crate::gate::{Check, Gate};
use crate::saved::Saved;
#[doc(hidden)]
pub use crate::saved::check_query;
use crate::site::{Link, Site};
#[doc(hidden)]
pub use crate::site::{check_link, check_site};

/// What the pages are made of.
#[derive(Debug, Clone)]
struct Source {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    gate: Arc<Gate>,
    environment: Option<Arc<str>>,
    operations: Operations,
    turns: once::Turns,
    /// The queries that the app has for everybody.
    queries: Arc<[Saved]>,
    site: Arc<Site>,
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
    permit: Option<Permit>,
    hosts: Vec<Host>,
    queries: Vec<Saved>,
    site: Site,
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
            permit: None,
            hosts: Vec::new(),
            queries: Vec::new(),
            site: Site::default(),
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

    /// Asks a fn of the app about each action that the role of somebody allows: whether they may do it, as in `pause`, to
    /// something, as in `queue mail`. Both are named as `/audit` has them, and `docs/dashboard.md` lists them. What it denies is
    /// answered with 403, and buttons for it are left out where it is known what they act on. Default: the role alone decides.
    ///
    /// It is called for each button, so it must not block.
    ///
    /// ```
    /// # use boltjobs_core::{clock::Clock, store::Store};
    /// # fn with(store: std::sync::Arc<dyn Store>, clock: std::sync::Arc<dyn Clock>) -> boltjobs_dashboard::Dashboard {
    /// boltjobs_dashboard::Dashboard::new(store, clock)
    ///     .permit(|who, action, target| who.name() == "ada" || (action, target) != ("pause", "queue payments"))
    /// # }
    /// ```
    #[must_use]
    pub fn permit(mut self, permit: impl Fn(&Identity, &str, &str) -> bool + Send + Sync + 'static) -> Self {
        self.permit = Some(Permit::new(permit));
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

    /// Leads from the page of each job to where more is known of it: `link("Trace", "https://tempo.example/trace/{trace_id}")`. In the
    /// address stand `{job}` for the id of the job and `{trace_id}` for that of its trace; it begins with `https://`, `http://` or `/`.
    /// It can be said several times.
    #[must_use]
    pub fn link(mut self, name: impl AsRef<str>, address: impl AsRef<str>) -> Self {
        match Link::new(name.as_ref(), address.as_ref()) {
            Ok(link) => self.site.links.push(link),
            Err(fault) => self.faults.push(fault),
        }
        self
    }

    /// Sets the colour of the name of the [`environment`](Self::environment): `grey`, `green`, `blue`, `amber` or `red`. Default: red
    /// with `prod` in the name, else grey.
    #[must_use]
    pub fn environment_colour(mut self, colour: impl AsRef<str>) -> Self {
        match site::colour(colour.as_ref()) {
            Ok(it) => self.site.colour = Some(it),
            Err(fault) => self.faults.push(fault),
        }
        self
    }

    /// Sets what the pages are called, in 40 characters at most. Default: `boltjobs`.
    #[must_use]
    pub fn title(mut self, title: impl AsRef<str>) -> Self {
        match site::title(title.as_ref()) {
            Ok(it) => self.site.title = Some(it),
            Err(fault) => self.faults.push(fault),
        }
        self
    }

    /// Leads from every page back to the rest of the app. The address begins with `https://`, `http://` or `/`. Default: nowhere.
    #[must_use]
    pub fn home(mut self, address: impl AsRef<str>) -> Self {
        match site::home(address.as_ref()) {
            Ok(it) => self.site.home = Some(it),
            Err(fault) => self.faults.push(fault),
        }
        self
    }

    /// Tells for how long the store keeps what has ended, so that pages can say when it goes. Default: they do not say.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.site.retention = Some(retention);
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
    /// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`. Without a [`token`](Self::token) and without
    /// [`authorize`](Self::authorize) it answers to loopback alone, and to nobody where it is not told where a request comes from.
    /// With them, wrong tokens are counted by address, and all together where there is none.
    ///
    /// What changes anything has to come from a form of the pages themselves, or with a token in its header.
    ///
    /// # Errors
    /// All tokens, hosts, queries, links and the like that can't be used, and hosts that would show the pages to everybody.
    pub fn router(self) -> Result<Router, Faults> {
        let gate = self.gate(None)?;
        Ok(paths::pages(self.source(gate)))
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
        axum::serve(listener, paths::pages(source).into_make_service_with_connect_info::<SocketAddr>()).await
    }

    fn source(self, gate: Gate) -> Source {
        let Self { store, clock, environment, queries, site, operations, .. } = self;
        let fresh = || Operations::new(Arc::clone(&store), Arc::clone(&clock));
        let (operations, queries) = (operations.unwrap_or_else(fresh), queries.into());
        let (turns, site, looked) = (once::Turns::default(), Arc::new(site), looked::Kept::default());
        Source { store, clock, gate: Arc::new(gate), environment, operations, turns, queries, site, looked }
    }
}
