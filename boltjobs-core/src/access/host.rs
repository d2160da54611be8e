//! The names under which a dashboard is reached.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use crate::text::shown;

/// The name or the address of a host, without a port; upper and lower case are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(Arc<str>);

impl Host {
    /// Returns the name in lower case; an IPv6 address has its brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the address, if it is one: an IPv6 address stands in brackets.
    pub fn address(&self) -> Option<IpAddr> {
        match self.0.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(inner) => inner.parse().map(IpAddr::V6).ok(),
            None => self.0.parse().map(IpAddr::V4).ok(),
        }
    }

    /// Says whether it is this machine, under a name that nobody else can give it.
    pub fn is_loopback(&self) -> bool {
        &*self.0 == "localhost" || self.address().is_some_and(|address| address.is_loopback())
    }
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = Self(text.to_ascii_lowercase().into());
        let letters =
            |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let legal = !text.is_empty() && text.split('.').all(|label| !label.is_empty() && letters(label));
        if legal || host.address().is_some() {
            return Ok(host);
        }
        let text = shown(text);
        Err(format!(
            "`{text}` is no host; write its name alone, without scheme, port and path, as in `jobs.example.org`"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses_without_a_port() {
        for text in [
            "jobs.example.org",
            "Jobs.Example.Org",
            "jobs",
            "my_host-1",
            "192.168.0.7",
            "[::1]",
            "[2001:db8::1]",
        ] {
            assert_eq!(text.parse::<Host>().unwrap().as_str(), text.to_lowercase());
        }
        for text in [
            "",
            "https://jobs.example.org",
            "jobs.example.org:80",
            "jobs/x",
            "::1",
            "*.example.org",
            "a b",
            "a..b",
            "[x]",
        ] {
            let fault = text.parse::<Host>().unwrap_err();
            assert!(fault.contains(&format!("`{text}` is no host")), "{fault}");
        }
    }

    #[test]
    fn only_loopback_is_loopback() {
        for (text, loopback) in [
            ("LocalHost", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("0.0.0.0", false),
            ("[::]", false),
            ("127.1", false),
            ("localhost.example.org", false),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().is_loopback(), loopback, "{text}");
        }
    }
}
