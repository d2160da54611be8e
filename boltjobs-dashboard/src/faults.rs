//! What stops a dashboard from being shown.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;

use crate::gate::Gate;
use crate::hosts::Hosts;
use crate::secret::random;
use crate::{Dashboard, attempts, sessions};

/// Everything that is wrong with the settings of a dashboard, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Error for Faults {}

impl Dashboard {
    /// Checks all that was set, for an address if it is known.
    pub(crate) fn gate(&self, at: Option<SocketAddr>) -> Result<Gate, Faults> {
        let guarded = !self.tokens.is_empty() || self.check.is_some();
        let mut faults = self.faults.clone();
        // A token that can't be used is fault enough.
        if !guarded && faults.is_empty() {
            let open =
                self.hosts.iter().filter(|host| !host.is_loopback()).map(|host| host.as_str().to_owned());
            let open = open.chain(at.filter(|at| !at.ip().is_loopback()).map(|at| at.to_string()));
            faults.extend(open.map(|open| {
                format!("under `{open}` everybody could act in the dashboard; add `token` or `authorize`")
            }));
        }
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        Ok(Gate {
            role: self.role,
            tokens: self.tokens.clone(),
            check: self.check.clone(),
            permit: self.permit.clone(),
            hosts: Hosts { names: self.hosts.clone(), addresses: guarded },
            forms: random().unwrap_or_default().into(),
            sessions: sessions::Sessions::default(),
            attempts: attempts::Attempts::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use boltjobs_core::access::{Identity, Role};
    use boltjobs_core::memory::MemoryStore;

    use super::*;
    use crate::routes::fuzz::Stopped;

    const SECRET: &str = "0123456789abcdef";

    fn dashboard() -> Dashboard {
        Dashboard::new(Arc::new(MemoryStore::new()), Arc::new(Stopped))
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_no_token_is() {
        let wrong = dashboard().token(Identity::new("ada", Role::Read), "s3cret").host("jobs.example.org:80");
        let faults = wrong.router().unwrap_err().to_string();
        assert_eq!(faults.lines().count(), 2, "{faults}");
        assert!(faults.contains("the token of `ada`: a token of 6 characters"), "{faults}");
        assert!(
            faults.contains("`jobs.example.org:80` is no host") && !faults.contains("s3cret"),
            "{faults}"
        );
    }

    #[test]
    fn what_others_can_reach_takes_a_token_or_a_check() {
        let anywhere = Some("0.0.0.0:4010".parse().unwrap());
        for (open, at) in [(dashboard().host("jobs.example.org"), None), (dashboard(), anywhere)] {
            assert!(open.gate(at).unwrap_err().to_string().contains("add `token` or `authorize`"));
            assert!(open.token(Role::Read, SECRET).gate(at).is_ok());
        }
        assert!(dashboard().hosts(["jobs.example.org"]).authorize(|_| None).gate(anywhere).is_ok());
        assert!(dashboard().host("localhost").gate(Some("127.0.0.2:80".parse().unwrap())).is_ok());
    }
}
