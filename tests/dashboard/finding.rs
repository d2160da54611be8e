//! Finding jobs by what is typed, and what the list says of them.

use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::operation;
use boltjobs_tests::{Bench, patiently};

use super::actions::{post, token};
use super::{HOUR, address, ask, assert_has, get, pay_with, shown};

async fn bench() -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await
}

/// Returns how many jobs a list has.
fn rows(page: &str) -> usize {
    page.matches("aria-label=\"Mark ").count()
}

#[tokio::test]
async fn jobs_are_found_by_error_attempt_wait_time_and_payload() {
    let bench = bench().await;
    let at = address(&bench);
    bench
        .scope(async {
            let failed = pay_with("no money").enqueue().await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            pay_with("later").schedule_in(HOUR * 100).await.unwrap();
        })
        .await;
    bench.clock.advance(HOUR);
    bench.scope(async { pay_with("new").schedule_in(HOUR * 100).await.unwrap() }).await;
    for (query, found) in [
        ("error:money", 1),
        ("error:poverty", 0),
        ("attempt:>0", 1),
        ("attempt:0", 2),
        ("waited:>5m", 1),
        ("waited:<5m", 1),
        ("after:5m", 1),
        ("before:5m", 2),
        ("before:2026-01-01", 0),
        ("args.note:new", 1),
        ("args.note:n", 0),
        ("args.card:4111-s3cret", 0),
    ] {
        let path = format!("/jobs?q={}", query.replace('>', "%3E").replace('<', "%3C"));
        let page = get(at, &path).body;
        assert_eq!(rows(&page), found, "{query}: {page}");
        let value = query.replace('>', "&gt;").replace('<', "&lt;");
        assert_has(&page, &[&format!("name=\"q\" value=\"{value}\"")]);
        let json = get(at, &format!("/api{path}")).body;
        assert_eq!(json.matches("\"request\"").count(), found, "{query}: {json}");
    }
    assert_has(
        &get(at, "/jobs?q=waited:5m").body,
        &["at character 1: a wait is longer or shorter than a span"],
    );
}

/// Or each step would mean other jobs.
#[tokio::test]
async fn an_operation_means_what_its_times_meant_when_it_was_begun() {
    let bench = bench().await;
    let at = address(&bench);
    let old = bench.scope(async { pay_with("old").schedule_in(HOUR * 100).await.unwrap().id() }).await;
    bench.clock.advance(HOUR);
    let new = bench.scope(async { pay_with("new").schedule_in(HOUR * 100).await.unwrap().id() }).await;
    let page = get(at, "/operations/new?action=delete&q=waited:%3E5m+after:2d").body;
    assert_has(
        &page,
        &["<strong>1 job</strong> would be deleted", "Pay old", "value=\"waited:&gt;5m after:2d\""],
    );
    let form = format!("token={}&action=delete&q=waited:%3E5m+after:2d", token(at, "/jobs"));
    assert_eq!(post(at, "/operations", "", &form).status, 303);
    bench.until(old, JobState::Deleted).await;
    assert_eq!(bench.job(new).await.state(), JobState::Scheduled);
    let begun = operation::all(&*bench.store).await.unwrap().remove(0);
    assert_eq!(begun.query, "waited:>2026-01-01T00:55:00Z after:2025-12-30T01:00:00Z");
    // Code does the same.
    let query = bench.client().jobs().waited(Duration::from_secs(300)).enqueued_after(HOUR);
    let operation = query.in_background(boltjobs::Bulk::Delete).await.unwrap();
    let query = patiently(operation.wait()).await.unwrap().query;
    assert_eq!(query, "waited:>2026-01-01T00:55:00Z after:2026-01-01");
}

