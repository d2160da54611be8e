//! The page of one queue, and its limit.

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};

use super::actions::{post, press, token};
use super::{HOSTILE, HOUR, address, assert_has, get, pay_with, shown};

mod handlers;

/// Shares a key with others of its account.
#[request(name = "keyed", concurrency_key = "account:{account}")]
#[derive(Debug)]
pub struct Keyed {
    account: String,
}

#[handler(concurrency = 3, concurrency_per_key = 2, rate_limit = "100/1m")]
async fn keyed(_: Keyed) -> JobResult {
    Ok(())
}

async fn bench() -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await
}

#[tokio::test]
async fn a_queue_shows_its_requests_with_their_times_limits_and_keys() {
    let bench = bench().await;
    let at = address(&bench);
    bench
        .scope(async {
            for _ in 0..3 {
                patiently(pay_with("well").enqueue().queue("mail").await.unwrap().wait()).await.unwrap();
            }
            let failed = pay_with("no").enqueue().queue("mail").await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            bench.client().queue("mail").pause().await.unwrap();
            for account in ["ada", "ada", HOSTILE] {
                Keyed { account: account.to_owned() }.enqueue().queue("mail").await.unwrap();
            }
            pay_with("later").schedule_in(HOUR).queue("mail").await.unwrap();
        })
        .await;
    assert_has(&get(at, "/queues").body, &["href=\"/queues/mail\">mail</a>"]);
    let page = get(at, "/queues/mail").body;
    assert_has(&page, &["Queue mail", "paused ", "Of the 4 ended jobs that were enqueued last.", "Wait p50"]);
    assert_has(
        &page,
        &["3 at once, 2 of a key at once, 100/1m", "Of the 3 jobs that wait for a worker or run"],
    );
    assert_has(
        &page,
        &[
            "<code>account:ada</code></th><td class=\"number\">2<svg class=\"segments\"",
            "Next to be claimed",
            "&lt;script&gt;",
        ],
    );
    assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
    let gone = get(at, "/queues/none");
    assert_eq!(gone.status, 404);
    assert_has(&gone.body, &["There is no queue `none`"]);
    let told: serde_json::Value = serde_json::from_str(&get(at, "/api/queues/mail").body).unwrap();
    assert_eq!(told["seen"]["jobs"], 4);
    assert_eq!(
        told["keys"][0],
        serde_json::json!({ "key": "account:ada", "jobs": 2, "running": 0, "at_once": 2 })
    );
    let keyed = told["requests"].as_array().unwrap().iter().find(|it| it["request"] == "keyed").unwrap();
    assert_eq!((&keyed["states"]["Enqueued"], &keyed["seen"]), (&3.into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn what_is_done_on_the_page_of_a_queue_leads_back_to_it() {
    let bench = bench().await;
    let at = address(&bench);
    bench.scope(async { pay_with("later").schedule_in(HOUR).queue("mail").await.unwrap() }).await;
    let form = |action: &str| format!("token={}&from=queue&action={action}", token(at, "/queues/mail"));
    assert_has(&press(at, "/queues/mail", &form("pause")), &["It is paused.", "Queue mail"]);
    assert_has(&press(at, "/queues/mail", &form("resume")), &["It goes on.", "Queue mail"]);
}

#[tokio::test]
async fn a_limit_is_set_once_it_is_seen_what_it_would_have_meant() {
    let bench = Bench::with(|builder| {
        shown(builder).dashboard_role(DashboardRole::Operate).queues([Queue::new("mail").concurrency(7)])
    })
    .await;
    let at = address(&bench);
    let preview = get(at, "/queues/mail?limit=5").body;
    assert_has(
        &preview,
        &["nothing to tell", "Set it to 5 at once", "<strong>7 at once</strong>, as the servers say."],
    );
    bench
        .scope(async {
            patiently(pay_with("well").enqueue().queue("mail").await.unwrap().wait()).await.unwrap()
        })
        .await;
    let preview = get(at, "/queues/mail?limit=5").body;
    assert_has(&preview, &["1 job of it succeeded in the last hour", "With 5 at once that takes", "0 %"]);
    let wrong = get(at, "/queues/mail?limit=%3Cb%3E");
    assert_eq!(wrong.status, 400);
    assert_has(
        &wrong.body,
        &["<code>&lt;b&gt;</code> is no limit of a queue; use 1 to 100000, or pause the queue."],
    );

    let form = |rest: &str| format!("token={}&from=queue&{rest}", token(at, "/queues/mail"));
    let page = press(at, "/queues/mail", &form("action=limit&limit=5"));
    assert_has(
        &page,
        &["The limit holds from now on.", "<strong>5 at once</strong>, set by ", "Remove the limit"],
    );
    assert_has(&get(at, "/queues").body, &["data-label=\"Limit\">5 <span class=\"badge\">set</span>"]);
    assert_has(&press(at, "/queues/mail", &form("action=limit&limit=5")), &["Nothing was done"]);
    for (limit, why) in [("0", "`0` is no limit of a queue"), ("", "`` is no limit of a queue")] {
        let answer = post(at, "/queues/mail", "", &form(&format!("action=limit&limit={limit}")));
        assert_eq!(answer.status, 400);
        assert_has(&answer.body, &[why]);
    }
    assert_has(
        &get(at, "/audit").body,
        &["<code>jobs at once</code></th><td>not there</td><td><code>5</code></td>"],
    );
    let page = press(at, "/queues/mail", &form("action=unlimit"));
    assert_has(&page, &["The limit was removed", "<strong>7 at once</strong>, as the servers say."]);
    let reader = Bench::with(shown).await;
    reader.client().queue("mail").limit(3).await.unwrap();
    let page = get(address(&reader), "/queues/mail?limit=5").body;
    assert_has(&page, &["<strong>3 at once</strong>, set by the program"]);
    assert!(!page.contains("Remove the limit") && !page.contains("Set it to"), "{page}");
}

#[tokio::test]
async fn all_queues_are_paused_and_go_on_once_it_is_seen_which_ones_are_meant() {
    let bench = bench().await;
    let at = address(&bench);
    bench
        .scope(async {
            for (queue, priority) in [("mail", 0), ("mail", 9), ("other", 0)] {
                pay_with(&format!("{queue} {priority}"))
                    .schedule_in(HOUR)
                    .queue(queue)
                    .priority(priority)
                    .await
                    .unwrap();
            }
        })
        .await;
    bench.client().queue("other").pause().await.unwrap();
    assert_has(&get(at, "/").body, &["Pause all queues…", "Resume all queues…", "data-key=\"P\""]);
    let page = get(at, "/pause?action=pause").body;
    assert_has(&page, &["Pause all queues?", "name=\"queue\" value=\"mail\"", "Pause 1 queue</button>"]);
    assert!(!page.contains("value=\"other\""), "it is paused already: {page}");
    assert_eq!(get(at, "/pause?action=burn").status, 400);
    let form =
        |action: &str| format!("token={}&action={action}&queue=mail&queue=other", token(at, "/queues/mail"));
    assert_has(&press(at, "/pause", &form("pause")), &["They are paused."]);
    assert_has(&press(at, "/pause", &form("pause")), &["Nothing was done"]);
    bench.clock.advance(HOUR);
    patiently(async {
        while bench.client().stats().await.unwrap().enqueued < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let page = get(at, "/queues/mail").body;
    assert!(page.find("mail 9") < page.find("mail 0"), "the higher priority is next: {page}");
    assert_has(&press(at, "/pause", &form("resume")), &["They go on."]);
    assert_has(&get(at, "/audit?what=resume").body, &["queue mail", "queue other"]);
}
