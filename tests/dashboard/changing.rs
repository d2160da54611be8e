//! Changing a job: by the form, over JSON, and many of them at once.

use std::net::SocketAddr;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::audit;
use boltjobs_tests::{Bench, patiently};
use serde_json::{Value, json};

use super::actions::{post, token};
use super::{HOSTILE, HOUR, address, assert_has, get, shown};

/// A request with a secret, which fails without somebody to pay.
#[request(name = "refund", display = "Refund {to}")]
#[derive(Debug)]
pub struct Refund {
    to: String,
    cents: u32,
    #[request(sensitive)]
    pin: String,
}

#[handler(retries = 0)]
async fn refund(request: Refund) -> JobResult {
    let known = request.pin == "s3cret" && !request.to.is_empty();
    if known { Ok(()) } else { Err("there is nobody to pay".into()) }
}

fn pay(to: &str) -> Refund {
    Refund { to: to.to_owned(), cents: 42, pin: "s3cret".to_owned() }
}

async fn bench(role: DashboardRole) -> Bench {
    Bench::with(|builder| {
        shown(builder).dashboard_role(role).queues([Queue::new("default"), Queue::new("slow")])
    })
    .await
}

async fn failed(bench: &Bench) -> JobId {
    let job = bench.scope(async { pay("").enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap_err();
    job.id()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Sends what is typed, for a job that was seen in a state and a revision.
fn send(at: SocketAddr, id: JobId, action: &str, seen: (&str, u32), typed: &[(&str, &str)]) -> super::Answer {
    let path = format!("/jobs/{id}/edit");
    let typed: String = typed.iter().map(|(name, text)| format!("&{name}={}", percent(text))).collect();
    let form = format!(
        "token={}&state={}&seen={}&action={action}{typed}",
        token(at, "/operations/new?action=delete"),
        seen.0,
        seen.1
    );
    post(at, &path, "", &form)
}

fn json(at: SocketAddr, path: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\nContent-Length: {length}"
    );
    let answer = super::send(at, &head, &body);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[tokio::test]
async fn a_payload_is_mended_with_a_look_at_what_differs_and_run_again() {
    let bench = bench(DashboardRole::Operate).await;
    let (at, id) = (address(&bench), failed(&bench).await);
    assert_has(&get(at, &format!("/jobs/{id}")).body, &[&format!("href=\"/jobs/{id}/edit\"")]);
    let form = get(at, &format!("/jobs/{id}/edit")).body;
    assert_has(&form, &["***", "name=\"queue\" value=\"default\"", "value=\"requeue\""]);
    assert!(!form.contains("s3cret"), "{form}");
    assert!(form.find("value=\"preview\"") < form.find("value=\"save\""), "Enter presses the first one");

    let doubtful = r#"{"to": 7, "cents": 42, "pin": "***", "note": "x"}"#;
    let preview = send(at, id, "preview", ("Failed", 0), &[("payload", doubtful)]);
    assert_eq!(preview.status, 200);
    assert_has(
        &preview.body,
        &[
            "payload.to",
            "payload.note",
            "`Refund` has no field `note`",
            "The field `to` is of the type `String`",
        ],
    );
    assert_eq!(bench.job(id).await.state(), JobState::Failed);

    let mended =
        [("payload", r#"{"to": "ada", "cents": 42, "pin": "***"}"#), ("queue", "slow"), ("priority", "5")];
    let sent = send(at, id, "requeue", ("Failed", 0), &mended);
    assert!(sent.head.contains(&format!("location: /jobs/{id}?did=change")), "{}", sent.head);
    let done = bench.until(id, JobState::Succeeded).await;
    assert_eq!((done.queue(), done.priority(), done.title()), ("slow", 5, "Refund  (edited)"));
    let told = audit::read(&*bench.store, None, 9).await.unwrap().entries;
    let change = told.iter().find(|entry| entry.action == "change").unwrap();
    let changed: Vec<_> =
        change.changes.iter().map(|it| (&*it.field, it.before.as_deref(), it.after.as_deref())).collect();
    assert_eq!(
        changed,
        [
            ("queue", Some("default"), Some("slow")),
            ("priority", Some("0"), Some("5")),
            ("payload.to", Some("\"\""), Some("\"ada\"")),
        ]
    );
}

#[tokio::test]
async fn what_can_not_be_read_and_what_has_changed_is_told_and_nothing_is_lost() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let id = bench.scope(async { pay("ada").schedule_in(HOUR).await.unwrap().id() }).await;
    let typed = [("queue", "No"), ("priority", "high"), ("payload", HOSTILE)];
    let wrong = send(at, id, "save", ("Scheduled", 0), &typed);
    assert_eq!(wrong.status, 400);
    assert_has(
        &wrong.body,
        &["<code>No</code>", "<code>high</code> is no priority", "it is no JSON", "aria-invalid=\"true\""],
    );
    assert!(!wrong.body.contains(HOSTILE), "it is shown as text");

    assert!(bench.client().change(id).priority(3).await.unwrap());
    let late = send(at, id, "save", ("Scheduled", 0), &[("queue", "slow")]);
    assert_eq!(late.status, 409);
    assert_has(&late.body, &["Nothing was saved", "name=\"seen\" value=\"1\"", "value=\"slow\""]);
    assert_eq!(bench.job(id).await.queue(), "default");
    assert_eq!(send(at, id, "save", ("Scheduled", 1), &[("queue", "slow")]).status, 303);
    assert_eq!(bench.job(id).await.queue(), "slow");

    assert!(bench.client().delete(id).await.unwrap());
    let gone = send(at, id, "save", ("Scheduled", 2), &[("queue", "default")]);
    assert_eq!(gone.status, 409);
    assert_has(&gone.body, &["while it waits, and when it has failed"]);
    assert!(!get(at, &format!("/jobs/{id}")).body.contains("/edit\""), "it can't be changed");
    assert_eq!(send(at, id, "burn", ("Scheduled", 2), &[]).status, 400);
}

#[tokio::test]
async fn programs_change_a_job_over_json() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let id = bench.scope(async { pay("ada").schedule_in(HOUR).await.unwrap().id() }).await;
    let path = format!("/api/jobs/{id}");
    let body = json!({"action": "change", "queue": "slow", "priority": 9, "expected": ["Scheduled"],
        "payload": {"to": "bob", "cents": 1, "pin": "***"}});
    assert_eq!(
        json(at, &path, &body),
        (200, json!({"id": id.to_string(), "done": true, "state": "Scheduled"}))
    );
    let changed = bench.job(id).await;
    assert_eq!((changed.queue(), changed.priority()), ("slow", 9));
    assert!(bench.client().requeue(id).await.unwrap());
    bench.until(id, JobState::Succeeded).await;
    for (body, status, why) in [
        (json!({"action": "change", "queue": "slow"}), 409, "in the state Succeeded"),
        (json!({"action": "delete", "queue": "slow"}), 400, "for `change`, and not for `delete`"),
        (json!({"action": "change", "priority": 101}), 400, "`priority`: priority 101 is out of range"),
        (json!({"action": "change", "queue": "No"}), 400, "`queue`: "),
    ] {
        let (found, answer) = json(at, &path, &body);
        assert_eq!(found, status, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains(why), "{answer}");
    }
}

#[tokio::test]
async fn all_that_match_are_moved_or_prioritized_after_a_look() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    for name in ["a", "b", "c"] {
        bench.scope(async { pay(name).schedule_in(HOUR).await.unwrap() }).await;
    }
    assert_has(
        &get(at, "/jobs?q=queue:default").body,
        &["Move all…", "Prioritize all…", "value=\"queue:default\""],
    );
    let dry = get(at, "/operations/new?action=move&to=slow&q=queue:default").body;
    assert_has(&dry, &["3 jobs", "Nothing has been done yet", "name=\"to\" value=\"slow\"", "Move 3 jobs"]);
    let form = format!("token={}&action=move&to=slow&q=queue:default", token(at, "/jobs"));
    assert_eq!(post(at, "/operations", "", &form).status, 303);
    let order = json!({"action": "prioritize", "to": "-3", "query": "queue:slow"});
    patiently(async {
        while bench.client().jobs().queue("slow").count().await.unwrap() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (status, operation) = json(at, "/api/operations", &order);
    assert_eq!((status, &operation["to"]), (200, &json!("-3")));
    let id = operation["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(patiently(bench.client().operation(id).wait()).await.unwrap().done, 3);
    assert_has(&get(at, "/operations").body, &["prioritize to -3", "move to slow"]);
    for (query, why) in [
        ("action=move&q=", "queue"),
        ("action=move&to=No&q=", "`No`"),
        ("action=prioritize&to=high&q=", "no priority"),
        ("action=delete&to=slow&q=", "not for `delete`"),
    ] {
        let page = get(at, &format!("/operations/new?{query}"));
        assert_eq!(page.status, 400, "{query}");
        assert_has(&page.body, &[why]);
    }
}
