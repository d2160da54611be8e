//! What an orchestrator asks.

use std::sync::Arc;

use boltjobs_tests::{Bench, offer};

use super::{HOUR, address, ask, get, shown};

#[tokio::test]
async fn it_is_ready_while_a_server_that_is_alive_has_workers() {
    let bench = Bench::with(|builder| shown(builder).workers(0)).await;
    let ready = || {
        let answer = get(address(&bench), "/readyz");
        (answer.status, answer.body)
    };
    let why = "no server that is alive has workers\n".to_owned();
    assert_eq!(ready(), (503, why.clone()));
    assert_eq!(get(address(&bench), "/healthz").status, 200);
    let now = bench.clock_now();
    bench.store.announce(Arc::clone(&offer("pay")), now, now.plus(HOUR)).await.unwrap();
    assert_eq!(ready(), (200, "ok\n".to_owned()));
    // It keeps no lease.
    bench.clock.advance(HOUR);
    assert_eq!(ready(), (503, why));
}

#[tokio::test]
async fn probes_are_answered_under_any_host_without_a_token_and_only_look() {
    let bench =
        Bench::with(|builder| shown(builder).dashboard_token(super::access::READ.0, super::access::READ.1))
            .await;
    let at = address(&bench);
    for path in ["/healthz", "/readyz"] {
        for host in ["10.1.2.3:4010", "jobs.example.org", "localhost", ""] {
            let answer = ask(at, &format!("GET {path} HTTP/1.1\r\nHost: {host}"));
            assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "{host}{path}");
        }
        assert_eq!(ask(at, &format!("POST {path} HTTP/1.1\r\nHost: {at}\r\nContent-Length: 0")).status, 405);
    }
}
