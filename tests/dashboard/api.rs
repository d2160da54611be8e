//! What the pages show, for programs.

use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};
use serde_json::{Value, json};

use super::{HOSTILE, HOUR, address, get, pay_with, shown};

fn ask(bench: &Bench, path: &str) -> (u16, Value) {
    let answer = get(address(bench), path);
    assert!(answer.head.contains("content-type: application/json"), "{path}: {}", answer.head);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn ok(bench: &Bench, path: &str) -> Value {
    let (status, value) = ask(bench, path);
    assert_eq!(status, 200, "{path}: {value}");
    value
}

#[tokio::test]
async fn each_page_has_a_twin_in_json() {
    let bench = Bench::with(shown).await;
    let failed = bench
        .scope(async {
            let failed = pay_with(HOSTILE).enqueue().tag("eu").await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            pay_with("later").schedule_in(HOUR).queue("mail").await.unwrap();
            pay_with("x").recurring("nightly", cron!("0 3 * * *")).await.unwrap();
            failed.id()
        })
        .await;
    let overview = ok(&bench, "/api/overview");
    assert_eq!(overview["states"]["Failed"], 1);
    assert_eq!(overview["verdict"], "Working, but one thing needs you.");

    let jobs = ok(&bench, "/api/jobs?q=state:failed+tag:eu");
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(jobs["jobs"][0]["title"], format!("Pay {HOSTILE}"), "what is hostile is text");
    assert_eq!(jobs["next"], Value::Null);

    let job = ok(&bench, &format!("/api/jobs/{failed}"));
    assert_eq!((&job["payload"]["note"], &job["payload"]["card"]), (&json!(HOSTILE), &json!("***")));
    assert!(job["literal"].as_str().unwrap().contains("\n    card: •••,\n"), "{job}");
    assert_eq!(job["history"][2]["state"], "Failed");
    assert_eq!(job["error"]["causes"][0], "no <b>route</b>");
    assert!(job["why"].as_str().unwrap().starts_with("it ended in Failed"), "{job}");
    assert!(!job.to_string().contains("s3cret"), "{job}");

    let recurring = ok(&bench, "/api/recurring");
    assert_eq!(recurring["recurring"][0]["next"], "2026-01-01T03:00:00Z");
    let queues = ok(&bench, "/api/queues");
    assert_eq!(queues["queues"][1]["states"]["Scheduled"], 1, "{queues}");
    let servers = ok(&bench, "/api/servers");
    assert_eq!(
        (&servers["servers"][0]["handles"]["pay"], &servers["servers"][0]["queues"]),
        (&json!(1), &json!(null))
    );
}

#[tokio::test]
async fn a_list_goes_on_where_the_one_before_ended() {
    let bench = Bench::with(shown).await;
    bench
        .scope(async {
            for number in 0..45 {
                pay_with(&number.to_string()).schedule_in(HOUR).await.unwrap();
            }
        })
        .await;
    let (mut titles, mut after) = (Vec::new(), String::new());
    for jobs in [20, 20, 5] {
        let page = ok(&bench, &format!("/api/jobs?size=20&order=oldest&after={after}"));
        let found = page["jobs"].as_array().unwrap();
        assert_eq!(found.len(), jobs);
        titles.extend(found.iter().map(|job| job["title"].as_str().unwrap().to_owned()));
        after = page["next"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!(titles, (0..45).map(|number| format!("Pay {number}")).collect::<Vec<_>>());
    assert_eq!(after, "");
}

#[tokio::test]
async fn what_can_not_be_answered_is_an_error_in_json() {
    let bench = Bench::with(shown).await;
    for (path, status, why) in [
        ("/api/jobs?q=colour:red", 400, "`q` can't be read at character 1: there is no key `colour`"),
        ("/api/jobs?size=7", 400, "A page can have"),
        ("/api/jobs/12", 404, "`12` is not the id of a job."),
        ("/api/jobs/01890a5d-ac96-774b-bcce-b302099a8057", 404, "There is no job"),
        ("/api/nowhere", 404, "There is no such path"),
    ] {
        let (found, value) = ask(&bench, path);
        assert_eq!(found, status, "{path}: {value}");
        assert!(value["error"].as_str().unwrap().contains(why), "{path}: {value}");
    }
    bench.store.close().await.unwrap();
    for path in ["overview", "jobs", "recurring", "queues", "servers"] {
        let (status, value) = ask(&bench, &format!("/api/{path}"));
        assert_eq!(status, 503, "{path}: {value}");
        assert!(value["error"].as_str().unwrap().contains("the store is closed"), "{value}");
    }
}
