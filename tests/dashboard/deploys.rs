//! When the code became another one, and what that tells of failures.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::{DashboardRole, JobId, Store};
use boltjobs_tests::{Bench, Flaky, patiently};
use serde_json::Value;

use super::actions::{press, token};
use super::{HOSTILE, address, assert_has, get, overview, pay_with, shown};

pub(super) async fn bench_of(store: &Arc<dyn Store>, version: &str) -> Bench {
    let settings = |builder| shown(builder).dashboard_role(DashboardRole::Operate).version(version);
    Bench::on(Arc::clone(store), settings).await
}

pub(super) async fn fail(bench: &Bench, note: &str) -> JobId {
    let failing = async {
        let job = pay_with(note).enqueue().await.unwrap();
        patiently(job.wait()).await.unwrap_err();
        job.id()
    };
    bench.scope(failing).await
}

#[tokio::test]
async fn a_failed_job_tells_that_the_code_changed_since_and_which_versions_ran_it() {
    let store: Arc<dyn Store> = Arc::new(Flaky::staying_open());
    let first = bench_of(&store, "1.4").await;
    let at = address(&first);
    let path = format!("/jobs/{}", fail(&first, "no money").await);
    let page = get(at, &path).body;
    assert_has(&page, &["worker 1, lease ", ", version <code>1.4</code>"]);
    assert!(!page.contains("The code changed since"), "{page}");
    assert_has(
        &overview(at),
        &["Deployed: 1.4 at 00:00 UTC.", "class=\"chart-deploy\"", "<th scope=\"col\">Deployed</th>"],
    );

    first.clock.advance(Duration::from_secs(1));
    first.server.shutdown().await.unwrap();
    let second = Bench::on(Arc::clone(&store), |builder| {
        let clock = Arc::clone(&first.clock);
        shown(builder).clock(clock as _).version(HOSTILE)
    })
    .await;
    let at = address(&second);
    let page = get(at, &path).body;
    assert_has(
        &page,
        &["The code changed since: <code>1.4</code> → <code>&lt;script&gt;", "version <code>1.4</code>"],
    );
    assert!(!page.contains("<script>alert"), "{page}");
    let told: Value = serde_json::from_str(&get(at, &format!("/api{path}")).body).unwrap();
    assert_eq!(
        (&told["code_changed"]["from"], &told["code_changed"]["to"]),
        (&"1.4".into(), &HOSTILE.into())
    );
    assert_eq!(told["history"][1]["program"], "1.4");
    let graphs: Value = serde_json::from_str(&get(at, "/api/throughput").body).unwrap();
    assert_eq!(graphs["deploys"][1]["version"], "1.4");
    let deploys = second.client().deploys().await.unwrap();
    assert_eq!(deploys.iter().map(|it| &*it.version).collect::<Vec<_>>(), [HOSTILE, "1.4"]);

    let failures: Value = serde_json::from_str(&get(at, "/api/failures").body).unwrap();
    let failure = format!("/failures/{}", failures["failures"][0]["fingerprint"].as_str().unwrap());
    assert_has(&get(at, &failure).body, &["Versions of the program", "<code>1.4</code>: 1 of 1"]);
}

/// Starts a later version of the program on the same store, once the other one has ended.
async fn followed_by(store: &Arc<dyn Store>, first: Bench, version: &str) -> Bench {
    first.clock.advance(Duration::from_secs(1));
    let clock = Arc::clone(&first.clock);
    first.server.shutdown().await.unwrap();
    let settings =
        |builder| shown(builder).dashboard_role(DashboardRole::Operate).clock(clock as _).version(version);
    Bench::on(Arc::clone(store), settings).await
}

/// Returns the failure that there is, as programs are told of it.
fn failure(bench: &Bench) -> Value {
    let failures: Value = serde_json::from_str(&get(address(bench), "/api/failures").body).unwrap();
    failures["failures"][0].clone()
}

#[tokio::test]
async fn what_is_fixed_in_a_version_is_ignored_until_it_fails_so_in_that_one() {
    let store: Arc<dyn Store> = Arc::new(Flaky::staying_open());
    let first = bench_of(&store, "1.9").await;
    fail(&first, "no money").await;
    let at = address(&first);
    let path = format!("/failures/{}", failure(&first)["fingerprint"].as_str().unwrap());
    let form =
        format!("token={}&action=silence&until=fixed&version=1.10&reason=mended", token(at, "/failures"));
    assert_has(&press(at, &path, &form), &["fixed in <code>1.10</code>", "ignored"]);
    first.clock.advance(Duration::from_secs(1));
    fail(&first, "no money").await;
    assert_eq!(failure(&first)["ignored"]["fixed_in"], "1.10", "it failed in the old version");
    assert_eq!(failure(&first)["trend"][23], 2);

    let second = followed_by(&store, first, "1.10").await;
    assert_eq!(failure(&second)["ignored"]["fixed_in"], "1.10");
    fail(&second, "no money").await;
    assert_eq!(failure(&second)["ignored"], Value::Null, "it is not fixed");
}

#[tokio::test]
async fn a_retry_that_is_held_begins_with_the_next_deploy() {
    let store: Arc<dyn Store> = Arc::new(Flaky::staying_open());
    let first = bench_of(&store, "1.4").await;
    let (job, at) = (fail(&first, "no money").await, address(&first));
    assert_has(
        &get(at, "/failures").body,
        &["Retry after the next deploy", "class=\"trend\"", "most of them in this hour: 1"],
    );
    let form =
        format!("token={}&action=requeue&q=state:failed&pace=careful&hold=deploy", token(at, "/failures"));
    assert_has(&press(at, "/operations", &form), &["It waits for the next deploy", "running"]);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(first.job(job).await.history().len(), 3, "nothing has happened yet");

    let clock = Arc::clone(&first.clock);
    let second = followed_by(&store, first, "1.5").await;
    let ended = patiently(async {
        loop {
            let operation = second.client().operations().await.unwrap().remove(0);
            if !operation.status.is_open() {
                return operation;
            }
            // It looks now and then at what came of the job.
            clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!ended.held && ended.done == 1, "{ended:?}");
    assert_eq!(second.job(job).await.history().len(), 6, "it was tried once more");
}

#[tokio::test]
async fn without_a_failure_the_page_says_when_there_was_one() {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await;
    assert_has(&get(address(&bench), "/failures").body, &["No failure in 7 days."]);
    let job = fail(&bench, "no money").await;
    bench.client().delete(job).await.unwrap();
    assert_has(&get(address(&bench), "/failures").body, &["although some failed within 24 h"]);
    bench.clock.advance(Duration::from_secs(3 * 86_400));
    assert_has(&get(address(&bench), "/failures").body, &["No failure in 24 h. The last one: ", "3d ago"]);
}
