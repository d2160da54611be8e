//! The page of one failure.

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::store::JobFilter;
use boltjobs_tests::{Bench, patiently};

use super::{HOSTILE, address, assert_has, get, shown};

/// Is refused, whatever is in it.
#[request(name = "ship")]
#[derive(Debug)]
pub struct Ship {
    order: u64,
    country: Option<String>,
    to: Address,
    #[request(sensitive)]
    pin: u64,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Address {
    city: String,
    street: String,
}

#[handler(retries = 0)]
async fn ship(request: Ship) -> JobResult {
    Err(format!("order {} has no country", request.order).into())
}

fn order(number: u64, city: &str) -> Ship {
    let to = Address { city: city.to_owned(), street: format!("{number} Main Street") };
    Ship { order: number, country: None, to, pin: 4711 }
}

async fn fail(bench: &Bench, orders: impl Iterator<Item = Ship>) {
    let jobs = bench.scope(async { Ship::enqueue_all(orders).await.unwrap() }).await;
    for job in jobs {
        patiently(job.wait()).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_failure_says_what_its_payloads_have_in_common() {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await;
    let at = address(&bench);
    fail(&bench, (0..40).map(|number| order(number, HOSTILE))).await;
    let group = bench.store.failures(1).await.unwrap().remove(0);
    let path = format!("/failures/{}", group.fingerprint);
    let listed = get(at, "/failures").body;
    assert_has(&listed, &[&format!("href=\"{path}\"")]);
    let page = get(at, &path).body;
    assert_has(
        &page,
        &["order # has no country", ">40</a>", "ship, version 1: 40 of 40", "Retry carefully", "Ignore…"],
    );
    assert_has(&page, &[&format!("on {}: 40 of 40", bench.server.name())]);
    assert_has(&page, &["<code>country</code></th><td><code>null</code> in all 40", "<code>to.city</code>"]);
    assert_has(&page, &["<code>order</code></th><td class=\"quiet\">40 different values", "&lt;script&gt;"]);
    for part in ["4711", "<code>pin", "***", "<script>", "<img"] {
        assert!(!page.contains(part), "`{part}` is in {page}");
    }
    let jobs = bench.client().jobs().state(JobState::Failed).list().await.unwrap().jobs;
    assert_has(&get(at, &format!("/jobs/{}", jobs[0].id())).body, &[&format!("href=\"{path}\"")]);
    let json = get(at, &format!("/api{path}")).body;
    assert_has(&json, &[r#"{"field":"country","value":null}"#, r#"{"field":"order","values":40}"#]);
    assert!(!json.contains("4711") && !json.contains("pin"), "{json}");

    bench.scope(async { bench.client().jobs().delete_all().await.unwrap() }).await;
    let answer = get(at, &path);
    assert_eq!(answer.status, 404);
    assert_has(&answer.body, &["no job has failed so, or those that had are requeued or deleted"]);
    assert_has(
        &get(at, "/failures/12").body,
        &["is no fingerprint of a failure; it has 16 hexadecimal digits"],
    );
}

#[tokio::test]
async fn of_many_jobs_that_failed_so_a_hundred_are_looked_at() {
    let bench = Bench::with(shown).await;
    // The first one, which would differ, is not among the latest.
    fail(&bench, (0..101).map(|number| order(number, if number == 0 { "Rome" } else { "Oslo" }))).await;
    let found = bench.store.count(JobFilter::default(), None).await.unwrap();
    assert_eq!(found.jobs, 101);
    let group = bench.store.failures(1).await.unwrap().remove(0);
    let page = get(address(&bench), &format!("/failures/{}", group.fingerprint)).body;
    assert_has(&page, &[">101</a>", "100 of 100", "<code>&quot;Oslo&quot;</code> in all 100"]);
    assert_eq!(page.matches("href=\"/jobs/").count(), 20, "{page}");
    assert!(
        !page.contains("Ignore…") && !page.contains("Retry carefully"),
        "who only looks has no button: {page}"
    );
}
