//! The page of one request, and the limits of its handler.

use boltjobs::LimitKind;
use boltjobs_tests::{Bench, patiently};

use super::super::actions::{post, press, token};
use super::super::{HOSTILE, assert_has, get, pay_with};
use super::{Keyed, address, bench, shown};

#[tokio::test]
async fn a_request_shows_how_its_jobs_run_and_what_its_handler_is_held_to() {
    let bench = bench().await;
    let at = address(&bench);
    bench
        .scope(async {
            patiently(pay_with("well").enqueue().queue("mail").await.unwrap().wait()).await.unwrap();
            patiently(pay_with("well").enqueue().await.unwrap().wait()).await.unwrap();
            patiently(Keyed { account: "ada".to_owned() }.enqueue().queue("mail").await.unwrap().wait())
                .await
                .unwrap();
        })
        .await;
    let page = get(at, "/requests/pay").body;
    assert_has(&page, &["Request pay", "href=\"/jobs?q=request%3Apay\"", "Of the 2 ended jobs"]);
    assert_has(&page, &["How long they ran", "2 jobs. Half took ", "Show as a table", "New job…"]);
    let page = get(at, "/requests/keyed").body;
    assert_has(&page, &["<code>rate_limit</code>", "<td>100/1m</td><td>100/1m</td><td>–</td>"]);
    let queue = get(at, "/queues/mail").body;
    assert_has(&queue, &["href=\"/requests/keyed\">3 at once, 2 of a key at once, 100/1m</a>"]);
    assert_has(&queue, &["How long they waited", "href=\"/requests/pay\">none</a>"]);
    let gone = get(at, "/requests/%3Cb%3E");
    assert_eq!(gone.status, 404);
    assert_has(&gone.body, &["There is no request `&lt;b&gt;`: it has no job"]);
}

#[tokio::test]
async fn a_limit_of_a_handler_is_set_once_it_is_seen_what_it_would_have_meant() {
    let bench = bench().await;
    let at = address(&bench);
    let preview = |value: &str| get(at, &format!("/requests/keyed?limit=rate_limit&value={value}"));
    assert_has(&preview("1%2F1h").body, &["nothing to tell", "Set rate_limit to 1/1h"]);
    bench
        .scope(async {
            for _ in 0..3 {
                let keyed = Keyed { account: "ada".to_owned() }.enqueue().queue("mail").await.unwrap();
                patiently(keyed.wait()).await.unwrap();
            }
        })
        .await;
    let told = preview("1%2F1h").body;
    assert_has(
        &told,
        &["Of the 3 starts of its jobs", "<strong>2</strong> would have been later, by up to "],
    );
    assert_has(&told, &["<strong>2h</strong>", "<code>rate_limit = 1/1h</code>"]);
    assert_has(&preview("9%2Fs").body, &["<strong>none</strong> would have been later"]);
    let wrong = preview("%3Cb%3E");
    assert_eq!(wrong.status, 400);
    assert_has(&wrong.body, &["invalid rate <code>&lt;b&gt;</code>", "aria-invalid=\"true\""]);

    let form =
        |rest: &str| format!("token={}&{rest}", token(at, "/requests/keyed?limit=concurrency&value=1"));
    let set = "action=limit&limit=rate_limit&value=10/1m";
    let page = press(at, "/requests/keyed", &form(set));
    assert_has(
        &page,
        &["The limit holds from now on.", "<strong>10/1m</strong> <span class=\"badge\">edited"],
    );
    assert_has(&page, &["<td>100/1m</td><td>", "Put rate_limit back"]);
    assert_has(&press(at, "/requests/keyed", &form(set)), &["Nothing was done"]);
    let queue = get(at, "/queues/mail").body;
    assert_has(&queue, &["2 of a key at once, 10/1m</a> <span class=\"badge\">edited</span>"]);
    press(at, "/requests/keyed", &form("action=limit&limit=concurrency_per_key&value=7"));
    let held = bench.scope(async { Keyed { account: HOSTILE.to_owned() }.enqueue().queue("mail").await });
    patiently(held.await.unwrap().wait()).await.unwrap();
    assert_has(
        &get(at, "/audit").body,
        &["request keyed: rate_limit 10/1m", "request keyed: concurrency_per_key 7"],
    );
    let answer = post(at, "/requests/keyed", "", &form("action=limit&limit=concurrency&value=0"));
    assert_eq!(answer.status, 400);
    assert_has(&answer.body, &["`0` is no number of jobs; use 1 to 100000, or pause the queue."]);

    let page = press(at, "/requests/keyed", &form("action=unlimit&limit=rate_limit"));
    assert_has(&page, &["The limit was removed", "<td>100/1m</td><td>100/1m</td><td>–</td>"]);
    let left = bench.client().handler_of::<Keyed>().set_limits().await.unwrap();
    assert_eq!(left.iter().map(|set| set.limit.kind()).collect::<Vec<_>>(), [LimitKind::ConcurrencyPerKey]);

    let reader = Bench::with(shown).await;
    reader.client().handler_of::<Keyed>().rate_limit("1/1m").await.unwrap();
    let page = get(address(&reader), "/requests/keyed?limit=rate_limit&value=5/s").body;
    assert_has(&page, &["<strong>1/1m</strong>", "the program"]);
    assert!(!page.contains("Put rate_limit back") && !page.contains("Set rate_limit"), "{page}");
}
