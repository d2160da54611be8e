//! Where the dashboard is shown. It runs on the thread of the services, so no handler can freeze it.

use std::net::{SocketAddr, TcpListener};
#[cfg(feature = "dashboard")]
use std::sync::Arc;

#[cfg(feature = "dashboard")]
use boltjobs_core::access::{Host, Identity, Permit, Role};
use boltjobs_core::text::shown;
#[cfg(feature = "dashboard")]
use boltjobs_dashboard::Dashboard;

use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::server::Server;
use crate::settings::dashboard::Shown;
#[cfg(feature = "dashboard")]
use crate::settings::dashboard::Site;
#[cfg(feature = "dashboard")]
use crate::start::Builder;

/// Reads an address on which it may be shown.
pub(crate) fn address(text: &str) -> std::result::Result<SocketAddr, String> {
    if !cfg!(feature = "dashboard") {
        return Err("boltjobs was built without its feature `dashboard`; turn it on".to_owned());
    }
    let numbers = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numbers.as_deref().unwrap_or(text).parse().map_err(|_| {
        let text = shown(text);
        format!("`{text}` is no address for the dashboard; write it with its port, as in `127.0.0.1:4010`")
    })
}

/// A place that is taken for the dashboard.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    shown: Shown,
}

impl Listener {
    pub(crate) fn bind(shown: Shown) -> Result<Self> {
        let address = shown.address;
        let bound = TcpListener::bind(address)
            .and_then(|socket| Ok(Self { address: socket.local_addr()?, socket, shown }));
        bound.map_err(|error| {
            Error::Startup(vec![format!(
                "the dashboard can't be shown on `{address}`: {error}; stop what is there, or choose another port \
                 (0 takes a free one)"
            )])
        })
    }

    /// Shows the dashboard there until the services of the server stop.
    pub(crate) fn serve(self, server: &mut Server) {
        let runtime = &server.worker.runtime;
        server.dashboard = Some(self.address);
        server.services.push(runtime.services.spawn(pages(self.socket, self.shown, runtime)));
    }
}

#[cfg(feature = "dashboard")]
fn pages(socket: TcpListener, shown: Shown, runtime: &Runtime) -> impl Future<Output = ()> + use<> {
    let dashboard = of(runtime).role(shown.role).hosts(shown.hosts.iter().map(Host::as_str));
    let tokens = shown.tokens.into_iter();
    let dashboard = tokens.fold(dashboard, |dashboard, (who, token)| dashboard.token(who, token.as_str()));
    let dashboard = match shown.permit {
        Some(permit) => dashboard.permit(move |who, action, target| permit.allows(who, action, target)),
        None => dashboard,
    };
    let queries = shown.queries.iter();
    let dashboard = queries.fold(dashboard, |dashboard, (name, query)| dashboard.query(name, query));
    let dashboard = shown.links.iter().fold(dashboard, |dashboard, (name, to)| dashboard.link(name, to));
    let Site { title, home, colour } = shown.site;
    let dashboard = title.iter().fold(dashboard, Dashboard::title);
    let dashboard = home.iter().fold(dashboard, Dashboard::home);
    let dashboard = colour.iter().fold(dashboard, Dashboard::environment_colour);
    let dashboard = match shown.environment {
        Some(name) => dashboard.environment(name),
        None => dashboard,
    };
    async move {
        if let Err(error) = dashboard.serve(socket).await {
            tracing::error!(%error, "the dashboard is not shown");
        }
    }
}

#[cfg(feature = "dashboard")]
fn of(runtime: &Runtime) -> Dashboard {
    Dashboard::new(Arc::clone(&runtime.store), Arc::clone(&runtime.clock))
        .operations(runtime.operations.clone())
        .retention(runtime.retention)
}

/// Is never asked: without the feature no address is accepted.
#[cfg(not(feature = "dashboard"))]
fn pages(_: TcpListener, _: Shown, _: &Runtime) -> std::future::Ready<()> {
    std::future::ready(())
}

#[cfg(feature = "dashboard")]
impl Builder {
    /// Shows the dashboard on an address, as in `127.0.0.1:4010`; with the port 0 on a free one, which
    /// [`Server::dashboard_addr`] tells. `BOLTJOBS_DASHBOARD`; default not at all. An address that is not loopback takes a
    /// [`dashboard_token`](Self::dashboard_token).
    ///
    /// Without a token whoever has an account on the machine can see it. Fields marked `#[request(sensitive)]` are masked.
    pub fn dashboard(mut self, address: impl Into<String>) -> Self {
        self.settings.dashboard.address = Some(address.into());
        self
    }

    /// Sets what those who see the dashboard may do, as long as there is no [`dashboard_token`](Self::dashboard_token).
    /// `BOLTJOBS_DASHBOARD_ROLE`: `read`, `operate` or `administer`; default [`Role::Read`], which only looks.
    pub fn dashboard_role(mut self, role: Role) -> Self {
        self.settings.dashboard.role = Some(role);
        self
    }

    /// Shows the dashboard to those who have a token of 16 visible ASCII characters or more, and to nobody who has none. It
    /// can be said several times: for a role, or for somebody with a name ([`Identity::new`]), which the audit tells.
    /// `BOLTJOBS_DASHBOARD_TOKEN`, for the role of `BOLTJOBS_DASHBOARD_ROLE`; default no token.
    ///
    /// Programs send it in the header `Authorization: Bearer <token>`; a browser gets a page to log in.
    pub fn dashboard_token(mut self, who: impl Into<Identity>, token: impl AsRef<str>) -> Self {
        self.settings.dashboard.tokens.push((who.into(), token.as_ref().parse()));
        self
    }

