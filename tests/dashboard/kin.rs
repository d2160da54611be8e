//! What hangs together, drawn and listed, and a job as a file.

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs::testing::exported;
use boltjobs_tests::{Bench, patiently};
use serde_json::Value;

use super::{Block, HOSTILE, HOUR, Pay, address, assert_has, get, pay_with, shown};

async fn bench() -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await
}

#[tokio::test]
async fn a_job_is_exported_as_a_file_that_a_test_reads() {
    let bench = bench().await;
    let job = bench.scope(async { pay_with(HOSTILE).enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap_err();
    let path = format!("/jobs/{}/export", job.id());
    assert_has(
        &get(address(&bench), &format!("/jobs/{}", job.id())).body,
        &[&format!("href=\"{path}\" download")],
    );
    let file = get(address(&bench), &path);
    assert_has(
        &file.head,
        &["content-type: application/json", &format!("filename=\"{}.boltjob\"", job.id())],
    );
    assert!(!file.body.contains("s3cret"), "{}", file.body);
    let value: Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!((&value["format"], &value["job"]["state"]), (&1.into(), &"Failed".into()));
    assert_eq!(value["job"]["error"]["causes"][0], "no <b>route</b>");
    assert!(value["job"]["history"].as_array().unwrap().len() >= 3, "{value}");
    assert_has(value["test"].as_str().unwrap(), &["#[boltjobs::test]", "jobs.perform(request)", "card: •••"]);

    let request: Pay = exported(&file.body);
    assert_eq!((&*request.note, &*request.card), (HOSTILE, "***"));
    for (file, why) in [
        (file.body.replace("\"format\": 1", "\"format\": 2"), "has the format 2"),
        (file.body.replace("\"request\": \"pay\"", "\"request\": \"other\""), "of the request `other`"),
        (file.body.replace("\"version\": 1", "\"version\": 7"), "of version 7 of `pay`"),
        (file.body.replace("\"note\":", "\"not\":"), "the payload does not fit `pay`"),
        ("{}".to_owned(), "missing field `format`"),
    ] {
        let panic = std::panic::catch_unwind(|| exported::<Pay>(&file)).unwrap_err();
        assert_has(panic.downcast_ref::<String>().unwrap(), &[why]);
    }
}

#[tokio::test]
async fn what_is_before_and_after_a_job_is_drawn_and_listed() {
    let bench = bench().await;
    let [first, middle, last] = bench
        .scope(async {
            let first = pay_with(HOSTILE).schedule_in(HOUR).await.unwrap().id();
            let middle = pay_with("middle").enqueue().after(first).await.unwrap().id();
            let last = pay_with("last").enqueue().after(middle).after(first).await.unwrap().id();
            [first, middle, last]
        })
        .await;
    let at = address(&bench);
    let page = get(at, &format!("/jobs/{middle}")).body;
    assert_has(
        &page,
        &["Before and after it", "<h3>Before it</h3>", "<h3>After it</h3>", "Graph of 3 nodes"],
    );
    for (id, state, title) in [(first, "scheduled", "Pay &lt;script&gt;"), (last, "awaiting", "Pay last")] {
        let node = format!("<a class=\"node {state}\" href=\"/jobs/{id}\">");
        let drawn = page.split(&node).nth(1).unwrap();
        assert!(drawn.contains(title) && drawn.find(title) < drawn.find("</a>"), "{drawn}");
    }
    assert_eq!(page.matches("class=\"edge\"").count(), 3);
    assert_has(&page, &["class=\"node awaiting here\""]);
    // From the first one, the last one is there twice, and opened once.
    let page = get(at, &format!("/jobs/{first}")).body;
    assert_has(&page, &["<summary>1 more beyond it</summary>"]);
    assert!(!page.contains("Before it</h3>") && !page.contains("<script>alert"), "{page}");
    // What was before stays, as long as it is there; who is alone shows nothing.
    assert!(bench.client().delete(first).await.unwrap());
    let page = get(at, &format!("/jobs/{last}")).body;
    assert_has(&page, &["class=\"node deleted\""]);
    let alone = bench.scope(async { pay_with("alone").schedule_in(HOUR).await.unwrap().id() }).await;
    assert!(!get(at, &format!("/jobs/{alone}")).body.contains("Before and after"));
}

#[tokio::test]
async fn a_batch_is_drawn_job_by_job_and_a_large_one_by_state() {
    let bench = bench().await;
    let at = address(&bench);
    let small = bench.scope(async {
        let inner = Batch::new(HOSTILE).push_job(pay_with("inner").schedule_in(HOUR));
        let batch = Batch::new("small").push_job(pay_with("one").schedule_in(HOUR)).nest(inner);
        batch.on_success(pay_with("last")).submit().await.unwrap().id()
    });
    let small = small.await;
    let page = get(at, &format!("/batches/{small}")).body;
    assert_has(&page, &["Graph of 4 nodes", "class=\"node processing here\"", "<caption>Jobs and batches"]);
    assert_eq!(
        page.matches("class=\"edge\"").count(),
        3,
        "two end before the batch does, and one follows it"
    );
    assert!(!page.contains("<script>alert"), "{page}");
    for (jobs, drawn, nodes) in
        [(20, "Graph of 22 nodes", 3), (201, "Jobs by state; the table below says the same", 1)]
    {
        let batch = bench.scope(async {
            let jobs = (0..jobs).map(|_| Block.schedule_in(HOUR));
            let batch = jobs.fold(Batch::new("large"), Batch::push_job);
            batch.on_finish(pay_with("last")).submit().await.unwrap().id()
        });
        let batch = batch.await;
        let page = get(at, &format!("/batches/{batch}")).body;
        let all = format!("class=\"node scheduled\" href=\"/jobs?q=state%3Ascheduled%20batch%3A{batch}\"");
        assert_has(&page, &[drawn, &all, &format!("{jobs} jobs")]);
        assert_eq!(page.matches("class=\"node").count(), nodes);
    }
    let plain = bench.scope(async {
        Batch::new("plain").push_job(pay_with("one").schedule_in(HOUR)).submit().await.unwrap().id()
    });
    let page = get(at, &format!("/batches/{}", plain.await)).body;
    assert!(
        !page.contains("class=\"graph\"") && page.contains("<details open>"),
        "there is nothing to draw: {page}"
    );
}
