//! What is not taken back at once is asked about first, without a script too.

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::audit;
use boltjobs_tests::Bench;
use serde_json::Value;

use super::actions::{post, press, token};
use super::{Block, HOSTILE, HOUR, address, assert_has, get, pay_with, send, shown};

async fn bench(role: DashboardRole) -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(role)).await
}

/// Returns what the form of a page that asks would send: its hidden fields, but for the token.
fn fields(page: &str) -> String {
    let form = page.split("<form class=\"fields\"").nth(1).expect("the page asks");
    let hidden = form.split("</form>").next().unwrap().split("type=\"hidden\" name=\"").skip(1);
    let pairs = hidden.map(|field| {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        format!("{name}={}", rest.split('"').next().unwrap())
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn a_delete_of_jobs_is_asked_about_and_then_done() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let mut ids = Vec::new();
    for number in 0..12 {
        let note = if number == 0 { HOSTILE.to_owned() } else { format!("n-{number}") };
        ids.push(bench.scope(async { pay_with(&note).schedule_in(HOUR).await.unwrap().id() }).await);
    }
    let marked: String = ids.iter().map(|id| format!("&job={id}")).collect();
    let answer =
        post(at, "/jobs", "", &format!("token={}&ask=first&action=delete{marked}", token(at, "/jobs")));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_has(
        &answer.body,
        &["Delete 12 jobs?", "Nothing has been done yet.", "&lt;script&gt;", "Pay n-9", "2 more"],
    );
    assert!(!answer.body.contains("<script>") && !answer.body.contains("name=\"ask\""), "{}", answer.body);
    assert_eq!(bench.client().stats().await.unwrap().deleted, 0);
    let done = post(at, "/jobs", "", &fields(&answer.body));
    assert_has(&done.body, &["delete: 12 of 12 jobs"]);
    assert_eq!(bench.client().stats().await.unwrap().deleted, 12);
}

#[tokio::test]
async fn one_job_a_batch_and_a_definition_are_asked_about_by_their_buttons() {
    let bench = bench(DashboardRole::Administer).await;
    let at = address(&bench);
    let (job, batch) = bench
        .scope(async {
            let job = pay_with("one").schedule_in(HOUR).await.unwrap().id();
            let later = pay_with("in a batch").schedule_in(HOUR);
            let batch = Batch::new("Statements").push_job(later).submit().await.unwrap().id();
            Block.recurring("night/ly", Cron::daily()).await.unwrap();
            (job, batch)
        })
        .await;
    let job_path = format!("/jobs/{job}");
    let batch_path = format!("/batches/{batch}");
    for (page, path, form, asked, did) in [
        (
            &*job_path,
            "/jobs",
            &*format!("action=delete&job={job}&seen=Scheduled&from=job"),
            "Delete 1 job?",
            "The job was deleted",
        ),
        (&batch_path, &batch_path, "action=cancel", "Cancel Statements?", "It was cancelled."),
        (
            "/recurring/night%2Fly",
            "/recurring/night%2Fly",
            "action=remove",
            "Remove night/ly?",
            "It was removed",
        ),
    ] {
        let shown = get(at, page).body;
        assert_has(&shown, &["name=\"ask\" value=\"first\""]);
        let answer = post(at, path, "", &format!("token={}&ask=first&{form}", token(at, page)));
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_has(
            &answer.body,
            &[asked, "Nothing has been done yet.", &format!("href=\"{page}\">Back</a>")],
        );
        assert!(get(at, page).body.contains("name=\"ask\""), "it was done: {page}");
        assert_has(&press(at, path, &fields(&answer.body)), &[did]);
    }
    assert_eq!(bench.job(job).await.state(), JobState::Deleted);
    assert!(bench.store.recurring_jobs().await.unwrap().is_empty());
    // What is not there is asked about by nobody.
    let form = format!("token={}&ask=first&action=remove", token(at, "/jobs"));
    assert_eq!(post(at, "/recurring/none", "", &form).status, 404);
}

#[tokio::test]
async fn who_may_not_do_it_is_not_asked() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    bench.scope(async { Block.recurring("x", Cron::daily()).await.unwrap() }).await;
    let form = format!("token={}&ask=first&action=remove", token(at, "/recurring/x"));
    assert_eq!(post(at, "/recurring/x", "", &form).status, 403);
}

#[tokio::test]
async fn marked_jobs_go_to_another_queue_and_get_another_priority() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let [one, other, gone] = bench
        .scope(async {
            let one = pay_with("one").schedule_in(HOUR).await.unwrap().id();
            let other = pay_with("other").schedule_in(HOUR).await.unwrap().id();
            let gone = pay_with("gone").schedule_in(HOUR).await.unwrap().id();
            [one, other, gone]
        })
        .await;
    bench.client().delete(gone).await.unwrap();
    assert_has(&get(at, "/jobs").body, &["value=\"move\"", "Move…", "Prioritize…"]);
    let form = format!("token={}&action=move&job={one}&job={gone}", token(at, "/jobs"));
    let answer = post(at, "/jobs", "", &form);
    assert_has(&answer.body, &["Move 2 jobs", "To the queue", "name=\"to\"", "Pay one"]);
    let answer = post(at, "/jobs", "", &format!("{}&to=slow", fields(&answer.body)));
    assert_has(&answer.body, &["move: 1 of 2 jobs", "not done: it was Deleted", "Take back"]);
    assert_eq!(
        (&*bench.job(one).await.queue().to_owned(), &*bench.job(other).await.queue().to_owned()),
        ("slow", "default")
    );
    let told = audit::read(&*bench.store, None, 2).await.unwrap().entries;
    assert!(told.iter().all(|it| it.action == "move" && it.detail == "to slow"), "{told:?}");
    let refused = post(at, "/jobs", "", &format!("{form}&to=My+Mail"));
    assert_eq!(refused.status, 400);
    assert_has(&refused.body, &["My Mail"]);

    let json = |body: String| {
        let length = body.len();
        let head = format!(
            "POST /api/jobs HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\nContent-Length: {length}"
        );
        let answer = send(at, &head, &body);
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let (status, done) = json(format!(r#"{{"action":"prioritize","to":"-7","jobs":["{other}"]}}"#));
    assert_eq!((status, &done["done"]), (200, &1.into()), "{done}");
    assert_eq!(bench.job(other).await.priority(), -7);
    for (body, why) in [
        (format!(r#"{{"action":"prioritize","to":"700","jobs":["{other}"]}}"#), "100"),
        (format!(r#"{{"action":"delete","to":"slow","jobs":["{other}"]}}"#), "`to` is for `move`"),
        (
            format!(r#"{{"action":"move","to":"slow","at":"2026-01-31T09:00:00Z","jobs":["{other}"]}}"#),
            "`at` is for `reschedule`",
        ),
    ] {
        let (status, refused) = json(body);
        assert_eq!(status, 400);
        assert!(refused["error"].as_str().unwrap().contains(why), "{refused}");
    }
}
