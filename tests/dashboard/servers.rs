//! What servers say of themselves: their version, their memory, and how late their runtime is.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use boltjobs_core::store::{Offer, Vitals};
use boltjobs_tests::{Bench, offer, patiently};
use serde_json::Value;

use super::{Block, GATE, Gate, HOSTILE, HOUR, address, assert_has, get, shown};

/// Lets a server come that says this of itself.
async fn arrive(bench: &Bench, server: &str, vitals: Vitals) {
    let (offer, now) = (offer("pay"), bench.clock_now());
    let offer = Offer { server: server.into(), vitals, ..Offer::clone(&offer) };
    bench.store.announce(Arc::new(offer), now, now.plus(HOUR)).await.unwrap();
}

fn told(version: &str, resident: u64, lag: u64) -> Vitals {
    Vitals {
        version: Some(version.into()),
        resident: Some(resident),
        lag: Some(Duration::from_millis(lag)),
        ..Vitals::default()
    }
}

/// Returns how many seconds late the one server is, if it has told.
fn lag(at: SocketAddr) -> Option<f64> {
    let servers: Value = serde_json::from_str(&get(at, "/api/servers").body).unwrap();
    servers["servers"][0]["lag_seconds"].as_f64()
}

#[tokio::test]
async fn servers_show_their_version_memory_and_lag_and_that_there_are_two_versions() {
    let bench = Bench::with(|builder| shown(builder).version("1.4.0").lease(HOUR)).await;
    let at = address(&bench);
    let page = get(at, "/servers").body;
    assert_has(&page, &["<code>1.4.0</code>", " MiB</td>"]);
    assert!(!page.contains("versions are running"), "{page}");

    arrive(&bench, "other", told(HOSTILE, 700 << 20, 250)).await;
    let page = get(at, "/servers").body;
    assert_has(
        &page,
        &[
            "2 versions are running: <code>1.4.0</code>, <code>&lt;script&gt;",
            "700 MiB",
            "data-label=\"Lag\">250ms",
        ],
    );
    assert!(!page.contains("<script>") && !page.contains("blocked</span>"), "{page}");
    let servers: Value = serde_json::from_str(&get(at, "/api/servers").body).unwrap();
    let other = servers["servers"].as_array().unwrap().iter().find(|it| it["name"] == "other").unwrap();
    assert_eq!((&other["version"], &other["resident_bytes"]), (&HOSTILE.into(), &(700_u64 << 20).into()));
    assert_eq!(other["lag_seconds"], 0.25);
    let scraped = get(at, "/metrics").body;
    assert_has(
        &scraped,
        &["boltjobs_server_lag_seconds{server=\"other\"} 0.25", "boltjobs_server_resident_bytes"],
    );
    assert_has(
        &scraped,
        &[&format!("boltjobs_server_info{{server=\"{}\",version=\"1.4.0\"}} 1", bench.server.name())],
    );
}

#[tokio::test]
async fn a_runtime_that_is_more_than_a_second_late_needs_somebody() {
    let bench = Bench::with(|builder| shown(builder).lease(HOUR)).await;
    let at = address(&bench);
    arrive(&bench, "late", told("1", 1, 1_000)).await;
    assert_has(&get(at, "/").body, &["All is well."]);
    arrive(&bench, "late", told("1", 1, 1_001)).await;
    let page = get(at, "/health").body;
    assert_has(
        &page,
        &["The runtime is up to 1s1ms late on <code>late</code>: async handlers hold its threads"],
    );
    assert_has(&get(at, "/servers").body, &["1s1ms <span class=\"badge bad\">blocked</span>"]);
}

#[tokio::test]
async fn a_heartbeat_tells_how_late_a_blocked_runtime_is_so_far() {
    let ((blocked, has_blocked), (go_on, heard)) = (mpsc::channel(), mpsc::channel());
    GATE.set(Gate { blocked, go_on: Mutex::new(heard) }).unwrap();
    let bench = Bench::with(shown).await;
    let (at, clock) = (address(&bench), Arc::clone(&bench.clock));
    let looking = std::thread::spawn(move || {
        has_blocked.recv().unwrap();
        let found = loop {
            clock.advance(Duration::from_secs(10));
            let lag = lag(at);
            if lag.is_some_and(|lag| lag >= 10.0) {
                break lag;
            }
        };
        go_on.send(()).unwrap();
        found
    });
    let job = bench.scope(async { Block.enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    assert!(looking.join().unwrap().is_some(), "it is a whole heartbeat late by then");
    // The next thing begins at once.
    patiently(async {
        loop {
            bench.clock.advance(Duration::from_secs(10));
            tokio::task::yield_now().await;
            if lag(address(&bench)) == Some(0.0) {
                break;
            }
        }
    })
    .await;
}