    /// Shows the dashboard under the name of a host, too, without a port: `jobs.example.org`. It takes a
    /// [`dashboard_token`](Self::dashboard_token). `BOLTJOBS_DASHBOARD_HOSTS`, separated by commas; default loopback alone,
    /// and any address with a token.
    pub fn dashboard_host(mut self, host: impl AsRef<str>) -> Self {
        self.settings.dashboard.hosts.push(host.as_ref().parse());
        self
    }

    /// Asks a fn about each action that the role of somebody allows: whether they may do it, as in `pause`, to something, as in
    /// `queue mail`. Both are named as `/audit` has them. Default: the role alone decides. It is called for each button of a page,
    /// so it must not block.
    ///
    /// ```
    /// let builder = boltjobs::builder()
    ///     .dashboard_permit(|who, action, target| who.name() == "ada" || (action, target) != ("pause", "queue payments"));
    /// ```
    pub fn dashboard_permit(
        mut self,
        permit: impl Fn(&Identity, &str, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.settings.dashboard.permit = Some(Permit::new(permit));
        self
    }

    /// Shows a query under a name above the list of jobs, to everybody. It is what one types into the box there, as in
    /// `dashboard_query("Failed mails", "state:failed queue:mail")`, and it can be said several times. Default none. One that
    /// can't be read stops the start.
    pub fn dashboard_query(mut self, name: impl Into<String>, query: impl Into<String>) -> Self {
        self.settings.dashboard.queries.push((name.into(), query.into()));
        self
    }

    /// Leads from the page of each job to where more is known of it, as in
    /// `dashboard_link("Trace", "https://tempo.example.org/trace/{trace_id}")`: `{job}` stands for the id of the job, and `{trace_id}` for
    /// that of its trace. It can be said several times. Default none. One that can't be used stops the start.
    pub fn dashboard_link(mut self, name: impl Into<String>, address: impl Into<String>) -> Self {
        self.settings.dashboard.links.push((name.into(), address.into()));
        self
    }

    /// Sets what the pages of the dashboard are called, in 40 characters at most. Default `boltjobs`.
    pub fn dashboard_title(mut self, title: impl Into<String>) -> Self {
        self.settings.dashboard.site.title = Some(title.into());
        self
    }

    /// Leads from every page of the dashboard back to the app: an address that begins with `https://`, `http://` or `/`. Default
    /// nowhere.
    pub fn dashboard_home(mut self, address: impl Into<String>) -> Self {
        self.settings.dashboard.site.home = Some(address.into());
        self
    }

    /// Sets the colour of the [name of where the program runs](Self::dashboard_environment): `grey`, `green`, `blue`, `amber` or
    /// `red`. Default red with `prod` in it, else grey.
    pub fn dashboard_environment_colour(mut self, colour: impl Into<String>) -> Self {
        self.settings.dashboard.site.colour = Some(colour.into());
        self
    }

    /// Sets the name that every page of the dashboard shows for where the program runs, as in `production`, so that
    /// nobody takes one for the other. `BOLTJOBS_DASHBOARD_ENVIRONMENT`; default none. It stands out if it has `prod`
    /// in it.
    pub fn dashboard_environment(mut self, name: impl Into<String>) -> Self {
        self.settings.dashboard.environment = Some(name.into());
        self
    }
}

#[cfg(feature = "dashboard")]
impl Server {
    /// Returns where the dashboard is shown, if it is.
    pub fn dashboard_addr(&self) -> Option<SocketAddr> {
        self.dashboard
    }

    /// Makes a dashboard of what this server has, to be nested in an app of one's own. It goes by its own settings and not by
    /// those of the builder.
    ///
    /// # Examples
    /// ```
    /// # fn main() {}
    /// # fn nested(server: &boltjobs::Server) -> Result<(), boltjobs::DashboardFaults> {
    /// let pages = server.dashboard().router()?;
    /// // let app = axum::Router::new().nest("/admin/jobs", pages);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dashboard(&self) -> Dashboard {
        self.worker.offer_demo();
        of(&self.worker.runtime)
    }
}

#[cfg(all(test, feature = "dashboard"))]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_by_number_and_as_localhost() {
        for text in ["127.0.0.1:4010", "localhost:4010", "[::1]:4010", "127.0.0.1:0"] {
            assert!(address(text).unwrap().ip().is_loopback(), "{text}");
        }
        assert_eq!(address("0.0.0.0:4010").unwrap().port(), 4_010);
    }

    #[test]
    fn what_is_no_address_is_refused_with_one_that_is() {
        for text in
            ["4010", "127.0.0.1", "localhost", "http://localhost:4010", "localhost:70000", "example.org:80"]
        {
            let fault = address(text).unwrap_err();
            assert!(fault.contains(text) && fault.contains("as in `127.0.0.1:4010`"), "{fault}");
        }
    }
}

#[cfg(all(test, not(feature = "dashboard")))]
mod tests {
    #[test]
    fn without_the_feature_every_address_is_refused_by_its_name() {
        assert!(super::address("127.0.0.1:4010").unwrap_err().contains("feature `dashboard`"));
    }
}
