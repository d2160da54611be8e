//! Under which names the pages are answered. A page from elsewhere can have its own name lead here (DNS rebinding), but it
//! can't make a browser send another one.

use axum::extract::Request;
use axum::http::header::HOST;
use boltjobs_core::access::Host;

/// The names beside those of loopback.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    pub(crate) names: Vec<Host>,
    /// Whether any address is answered. Nobody else can give one to this machine.
    pub(crate) addresses: bool,
}

impl Hosts {
    /// Says whether the request names a host of ours and nothing else.
    pub(crate) fn answer(&self, request: &Request) -> bool {
        let mut hosts = request.headers().get_all(HOST).iter();
        let (first, second) = (hosts.next(), hosts.next());
        let host = first.and_then(|host| host.to_str().ok()).is_some_and(|host| self.have(host));
        let target = request.uri().authority().is_none_or(|target| self.have(target.as_str()));
        host && second.is_none() && target
    }

    /// Says whether a host, with or without a port, is one of ours.
    fn have(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
            Some(_) | None => host,
        };
        name.parse::<Host>().is_ok_and(|host| {
            host.is_loopback() || self.addresses && host.address().is_some() || self.names.contains(&host)
        })
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        for host in
            ["localhost", "LocalHost:4010", "127.0.0.1", "127.0.0.1:80", "127.0.0.2", "[::1]", "[::1]:9"]
        {
            assert!(Hosts::default().have(host), "{host}");
        }
    }

    #[test]
    fn what_only_looks_like_loopback_is_refused() {
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil.example:127",
            "127.0.0.1.evil.example:4010",
            "localhost@evil.example",
            "localhost:80@evil.example",
            "192.168.0.1:4010",
            "0.0.0.0",
            "[::]:4010",
            "::1",
            "[127.0.0.1]",
            "127.1",
            "localhost:4010:4010",
        ] {
            assert!(!Hosts::default().have(host), "{host}");
        }
    }

    #[test]
    fn names_and_addresses_are_added_and_nothing_that_resembles_them() {
        let hosts = Hosts { names: vec!["Jobs.example.org".parse().unwrap()], addresses: true };
        for host in
            ["jobs.example.org", "JOBS.example.org:8443", "192.168.0.7:4010", "[2001:db8::1]:80", "localhost"]
        {
            assert!(hosts.have(host), "{host}");
        }
        for host in [
            "example.org",
            "evil.jobs.example.org",
            "jobs.example.org.evil.example",
            "127.1",
            "1.2.3.4.5",
            "3232235527",
        ] {
            assert!(!hosts.have(host), "{host}");
        }
    }
}
