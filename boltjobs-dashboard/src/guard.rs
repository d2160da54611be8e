//! What stands before every page: who may ask for it, how, and what a browser may do with the answer.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Source;
use crate::access::{Role, is_own};

/// Nothing but its own style, script and pictures, and forms that lead to itself: nothing inline, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Lets through who looks, under a name that nobody else can give this machine, and who may do more, from a page of ours.
pub(crate) async fn check(State(source): State<Source>, request: Request, next: Next) -> Response {
    let acts = request.method() == Method::POST && source.access.role > Role::Read;
    let mut response = if !names_loopback(&request) {
        let why =
            "the dashboard answers to `localhost`, `127.0.0.1` and `[::1]` only; open it by one of them\n";
        (StatusCode::FORBIDDEN, why).into_response()
    } else if acts && !is_own(&request) {
        let why = "the request does not come from a page of the dashboard\n";
        (StatusCode::FORBIDDEN, why).into_response()
    } else if acts || [Method::GET, Method::HEAD].contains(request.method()) {
        next.run(request).await
    } else {
        let why = "the dashboard only looks here: use GET, or give it a role with `dashboard_role` of the builder or \
                   BOLTJOBS_DASHBOARD_ROLE\n";
        (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")], why).into_response()
    };
    // Only what is the same for everybody says itself how long it may be kept.
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ];
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

/// Says whether the request names this machine and nothing else. A page from elsewhere can have its own name lead here
/// (DNS rebinding), but it can't make a browser send another one.
fn names_loopback(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let host = first.and_then(|host| host.to_str().ok()).is_some_and(is_loopback);
    let target = request.uri().authority().is_none_or(|target| is_loopback(target.as_str()));
    host && second.is_none() && target
}

/// Says whether a host, with or without a port, is a loopback address or `localhost`.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let address = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(inner) => inner.parse().map(IpAddr::V6),
        None => name.parse().map(IpAddr::V4),
    };
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
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
            assert!(is_loopback(host), "{host}");
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
            assert!(!is_loopback(host), "{host}");
        }
    }
}
