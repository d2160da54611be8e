//! The cookies: one holds the id of a session, one the queries that a browser keeps, and one the columns of its lists.
//!
//! Each is for our paths alone, no script reads it, and no page from elsewhere has a browser send the first. None is marked `Secure`:
//! whether the browser asked over https is known to the proxy in front alone.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST};

use crate::link::Base;
use crate::sessions;

const SESSION: &str = "boltjobs";
const QUERIES: &str = "boltjobs-queries";
const COLUMNS: &str = "boltjobs-columns";

/// For how long queries and columns are kept: no browser keeps anything for longer.
const LONG: u64 = 400 * 24 * 60 * 60;

/// Returns the name of a cookie. Browsers don't tell ports apart, so the name does.
fn name(headers: &HeaderMap, stem: &str) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()));
    port.map_or_else(|| stem.to_owned(), |port| format!("{stem}_{port}"))
}

/// Returns the ids of sessions that a browser sends; there may be one for each path.
pub(crate) fn ids(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    values(headers, SESSION)
}

/// Returns the queries that a browser keeps, as they are written; there may be some for each path.
pub(crate) fn queries(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    values(headers, QUERIES)
}

/// Returns the columns that a browser keeps, as they are written; there may be some for each path.
pub(crate) fn columns(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    values(headers, COLUMNS)
}

fn values<'a>(headers: &'a HeaderMap, stem: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let name = name(headers, stem);
    let pairs = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = pairs.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(found, _)| *found == name).map(|(_, id)| id)
}

/// Returns what has a browser keep an id for as long as the session lasts.
pub(crate) fn keep(headers: &HeaderMap, base: &Base, id: &str) -> String {
    cookie(headers, base, (SESSION, id), sessions::SPAN.as_secs(), "Strict")
}

/// Returns what has a browser forget it.
pub(crate) fn forget(headers: &HeaderMap, base: &Base) -> String {
    cookie(headers, base, (SESSION, ""), 0, "Strict")
}

/// Returns what has a browser keep queries. They come along a link from elsewhere, too, as they let nobody in.
pub(crate) fn keep_queries(headers: &HeaderMap, base: &Base, value: &str) -> String {
    keep_long(headers, base, (QUERIES, value))
}

/// Returns what has a browser keep columns.
pub(crate) fn keep_columns(headers: &HeaderMap, base: &Base, value: &str) -> String {
    keep_long(headers, base, (COLUMNS, value))
}

/// Returns what has a browser keep how it wants the pages, as the script does; nothing is kept of what is as for everybody.
pub(crate) fn keep_choice(base: &Base, name: &str, value: &str) -> String {
    let (path, seconds) = (base.path(""), if value.is_empty() { 0 } else { LONG });
    let path = if path.is_empty() || path.contains([';', ',']) { "/" } else { &path };
    format!("{name}={value}; Path={path}; Max-Age={seconds}; SameSite=Strict")
}

fn keep_long(headers: &HeaderMap, base: &Base, (stem, value): (&str, &str)) -> String {
    cookie(headers, base, (stem, value), if value.is_empty() { 0 } else { LONG }, "Lax")
}

fn cookie(headers: &HeaderMap, base: &Base, (stem, value): (&str, &str), seconds: u64, site: &str) -> String {
    let (name, path) = (name(headers, stem), base.path(""));
    // What can't stand in a cookie can't be its path.
    let path = if path.is_empty() || path.contains([';', ',']) { "/" } else { &path };
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite={site}")
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
