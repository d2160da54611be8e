use axum::body::Body;
use axum::http::HeaderValue;
use boltjobs_fuzz::{cases, numbers, texts};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn written() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("localhost".to_owned()),
        Just("LOCALHOST".to_owned()),
        any::<[u8; 3]>().prop_map(|[b, c, d]| format!("127.{b}.{c}.{d}")),
        any::<[u8; 4]>().prop_map(|[a, b, c, d]| format!("{a}.{b}.{c}.{d}")),
        Just("[::1]".to_owned()),
        Just("[0:0:0:0:0:0:0:1]".to_owned()),
        "\\[[0-9a-f:]{2,12}\\]",
        "(localhost|127\\.0\\.0\\.1)[.@#/?-][a-z.]{1,9}",
        "[a-z]{1,9}[.@](localhost|127\\.0\\.0\\.1)",
    ];
    (name, option::of(numbers())).prop_map(|(name, port)| match port {
        Some(port) => format!("{name}:{port}"),
        None => name,
    })
}

/// Whether a host is this machine, by hand: one of the few names it can have, then perhaps a colon and digits.
fn is_here(host: &str) -> bool {
    let bytes = |name: &str| {
        let parts: Vec<_> = name.split('.').collect();
        let legal = |part: &&str| (part.len() == 1 || !part.starts_with('0')) && part.parse::<u8>().is_ok();
        parts.len() == 4 && parts.iter().all(legal) && !name.contains('+') && parts[0] == "127"
    };
    let v6 = |name: &str| {
        let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let digits = inner.map(|inner| inner.replace([':', '0', '.'], ""));
        inner.is_some_and(|inner| {
            inner.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.octets()[..15] == [0; 15])
        }) && digits.as_deref() == Some("1")
    };
    let names = |name: &str| name.eq_ignore_ascii_case("localhost") || bytes(name) || v6(name);
    let without_port = host.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix(':');
    names(host) || without_port.is_some_and(names)
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn a_host_is_let_through_exactly_if_it_is_this_machine(host in texts(written())) {
        prop_assert_eq!(Hosts::default().have(&host), is_here(&host), "{}", host);
    }

    #[test]
    fn a_request_is_let_through_only_with_one_host_that_is_this_machine(
        hosts in vec(prop_oneof![texts(written()).prop_map(String::into_bytes), vec(any::<u8>(), 0..20)], 0..3),
        target in option::of(texts(written())),
    ) {
        let uri = target.map_or_else(|| "/".to_owned(), |target| format!("http://{target}/"));
        let Ok(mut request) = Request::builder().uri(&uri).body(Body::empty()) else { return Ok(()) };
        let values: Vec<_> = hosts.iter().filter_map(|host| HeaderValue::from_bytes(host).ok()).collect();
        request.headers_mut().extend(values.iter().map(|host| (HOST, host.clone())));
        let here = |host: &str| is_here(host);
        let legal = values.len() == 1
            && values[0].to_str().is_ok_and(here)
            && request.uri().authority().is_none_or(|target| here(target.as_str()));
        prop_assert_eq!(Hosts::default().answer(&request), legal, "{:?} {}", values, uri);
    }
}
