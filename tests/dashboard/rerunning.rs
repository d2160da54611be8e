//! Running a part of a batch again.

use boltjobs::prelude::*;
use boltjobs::{DashboardRole, JobId};
use boltjobs_core::audit;
use boltjobs_tests::{Bench, patiently};
use serde_json::Value;

use super::actions::{post, token};
use super::{HOSTILE, HOUR, address, assert_has, get, pay_with, shown};

async fn bench() -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await
}

/// A batch of which one failed, so that the one behind it was deleted.
async fn failed(bench: &Bench) -> (BatchId, JobId) {
    bench
        .scope(async {
            let batch =
                Batch::new(HOSTILE).push_job(pay_with("hold").schedule_in(HOUR)).submit().await.unwrap();
            let first = batch.push(pay_with("no")).await.unwrap();
            let rest = batch.push(pay_with("rest").continue_after(&first)).await.unwrap();
            patiently(rest.wait()).await.unwrap_err();
            let (client, at) = (boltjobs::client(), address(bench));
            let open = get(at, &format!("/batches/{}/rerun", batch.id()));
            assert_eq!(open.status, 409);
            assert_has(&open.body, &["Nothing runs again: the batch has not ended"]);
            assert!(!get(at, &format!("/batches/{}", batch.id())).body.contains("again…"));
            let hold = client.jobs().matching("state:scheduled").unwrap().list().await.unwrap().jobs[0].id();
            assert!(client.delete(hold).await.unwrap());
            patiently(batch.wait()).await.unwrap();
            (batch.id(), first.id())
        })
        .await
}

#[tokio::test]
async fn what_failed_in_a_batch_runs_again_with_the_rest_after_a_look_at_it() {
    let bench = bench().await;
    let at = address(&bench);
    let (batch, first) = failed(&bench).await;
    let place = format!("/batches/{batch}");
    let page = get(at, &place).body;
    assert_has(
        &page,
        &["Run failed ones and the rest again…", &format!("href=\"{place}/rerun?from={first}\"")],
    );
    let look = get(at, &format!("{place}/rerun")).body;
    assert_has(&look, &["Run 2 jobs again", "Pay no", "Pay rest", "The jobs that failed"]);
    assert!(!look.contains("Pay hold") && !look.contains("<script>alert"), "{look}");
    assert_has(&get(at, &format!("{place}/rerun?from={first}")).body, &["The job, and", "Run 2 jobs again"]);

    let form = format!("token={}&action=rerun&from=", token(at, &format!("{place}/rerun")));
    let answer = post(at, &format!("{place}/rerun"), "", &form);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let new = answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    assert_has(&get(at, new).body, &[", again"]);
    let api: Value = serde_json::from_str(&get(at, &format!("/api{new}")).body).unwrap();
    assert_eq!(api["states"]["Awaiting"], 1, "{api}");
    let entries = audit::read(&*bench.store, None, 9).await.unwrap().entries;
    let entry = &entries[0];
    assert_eq!((&*entry.action, &*entry.target), ("rerun", &*format!("batch {batch}")));

    let elsewhere = get(at, &format!("{place}/rerun?from={batch}"));
    assert_eq!(elsewhere.status, 404);
    assert_has(&elsewhere.body, &["is not in the batch"]);
    assert_eq!(get(at, &format!("{place}/rerun?from=x")).status, 400);
}
