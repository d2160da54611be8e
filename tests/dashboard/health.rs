//! Checks of what goes wrong slowly.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::Store;
use boltjobs::prelude::*;
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::store::Offer;
use boltjobs_tests::{Bench, Flaky, offer};
use serde_json::Value;

use super::{HOSTILE, HOUR, address, assert_has, get, overview, shown};

fn server(name: &str, lease: u64) -> Arc<Offer> {
    let lease = Duration::from_secs(lease);
    Arc::new(Offer { server: name.into(), lease, ..Offer::clone(&offer("pay")) })
}

#[tokio::test]
async fn a_payload_that_does_not_fit_its_type_is_found_before_it_is_run() {
    let bench = Bench::with(|builder| shown(builder).lease(HOUR)).await;
    let at = address(&bench);
    let add = async |number, version, payload: &str| {
        let spec = JobSpec { version, ..JobSpec::new("pay", payload.as_bytes()) };
        let later = Some(bench.clock_now().plus(HOUR));
        let job =
            NewJob { id: JobId::from_parts(bench.clock_now(), number), spec: spec.into(), start_at: later };
        bench.store.enqueue(vec![job], bench.clock_now()).await.unwrap();
    };
    add(1, 1, r#"{"note":"x","card":"y","unknown":7}"#).await;
    add(2, 0, r#"{"note":7}"#).await;
    let page = overview(at);
    assert_has(&page, &["All is well."]);
    add(3, 1, r#"{"note":7,"card":"y"}"#).await;
    assert_has(&overview(at), &["All is well."]);
    bench.clock.advance(Duration::from_secs(30));
    let page = get(at, "/health").body;
    assert_has(
        &page,
        &[
            "<strong>warning</strong>: Payloads of 1 waiting job of <code>pay</code> may not be readable: the field <code>note</code>",
        ],
    );
}

#[tokio::test]
async fn a_volume_that_fills_up_is_a_failure_to_come() {
    let store = Arc::new(Flaky::default());
    let bench = Bench::on(Arc::clone(&store) as Arc<dyn Store>, shown).await;
    let at = address(&bench);
    assert_has(&overview(at), &["All is well."]);
    store.leave(5 << 30, 100 << 30);
    let page = get(at, "/health").body;
    assert_has(
        &page,
        &["<strong>failure</strong>: Room gets short: 5120 MiB of 102400 MiB are free", "Make room"],
    );
    let checks: Value = serde_json::from_str(&get(at, "/api/health").body).unwrap();
    let found: Vec<_> =
        checks["checks"].as_array().unwrap().iter().filter(|it| it["passed"] == false).collect();
    assert_eq!((found.len(), &found[0]["severity"]), (1, &"failure".into()));
    store.leave(11 << 30, 100 << 30);
    assert_has(&overview(at), &["All is well."]);
}

#[tokio::test]
async fn clocks_that_are_behind_late_heartbeats_and_short_leases_are_told() {
    let bench = Bench::with(|builder| shown(builder).lease(HOUR)).await;
    let (at, now) = (address(&bench), bench.clock_now());
    let until = now.plus(HOUR * 9);
    let announce = async |offer, at| bench.store.announce(offer, at, until).await.unwrap();
    announce(server(HOSTILE, 30), now.minus(Duration::from_secs(61))).await;
    let page = get(at, "/health").body;
    assert_has(
        &page,
        &["The clocks of <code>&lt;script&gt;", "are up to 1m1s behind others: set them by NTP."],
    );
    assert!(!page.contains("<script>alert"), "{page}");

    bench.store.retire(HOSTILE.into()).await.unwrap();
    bench.clock.advance(Duration::from_mins(2));
    for beat in 0..4 {
        let page = get(at, "/health").body;
        assert!(!page.contains("come late again and again"), "{beat}: {page}");
        announce(server("slow", 30), now.plus(Duration::from_secs(21) * beat)).await;
    }
    assert_has(&get(at, "/health").body, &["Heartbeats of <code>slow</code> come late again and again"]);
    assert_has(&get(at, "/health").body, &["<strong>ok</strong>: the settings fit"]);
    announce(server("hasty", 4), bench.clock_now()).await;
    assert_has(&get(at, "/health").body, &["The lease of <code>hasty</code> is shorter than 5s"]);
}
