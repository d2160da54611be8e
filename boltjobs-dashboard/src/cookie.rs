//! The cookie that holds the id of a session.
//!
//! It is for our paths alone, no script reads it, and no page from elsewhere has a browser send it. It is not marked `Secure`:
//! whether the browser asked over https is known to the proxy in front alone.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST};

use crate::link::Base;
use crate::sessions;

/// Returns the name of the cookie. Browsers don't tell ports apart, so the name does.
fn name(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()));
    port.map_or_else(|| "boltjobs".to_owned(), |port| format!("boltjobs_{port}"))
}

/// Returns what the cookies of ours hold; there may be one for each path.
pub(crate) fn ids(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let name = name(headers);
    let pairs = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = pairs.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(found, _)| *found == name).map(|(_, id)| id)
}

/// Returns what has a browser keep an id for as long as the session lasts.
pub(crate) fn keep(headers: &HeaderMap, base: &Base, id: &str) -> String {
    cookie(headers, base, id, sessions::SPAN.as_secs())
}

/// Returns what has a browser forget it.
pub(crate) fn forget(headers: &HeaderMap, base: &Base) -> String {
    cookie(headers, base, "", 0)
}

fn cookie(headers: &HeaderMap, base: &Base, id: &str, seconds: u64) -> String {
    let (name, path) = (name(headers), base.path(""));
    // What can't stand in a cookie can't be its path.
    let path = if path.is_empty() || path.contains([';', ',']) { "/" } else { &path };
    format!("{name}={id}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str, cookies: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        headers.extend(cookies.iter().map(|cookies| (COOKIE, cookies.parse().unwrap())));
        headers
    }

    #[test]
    fn the_id_is_found_among_the_cookies_of_others() {
        let all = headers(
            "localhost:4010",
            &["a=1; boltjobs_4010=x;boltjobs_4011=y", "boltjobs_4010=z; boltjobs=q"],
        );
        assert_eq!(ids(&all).collect::<Vec<_>>(), ["x", "z"]);
        assert_eq!(
            ids(&headers("jobs.example.org", &["boltjobs=q; xboltjobs=r; boltjobs"])).collect::<Vec<_>>(),
            ["q"]
        );
        assert_eq!(ids(&headers("[::1]:80", &["boltjobs_80=v6"])).collect::<Vec<_>>(), ["v6"]);
    }

    #[test]
    fn a_cookie_is_for_our_paths_alone_and_for_no_script() {
        let here = headers("localhost:4010", &[]);
        assert_eq!(
            keep(&here, &Base::default(), "x"),
            "boltjobs_4010=x; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
        );
        let nested = forget(&here, &Base::of("/admin/jobs/login", "/login"));
        assert_eq!(nested, "boltjobs_4010=; Path=/admin/jobs; Max-Age=0; HttpOnly; SameSite=Strict");
    }
}
