//! Making up for runs of a recurring definition: by the form, and over JSON.

use std::net::SocketAddr;
use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::audit::{self, AuditEntry};
use boltjobs_tests::Bench;
use serde_json::Value;

use super::actions::{post, token};
use super::{HOSTILE, Pay, address, assert_has, get, pay_with, shown};

const PAGE: &str = "/recurring/night%2Fly/backfill";

/// The bench begins in 2026, and is brought to April.
async fn bench(role: DashboardRole) -> Bench {
    let bench = Bench::with(|builder| shown(builder).workers(0).dashboard_role(role)).await;
    bench
        .scope(async {
            let daily = Pay::recurring(pay_with("x"), "night/ly", cron!("30 2 * * *"));
            daily.timezone("Europe/Oslo").overlap(Overlap::Skip).await.unwrap();
        })
        .await;
    assert!(bench.client().recurring("night/ly").pause().await.unwrap());
    bench.clock.advance(Duration::from_hours(24 * 100));
    bench
}

fn look(at: SocketAddr, from: &str, to: &str) -> super::Answer {
    get(at, &format!("{PAGE}?from={from}&to={to}"))
}

/// Returns what a field of the form that does it holds.
fn value(page: &str, name: &str) -> String {
    let rest =
        page.split(&format!("type=\"hidden\" name=\"{name}\" value=\"")).nth(1).expect("the page has it");
    rest.split('"').next().unwrap().replace(':', "%3A").replace('+', "%2B")
}

async fn audited(bench: &Bench) -> AuditEntry {
    audit::read(&*bench.store, None, 1).await.unwrap().entries.remove(0)
}

#[tokio::test]
async fn the_runs_of_a_range_are_shown_with_the_clocks_and_then_enqueued_once() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    assert_has(&get(at, "/recurring/night%2Fly").body, &["href=\"/recurring/night%2Fly/backfill\""]);
    let page = look(at, "2026-03-28", "2026-04-01T00:00:00%2B02:00");
    assert_eq!(page.status, 200, "{}", page.body);
    // On the 29th the clock goes from 2 to 3.
    assert_has(&page.body, &["Sat 2026-03-28 02:30:00 CET", "2026-03-28T01:30:00Z"]);
    assert_has(&page.body, &["Sun 2026-03-29 03:00:00 CEST", "2026-03-29T01:00:00Z", " go forward by 1h"]);
    assert_has(&page.body, &["Mon 2026-03-30 02:30:00 CEST", "4 runs from", "4 jobs to enqueue."]);
    assert_has(&page.body, &["the schedule skips its own runs", "Enqueue 4 jobs"]);
    assert_eq!(bench.client().stats().await.unwrap().enqueued, 0, "a look does nothing");

    let fields = ["seen", "from", "to"].map(|name| format!("{name}={}", value(&page.body, name))).join("&");
    let form = format!("token={}&action=backfill&{fields}", token(at, "/recurring/night%2Fly"));
    let answer = post(at, PAGE, "", &form);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_has(
        &answer.head,
        &["location: /recurring/night%2fly/backfill?from=2026-03-27t23%3a00%3a00z", "did=backfill"],
    );
    let entry = audited(&bench).await;
    assert_eq!(
        (&*entry.action, &*entry.target, entry.done),
        ("backfill", "recurring definition night/ly", true)
    );
    assert_eq!(entry.detail, "4 jobs new, of 4 runs from 2026-03-27T23:00:00Z to 2026-03-31T22:00:00Z");
    let jobs = bench.client().jobs().list().await.unwrap().jobs;
    assert_eq!(jobs.len(), 4);
    let job = get(at, &format!("/jobs/{}", jobs[2].id())).body;
    assert_has(&job, &["/recurring/night%2Fly", "datetime=\"2026-03-29T01:00:00Z\""]);

    let again = look(at, "2026-03-28", "2026-04-02");
    assert_has(
        &again.body,
        &["1 job to enqueue, as the others are there.", "there already", "to be enqueued"],
    );
    assert_has(&post(at, PAGE, "", &form).head, &["did=nothing"]);
    assert!(!audited(&bench).await.done);
    assert_eq!(bench.client().stats().await.unwrap().enqueued, 4);
}

#[tokio::test]
async fn a_range_that_can_not_be_filled_says_how_it_can() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let hostile: String = HOSTILE.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for (from, to, why) in [
        ("soon", "2026-01-31", "write a day, as in `2026-01-31`, or an instant"),
        ("2026-01-31", "", "write a day"),
        ("2026-01-31", "2026-01-31", "set a later end"),
        ("2026-01-31", "2027-01-31", "end it at `2026-04-11T00:00:00Z` or before"),
        ("2020-01-31", "2026-01-31", "end it at `2022-10-27T00:30:00Z`, and begin the next one there"),
        (&*hostile, &*hostile, "&lt;script&gt;"),
    ] {
        let page = look(at, from, to);
        assert_eq!(page.status, 400, "{from} to {to}");
        // Names of code are shown as such.
        let body = page.body.replace("<code>", "`").replace("</code>", "`");
        assert_has(&body, &[why]);
        for part in ["<script>", "<img", "What would be done"] {
            assert!(!page.body.contains(part), "{}", page.body);
        }
        let answer = get(at, &format!("/api{PAGE}?from={from}&to={to}"));
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(serde_json::from_str::<Value>(&answer.body).unwrap()["error"].is_string());
    }
}

#[tokio::test]
async fn a_definition_that_has_changed_meanwhile_is_looked_at_again_first() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let page = look(at, "2026-03-28", "2026-03-30").body;
    let fields = ["seen", "from", "to"].map(|name| format!("{name}={}", value(&page, name))).join("&");
    bench.client().recurring("night/ly").edit().cron("@hourly").await.unwrap();
    let page =
        post(at, PAGE, "", &format!("token={}&action=backfill&{fields}", token(at, "/recurring/night%2Fly")));
    assert_eq!(page.status, 409);
    assert_has(&page.body, &["Nothing was done: the definition was changed", "Enqueue 47 jobs"]);
    assert!(!audited(&bench).await.done);
    assert_eq!(bench.client().stats().await.unwrap().enqueued, 0);
}

#[tokio::test]
async fn a_definition_shows_its_request_as_code_and_its_policies() {
    let bench = bench(DashboardRole::Read).await;
    let at = address(&bench);
    let page = get(at, "/recurring/night%2Fly").body;
    assert_has(&page, &["card: •••", "&quot;card&quot;: &quot;***&quot;", "When clocks change"]);
    assert_has(
        &page,
        &["a time of day fires once", "one run makes up for all of them", "the next one is skipped"],
    );
    assert!(!page.contains("s3cret") && !page.contains("/backfill"), "{page}");
    let value: Value = serde_json::from_str(&get(at, "/api/recurring/night%2Fly").body).unwrap();
    assert!(value["literal"].as_str().unwrap().contains("note: \"x\".into()"), "{value}");
}
