//! Where the dashboard is shown, and to whom.

use std::net::SocketAddr;

use boltjobs_core::access::{Host, Identity, Permit, Role, Token};

use super::Reader;
use crate::dashboard;

/// What the builder was told of it.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) address: Option<String>,
    pub(crate) role: Option<Role>,
    /// The tokens, each with the fault that it has.
    pub(crate) tokens: Vec<(Identity, Result<Token, String>)>,
    pub(crate) hosts: Vec<Result<Host, String>>,
    pub(crate) permit: Option<Permit>,
    pub(crate) environment: Option<String>,
    /// Queries for everybody, each behind its name.
    pub(crate) queries: Vec<(String, String)>,
    /// Where more is known of each job, behind its name.
    pub(crate) links: Vec<(String, String)>,
    pub(crate) site: Site,
}

/// What the app says of itself.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "dashboard"), expect(dead_code, reason = "without the feature nothing is said"))]
pub(crate) struct Site {
    pub(crate) title: Option<String>,
    pub(crate) home: Option<String>,
    /// The colour of the name of where the program runs.
    pub(crate) colour: Option<String>,
}

/// All of it, decided and checked.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(feature = "dashboard"),
    expect(dead_code, reason = "without the feature no address is accepted")
)]
pub(crate) struct Shown {
    pub(crate) address: SocketAddr,
    pub(crate) role: Role,
    pub(crate) tokens: Vec<(Identity, Token)>,
    pub(crate) hosts: Vec<Host>,
    /// What the app says of each action.
    pub(crate) permit: Option<Permit>,
    /// The name of where the program runs.
    pub(crate) environment: Option<String>,
    /// Queries for everybody, each behind its name.
    pub(crate) queries: Vec<(String, String)>,
    /// Where more is known of each job, behind its name.
    pub(crate) links: Vec<(String, String)>,
    pub(crate) site: Site,
}

impl Wanted {
    /// Decides where it is shown, if anywhere, with a fault for each value that can't be used.
    pub(super) fn resolve(self, read: &mut Reader<'_>) -> Option<Shown> {
        let asked = if self.address.is_some() { "" } else { "BOLTJOBS_DASHBOARD: " };
        let address = match self.address {
            Some(text) => read.legal("", dashboard::address(&text)),
            None => read.variable("BOLTJOBS_DASHBOARD", dashboard::address),
        };
        let role =
            self.role.or_else(|| read.variable("BOLTJOBS_DASHBOARD_ROLE", str::parse)).unwrap_or_default();
        let faults = read.faults.len();
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for (who, token) in self.tokens {
            let asked = format!("the token of `{}` for the dashboard: ", who.name());
            tokens.extend(read.legal(&asked, token).map(|token| (who, token)));
        }
        if tokens.is_empty() && read.faults.len() == faults {
            let token = read.variable("BOLTJOBS_DASHBOARD_TOKEN", str::parse::<Token>);
            tokens.extend(token.map(|token| (role.into(), token)));
        }
        // A token that can't be used is fault enough.
        let open = tokens.is_empty() && read.faults.len() == faults;
        let named = if self.hosts.is_empty() { "BOLTJOBS_DASHBOARD_HOSTS: " } else { "" };
        let hosts: Vec<_> = if self.hosts.is_empty() {
            read.variable("BOLTJOBS_DASHBOARD_HOSTS", hosts).unwrap_or_default()
        } else {
            self.hosts.into_iter().filter_map(|host| read.legal("", host)).collect()
        };
        let environment = self
            .environment
            .or_else(|| read.variable("BOLTJOBS_DASHBOARD_ENVIRONMENT", |text| Ok(text.to_owned())));
        // Without the feature there is no way to say one.
        #[cfg(feature = "dashboard")]
        for (name, query) in &self.queries {
            read.legal("the dashboard: ", boltjobs_dashboard::check_query(name, query));
        }
        #[cfg(feature = "dashboard")]
        for (name, address) in &self.links {
            read.legal("the dashboard: ", boltjobs_dashboard::check_link(name, address));
        }
        #[cfg(feature = "dashboard")]
        {
            let Site { title, home, colour } = &self.site;
            let checked =
                boltjobs_dashboard::check_site(title.as_deref(), home.as_deref(), colour.as_deref());
            read.legal("the dashboard: ", checked);
        }
        let address = address?;
        if open && !address.ip().is_loopback() {
            let port = address.port();
            read.faults.push(format!(
                "{asked}`{address}` is no loopback address, so everybody who reaches it would see the dashboard; {TOKEN}, or \
                 use `127.0.0.1:{port}` and `ssh -L {port}:127.0.0.1:{port} <host>`"
            ));
        }
        if open && let Some(host) = hosts.iter().find(|host| !host.is_loopback()) {
            let host = host.as_str();
            read.faults.push(format!(
                "{named}under `{host}` everybody who reaches it would see the dashboard; {TOKEN}"
            ));
        }
        let Self { permit, queries, links, site, .. } = self;
        Some(Shown { address, role, tokens, hosts, permit, environment, queries, links, site })
    }
}

/// How it is closed to those whom it does not concern.
const TOKEN: &str = "add a token with `dashboard_token` of the builder or BOLTJOBS_DASHBOARD_TOKEN";

/// Reads `jobs.example.org,jobs.example.com`.
fn hosts(text: &str) -> Result<Vec<Host>, String> {
    text.split(',').map(|host| host.trim().parse()).collect()
}