#[tokio::test]
async fn a_list_says_why_its_jobs_wait_where_somebody_wants_to_know() {
    let bench = bench().await;
    let at = address(&bench);
    bench.client().queue("mail").pause().await.unwrap();
    bench
        .scope(async {
            for _ in 0..52 {
                pay_with("x").enqueue().queue("mail").await.unwrap();
            }
            patiently(pay_with("well").enqueue().await.unwrap().wait()).await.unwrap();
        })
        .await;
    let why = "its queue `mail` is paused since 2026-01-01T00:00:00Z";
    let page = get(at, "/jobs?columns=what,why&size=100").body;
    assert_eq!((rows(&page), page.matches(why).count()), (53, 50));
    assert_eq!(page.matches("open it to see why").count(), 2, "{page}");
    assert!(!get(at, "/jobs?size=100").body.contains(why), "it was not asked for");
    assert_eq!(rows(&get(at, "/jobs?size=10").body), 10);
    let refused = get(at, "/jobs?size=11");
    assert_eq!(refused.status, 400);
    assert_has(&refused.body, &["[50, 10, 20, 100, 500]"]);
}

#[tokio::test]
async fn where_nothing_matches_the_part_that_keeps_most_out_is_named_first() {
    let bench = bench().await;
    let at = address(&bench);
    assert_has(&get(at, "/jobs").body, &["No job yet."]);
    assert_has(&get(at, "/jobs?q=state:failed").body, &["Nothing matches. No job has failed for good."]);
    bench
        .scope(async {
            for _ in 0..3 {
                pay_with("x").schedule_in(HOUR).queue("mail").await.unwrap();
            }
            pay_with("x").schedule_in(HOUR).tag("eu").await.unwrap();
        })
        .await;
    let page = get(at, "/jobs?q=state:scheduled+queue:mail+tag:eu").body;
    assert_has(&page, &["Nothing matches."]);
    let parts = [
        "<code>tag:eu</code></a>: 3 jobs",
        "<code>queue:mail</code></a>: 1 job<",
        "<code>state:scheduled</code></a>: 0 jobs",
    ];
    assert_has(&page, &parts);
    let places = parts.map(|part| page.find(part));
    assert!(places.is_sorted(), "{page}");
    assert_has(&page, &["href=\"/jobs?q=state%3Ascheduled%20queue%3Amail\""]);
}

#[tokio::test]
async fn the_box_offers_the_words_of_a_query_with_queues_and_requests_that_have_jobs() {
    let bench = bench().await;
    let at = address(&bench);
    bench.scope(async { pay_with("x").schedule_in(HOUR).queue("mail").await.unwrap() }).await;
    let page = get(at, "/jobs").body;
    assert_has(
        &page,
        &["list=\"words\"", "<option value=\"state:failed\">", "<option value=\"attempt:&gt;\">"],
    );
    assert_has(&page, &["<option value=\"queue:mail\">", "<option value=\"request:pay\">"]);
    let elsewhere = get(at, "/queues").body;
    assert_has(&elsewhere, &["list=\"words\"", "<option value=\"state:failed\">"]);
    assert!(!elsewhere.contains("<option value=\"queue:mail\">"), "it costs no look at the store");
}

#[tokio::test]
async fn a_browser_keeps_how_close_rows_are_and_how_times_are_shown() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    bench.scope(async { pay_with("x").schedule_in(HOUR).await.unwrap() }).await;
    let page = get(at, "/jobs").body;
    assert_has(
        &page,
        &["name=\"density\" value=\"compact\"", "name=\"times\" value=\"absolute\"", "data-relative>in 1h"],
    );
    let form =
        format!("token={}&columns=state&columns=due&density=compact&times=absolute", token(at, "/jobs"));
    let answer = post(at, "/columns", "", &form);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_has(
        &answer.head,
        &["boltjobs-density=compact; path=/; max-age=", "boltjobs-times=absolute; path=/; max-age="],
    );
    let kept = "Cookie: boltjobs-density=compact; boltjobs-times=absolute";
    let page = ask(at, &format!("GET /jobs?columns=due HTTP/1.1\r\nHost: {at}\r\n{kept}")).body;
    assert_has(
        &page,
        &["data-density=\"compact\"", "value=\"compact\" checked", ">2026-01-01T01:00:00Z</time>"],
    );
    assert!(!page.contains("data-relative"), "{page}");
    let answer = post(at, "/columns", "", &format!("token={}", token(at, "/jobs")));
    assert_has(&answer.head, &["boltjobs-density=; path=/; max-age=0"]);
    assert_eq!(post(at, "/columns", "", &format!("token={}&density=<b>", token(at, "/jobs"))).status, 400);
}
