//! Where the dashboard is shown. It runs on the thread of the services, so no handler can freeze it.

use std::net::{SocketAddr, TcpListener};
#[cfg(feature = "dashboard")]
use std::sync::Arc;

use boltjobs_core::access::Role;
use boltjobs_core::text::shown;
#[cfg(feature = "dashboard")]
use boltjobs_dashboard::Dashboard;

use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::server::Server;
#[cfg(feature = "dashboard")]
use crate::start::Builder;

/// Reads an address on which it may be shown.
pub(crate) fn address(text: &str) -> std::result::Result<SocketAddr, String> {
    if !cfg!(feature = "dashboard") {
        return Err("boltjobs was built without its feature `dashboard`; turn it on".to_owned());
    }
    let numbers = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: SocketAddr = numbers.as_deref().unwrap_or(text).parse().map_err(|_| {
        let text = shown(text);
        format!("`{text}` is no address for the dashboard; write it with its port, as in `127.0.0.1:4010`")
    })?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    let (text, port) = (shown(text), address.port());
    Err(format!(
        "`{text}` is no loopback address, and this release shows the dashboard on loopback only; use \
         `127.0.0.1:{port}`, and `ssh -L {port}:127.0.0.1:{port} <host>` to see it from elsewhere"
    ))
}

/// A place that is taken for the dashboard.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    role: Role,
    environment: Option<String>,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr, role: Role, environment: Option<String>) -> Result<Self> {
        let bound = TcpListener::bind(address)
            .and_then(|socket| Ok(Self { address: socket.local_addr()?, socket, role, environment }));
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
        server.services.push(runtime.services.spawn(pages(self, runtime)));
    }
}

#[cfg(feature = "dashboard")]
fn pages(listener: Listener, runtime: &Runtime) -> impl Future<Output = ()> + use<> {
    let (store, clock) = (Arc::clone(&runtime.store), Arc::clone(&runtime.clock));
    let Listener { socket, role, environment, .. } = listener;
    let mut dashboard = Dashboard::new(store, clock).role(role);
    if let Some(name) = environment {
        dashboard = dashboard.environment(name);
    }
    async move {
        if let Err(error) = dashboard.serve(socket).await {
            tracing::error!(%error, "the dashboard is not shown");
        }
    }
}

/// Is never asked: without the feature no address is accepted.
#[cfg(not(feature = "dashboard"))]
fn pages(_: Listener, _: &Runtime) -> std::future::Ready<()> {
    std::future::ready(())
}

#[cfg(feature = "dashboard")]
impl Builder {
    /// Shows the dashboard on a loopback address, as in `127.0.0.1:4010`; with the port 0 on a free one, which
    /// [`Server::dashboard_addr`] tells. `BOLTJOBS_DASHBOARD`; default not at all.
    ///
    /// Whoever has an account on the machine can see it. Fields marked `#[request(sensitive)]` are masked.
    pub fn dashboard(mut self, address: impl Into<String>) -> Self {
        self.settings.dashboard = Some(address.into());
        self
    }

    /// Sets what those who see the dashboard may do. `BOLTJOBS_DASHBOARD_ROLE`: `read`, `operate` or `administer`;
    /// default [`Role::Read`], which only looks.
    pub fn dashboard_role(mut self, role: Role) -> Self {
        self.settings.dashboard_role = Some(role);
        self
    }

    /// Sets the name that every page of the dashboard shows for where the program runs, as in `production`, so that
    /// nobody takes one for the other. `BOLTJOBS_DASHBOARD_ENVIRONMENT`; default none. It stands out if it has `prod`
    /// in it.
    pub fn dashboard_environment(mut self, name: impl Into<String>) -> Self {
        self.settings.dashboard_environment = Some(name.into());
        self
    }
}

#[cfg(feature = "dashboard")]
impl Server {
    /// Returns where the dashboard is shown, if it is.
    pub fn dashboard_addr(&self) -> Option<SocketAddr> {
        self.dashboard
    }
}

#[cfg(all(test, feature = "dashboard"))]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_are_read_by_number_and_as_localhost() {
        for text in ["127.0.0.1:4010", "localhost:4010", "[::1]:4010", "127.0.0.1:0"] {
            assert!(address(text).unwrap().ip().is_loopback(), "{text}");
        }
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

    #[test]
    fn an_address_that_others_can_reach_is_refused_with_the_way_to_reach_it() {
        for text in ["0.0.0.0:4010", "[::]:4010", "192.168.0.7:4010"] {
            let fault = address(text).unwrap_err();
            assert!(fault.contains("on loopback only") && fault.contains("ssh -L 4010:"), "{fault}");
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