#[cfg(all(test, feature = "dashboard"))]
mod tests {
    use super::super::{Resolved, Settings};
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn with(variables: &[(&str, &str)]) -> Result<Resolved, Vec<String>> {
        resolved(Wanted::default(), variables)
    }

    fn resolved(dashboard: Wanted, variables: &[(&str, &str)]) -> Result<Resolved, Vec<String>> {
        let value = |asked: &str| {
            variables.iter().find(|(name, _)| *name == asked).map(|(_, text)| (*text).to_owned())
        };
        Settings { dashboard, ..Settings::default() }.resolve(value)
    }

    #[expect(clippy::unwrap_used, reason = "a test that can't go on fails")]
    fn shown(variables: &[(&str, &str)]) -> Shown {
        with(variables).unwrap().dashboard.unwrap()
    }

    #[test]
    fn the_dashboard_is_shown_where_the_environment_says_unless_the_builder_does() {
        let there = ("BOLTJOBS_DASHBOARD", "127.0.0.1:4010");
        assert_eq!(shown(&[there]).address.to_string(), "127.0.0.1:4010");
        let role =
            |text| with(&[there, ("BOLTJOBS_DASHBOARD_ROLE", text)]).map(|it| it.dashboard.unwrap().role);
        assert_eq!((role(""), role("Operate")), (Ok(Role::Read), Ok(Role::Operate)));
        assert!(role("root").unwrap_err()[0].starts_with("BOLTJOBS_DASHBOARD_ROLE: `root` is no role"));
        let told = Wanted { address: Some("localhost:4011".to_owned()), ..Wanted::default() };
        assert_eq!(
            resolved(told, &[there]).unwrap().dashboard.unwrap().address.to_string(),
            "127.0.0.1:4011"
        );
        let environment = shown(&[there, ("BOLTJOBS_DASHBOARD_ENVIRONMENT", "staging")]).environment;
        assert_eq!(environment.as_deref(), Some("staging"));
    }

    #[test]
    fn a_token_and_hosts_come_from_the_environment_unless_the_builder_has_its_own() {
        let variables = [
            ("BOLTJOBS_DASHBOARD", "0.0.0.0:4010"),
            ("BOLTJOBS_DASHBOARD_ROLE", "operate"),
            ("BOLTJOBS_DASHBOARD_TOKEN", SECRET),
            ("BOLTJOBS_DASHBOARD_HOSTS", "jobs.example.org, Jobs.example.com"),
        ];
        let found = shown(&variables);
        assert_eq!(found.tokens, [(Role::Operate.into(), SECRET.parse().unwrap())]);
        let names: Vec<_> = found.hosts.iter().map(Host::as_str).collect();
        assert_eq!(names, ["jobs.example.org", "jobs.example.com"]);

        let told = Wanted {
            tokens: vec![(Identity::new("ada", Role::Read), "fedcba9876543210".parse())],
            hosts: vec!["other.example.org".parse()],
            ..Wanted::default()
        };
        let found = resolved(told, &variables).unwrap().dashboard.unwrap();
        assert_eq!((found.tokens.len(), found.tokens[0].0.name()), (1, "ada"));
        assert_eq!((found.hosts.len(), found.hosts[0].as_str()), (1, "other.example.org"));
    }

    #[test]
    fn what_others_can_reach_is_refused_without_a_token() {
        for at in ["0.0.0.0:4010", "[::]:4010", "192.168.0.7:4010"] {
            let faults = with(&[("BOLTJOBS_DASHBOARD", at)]).unwrap_err();
            assert_eq!(faults.len(), 1);
            assert!(
                faults[0].starts_with(&format!("BOLTJOBS_DASHBOARD: `{at}` is no loopback address")),
                "{faults:?}"
            );
            assert!(
                faults[0].contains("BOLTJOBS_DASHBOARD_TOKEN") && faults[0].contains("ssh -L 4010:"),
                "{faults:?}"
            );
            assert_eq!(
                shown(&[("BOLTJOBS_DASHBOARD", at), ("BOLTJOBS_DASHBOARD_TOKEN", SECRET)]).tokens.len(),
                1
            );
        }
        let here = ("BOLTJOBS_DASHBOARD", "127.0.0.1:4010");
        let faults = with(&[here, ("BOLTJOBS_DASHBOARD_HOSTS", "jobs.example.org")]).unwrap_err();
        assert!(
            faults[0].starts_with("BOLTJOBS_DASHBOARD_HOSTS: under `jobs.example.org` everybody"),
            "{faults:?}"
        );
        assert_eq!(shown(&[here, ("BOLTJOBS_DASHBOARD_HOSTS", "localhost")]).hosts.len(), 1);
    }

    #[test]
    fn a_token_that_cant_be_used_is_one_fault_and_is_not_told() {
        let (at, short) = (("BOLTJOBS_DASHBOARD", "0.0.0.0:4010"), ("BOLTJOBS_DASHBOARD_TOKEN", "s3cret"));
        let faults = with(&[at, short]).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("BOLTJOBS_DASHBOARD_TOKEN: a token of 6 characters"), "{faults:?}");
        let told = Wanted { tokens: vec![(Role::Read.into(), "s3cret".parse())], ..Wanted::default() };
        // The one of the environment does not stand in for it.
        let faults = resolved(told, &[at, ("BOLTJOBS_DASHBOARD_TOKEN", SECRET)]).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("the token of `read` for the dashboard: "), "{faults:?}");
        assert!(!faults[0].contains("s3cret"), "{faults:?}");
    }
}
