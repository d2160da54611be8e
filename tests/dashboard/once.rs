//! What is asked for twice under one key is made once.

use std::net::SocketAddr;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::operation;
use boltjobs_tests::Bench;
use serde_json::Value;

use super::actions::{post, token};
use super::{Answer, Block, HOUR, address, assert_has, get, pay_with, send, shown};

async fn bench() -> Bench {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await;
    bench.client().queue("default").pause().await.unwrap();
    bench.scope(async { Block.recurring("nightly", Cron::daily()).await.unwrap() }).await;
    bench
}

/// Returns the key of the first form of a page.
fn key(at: SocketAddr, path: &str) -> String {
    let page = get(at, path).body;
    page.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn json(at: SocketAddr, path: &str, key: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let kind = "Content-Type: application/json";
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {at}\r\n{kind}\r\nContent-Length: {length}\r\nIdempotency-Key: {key}"
    );
    let answer = send(at, &head, body);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn place(answer: &Answer) -> &str {
    answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap()
}

async fn jobs(bench: &Bench, request: &str) -> u64 {
    bench.client().jobs().request_name(request).count().await.unwrap()
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_job_or_one_operation() {
    let bench = bench().await;
    let at = address(&bench);
    bench.scope(async { pay_with("x").schedule_in(HOUR).await.unwrap() }).await;
    let token = token(at, "/jobs");
    let (one, other) = (key(at, "/jobs"), key(at, "/jobs"));
    assert_ne!(one, other, "each form has its own");
    for (path, form) in [
        ("/demo", "action=run"),
        ("/operations", "action=requeue&q=state:failed&pace=careful"),
        ("/recurring/nightly", "action=trigger"),
    ] {
        let sent = |key: &str| post(at, path, "", &format!("token={token}&{form}&key={path}{key}"));
        let answers = [sent(&one), sent(&one), sent(&other)];
        assert!(answers.iter().all(|answer| answer.status == 303), "{path}: {answers:?}");
        assert_eq!(place(&answers[0]), place(&answers[1]), "it leads to the same");
        if path != "/recurring/nightly" {
            assert_ne!(place(&answers[0]), place(&answers[2]));
        }
    }
    assert_eq!((jobs(&bench, "boltjobs.demo").await, jobs(&bench, "block").await), (2, 2));
    assert_eq!(operation::all(&*bench.store).await.unwrap().len(), 2);
    assert_eq!(bench.store.recurring_jobs().await.unwrap()[0].runs.len(), 2);
    let told = boltjobs_core::audit::read(&*bench.store, None, 99).await.unwrap().entries;
    assert_eq!(told.iter().filter(|it| ["demo", "requeue", "trigger"].contains(&&*it.action)).count(), 6);
}

#[tokio::test]
async fn forms_that_are_sent_at_the_same_time_make_one_job() {
    let bench = bench().await;
    let at = address(&bench);
    let form = format!("token={}&action=run&key={}", token(at, "/jobs"), key(at, "/jobs"));
    let sent = (0..8).map(|_| {
        let form = form.clone();
        std::thread::spawn(move || place(&post(at, "/demo", "", &form)).to_owned())
    });
    let sent: Vec<_> = sent.collect();
    let places: std::collections::BTreeSet<_> = sent.into_iter().map(|it| it.join().unwrap()).collect();
    assert_eq!((places.len(), jobs(&bench, "boltjobs.demo").await), (1, 1));
}

#[tokio::test]
async fn a_program_asks_again_under_its_key_and_gets_what_was_made() {
    let bench = bench().await;
    let at = address(&bench);
    let run = r#"{"action":"run"}"#;
    let first = json(at, "/api/demo", "deploy-7", run);
    assert_eq!(first.0, 200, "{first:?}");
    assert_eq!(json(at, "/api/demo", "deploy-7", run), first);
    assert_ne!(json(at, "/api/demo", "deploy-8", run), first);
    assert_eq!(jobs(&bench, "boltjobs.demo").await, 2);

    let trigger = r#"{"action":"trigger"}"#;
    let first = json(at, "/api/recurring/nightly", "t-1", trigger);
    assert_eq!(json(at, "/api/recurring/nightly", "t-1", trigger), first);
    assert_eq!((jobs(&bench, "block").await, &first.1["done"]), (1, &true.into()));

    let delete = r#"{"action":"delete","query":"state:failed"}"#;
    let first = json(at, "/api/operations", "o-1", delete).1["id"].clone();
    assert_eq!(json(at, "/api/operations", "o-1", delete).1["id"], first);
    assert_eq!(operation::all(&*bench.store).await.unwrap().len(), 1);

    for (key, body, why) in [
        ("o-1", r#"{"action":"delete","query":"state:succeeded"}"#, "was sent for something else: `delete"),
        ("two words", delete, "1 to 255 visible ASCII characters"),
        (&*"x".repeat(256), delete, "1 to 255 visible ASCII characters"),
    ] {
        let (status, refused) = json(at, "/api/operations", key, body);
        assert_eq!(status, 400);
        assert!(refused["error"].as_str().unwrap().contains(why), "{refused}");
    }
    assert_eq!(operation::all(&*bench.store).await.unwrap().len(), 1);

    // A day later a key is as good as new.
    bench.clock.advance(HOUR * 24);
    let page = get(at, "/jobs").body;
    assert_has(&page, &["name=\"key\""]);
    json(at, "/api/demo", "deploy-7", run);
    assert_eq!(jobs(&bench, "boltjobs.demo").await, 3);
}
