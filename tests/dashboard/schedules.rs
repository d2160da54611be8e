//! Lists of recurring definitions and of failed jobs: what a row says, and what is done to those that are marked.

use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::audit;
use boltjobs_tests::{Bench, patiently};
use serde_json::Value;

use super::actions::{post, token};
use super::{Block, HOSTILE, HOUR, Orphan, address, assert_has, get, pay_with, shown};

async fn bench(role: DashboardRole) -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(role)).await
}

#[tokio::test]
async fn marked_definitions_are_acted_on_and_each_is_reported() {
    let bench = bench(DashboardRole::Administer).await;
    bench
        .scope(async {
            Block.recurring("a", Cron::daily()).await.unwrap();
            Block.recurring(HOSTILE, Cron::daily()).await.unwrap();
            bench.client().recurring("a").pause().await.unwrap();
        })
        .await;
    let at = address(&bench);
    let list = get(at, "/recurring").body;
    assert_has(
        &list,
        &[
            "name=\"id\" value=\"a\"",
            "With those that are marked",
            "never: it is paused",
            "<th scope=\"col\">Job</th>",
        ],
    );
    let hostile: String = HOSTILE.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let act = |action: &str, ids: &str| {
        post(at, "/recurring", "", &format!("token={}&action={action}{ids}", token(at, "/recurring")))
    };
    let paused = act("pause", &format!("&id=a&id={hostile}&id=none"));
    assert_eq!(paused.status, 200);
    assert_has(
        &paused.body,
        &[
            "pause: 1 of 3 definitions",
            "not done: it is so already",
            "not done: it is not there",
            "&lt;script&gt;",
        ],
    );
    assert!(!paused.body.contains("<script>alert"), "{}", paused.body);
    let audited = audit::read(&*bench.store, None, 9).await.unwrap().entries;
    let paused = audited.iter().filter(|entry| entry.action == "pause").map(|entry| entry.done);
    assert_eq!(paused.collect::<Vec<_>>(), [false, true, false]);
    for (action, ids, why) in
        [("pause", "", "0 definitions are chosen"), ("burn", "&id=a", "no action `burn`")]
    {
        let refused = act(action, ids);
        assert_eq!(refused.status, 400);
        assert_has(&refused.body, &[why]);
    }
    assert_has(&act("remove", "&id=a").body, &["remove: 1 of 1 definition"]);
    assert!(!get(at, "/recurring").body.contains("value=\"a\""));
}

#[tokio::test]
async fn a_run_says_how_late_it_was_fired_and_a_definition_why_it_never_fires_again() {
    let bench = bench(DashboardRole::Operate).await;
    let id = bench
        .scope(async {
            let end = bench.clock_now().plus(HOUR * 30);
            Orphan.recurring("daily", Cron::daily()).ends_at(end).await.unwrap();
            Orphan.recurring("hourly", Cron::hourly()).await.unwrap();
            "daily"
        })
        .await;
    let at = address(&bench);
    // Time has jumped over its time by seven seconds.
    bench.clock.advance(Duration::from_secs(24 * 3_600 + 7));
    let (path, api) = (format!("/recurring/{id}"), format!("/api/recurring/{id}"));
    let mut found = Value::Null;
    patiently(async {
        while found["runs"][0].is_null() {
            tokio::task::yield_now().await;
            found = serde_json::from_str(&get(at, &api).body).unwrap();
        }
    })
    .await;
    assert_eq!(found["runs"][0]["late_seconds"], 7.0, "{found}");
    assert_has(&get(at, &path).body, &["<th scope=\"col\">Late by</th>", "<td>7s</td>"]);
    let list = get(at, "/recurring").body;
    assert_has(&list, &["never: it has no further run before its end"]);
}

#[tokio::test]
async fn a_failed_job_opens_in_its_list_which_says_how_long_it_is_kept() {
    let bench = bench(DashboardRole::Read).await;
    bench
        .scope(async { patiently(pay_with(HOSTILE).enqueue().await.unwrap().wait()).await.unwrap_err() })
        .await;
    let page = get(address(&bench), "/jobs?q=state:failed").body;
    let (_, row) = page.split_once("<details class=\"error\"><summary>").expect("the row opens");
    assert_has(row, &["refused &lt;script&gt;", "<li>no &lt;b&gt;route&lt;/b&gt;</li>", " on "]);
    assert_has(&page, &["Jobs that are Failed are kept for 90 days."]);
    assert!(!get(address(&bench), "/jobs").body.contains("are kept for"));
}
