//! Taking back what was done to many jobs, and what was not done to them.

use std::net::SocketAddr;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Bulk, DashboardRole, OperationStatus, Skip};
use boltjobs_tests::{Bench, patiently};
use serde_json::{Value, json};

use crate::actions::{post, token};
use crate::{HOUR, address, assert_has, get, pay_with, shown};

async fn bench() -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await
}

async fn later(bench: &Bench, name: &str, queue: &'static str) -> JobId {
    bench.scope(async { pay_with(name).schedule_in(HOUR).queue(queue).await.unwrap().id() }).await
}

async fn queue(bench: &Bench, id: JobId) -> String {
    bench.job(id).await.queue().to_owned()
}

fn undo(at: SocketAddr, place: &str) -> String {
    let form = format!("token={}&action=undo", token(at, "/jobs"));
    assert_eq!(post(at, place, "", &form).status, 303);
    get(at, &format!("{place}?did=undo")).body
}

fn json_of(at: SocketAddr, place: &str) -> Value {
    serde_json::from_str(&get(at, &format!("/api{place}")).body).unwrap()
}

#[tokio::test]
async fn a_move_is_taken_back_where_nobody_has_changed_a_job_since() {
    let bench = bench().await;
    let (at, client) = (address(&bench), bench.client());
    let (mail, report) = (later(&bench, "a", "mail").await, later(&bench, "b", "reports").await);
    let (edited, there) = (later(&bench, "c", "mail").await, later(&bench, "d", "slow").await);
    let (elsewhere, deleted) = (later(&bench, "e", "mail").await, later(&bench, "f", "mail").await);
    let all =
        client.jobs().state(JobState::Scheduled).in_background(Bulk::Move("slow".into())).await.unwrap();
    assert_eq!(patiently(all.wait()).await.unwrap().done, 6);
    for job in [mail, report, edited, there, elsewhere, deleted] {
        assert_eq!(queue(&bench, job).await, "slow");
    }
    assert!(client.change(edited).priority(7).await.unwrap());
    assert!(client.change(elsewhere).queue("other").await.unwrap());
    assert!(client.delete(deleted).await.unwrap());

    let place = format!("/operations/{}", all.id());
    assert_has(&get(at, &place).body, &["6 done", "Take back"]);
    let page = undo(at, &place);
    assert_has(&page, &["taken back", "3 jobs are back in their queues.", "Not taken back"]);
    assert_has(&page, &["it is in another queue by now: 1 job", "it was Deleted: 1 job", "Pay e", "Pay f"]);
    assert!(!page.contains("Take back"), "once");
    for (job, expected) in [
        (mail, "mail"),
        (report, "reports"),
        (edited, "mail"),
        (there, "slow"),
        (elsewhere, "other"),
        (deleted, "slow"),
    ] {
        assert_eq!(queue(&bench, job).await, expected);
    }
    assert_eq!(bench.job(edited).await.priority(), 7, "what others have changed stays");
    let value = json_of(at, &place);
    assert_eq!((&value["taken_back"], &value["left"][0]["jobs"]), (&json!(3), &json!(1)));
    let left: Vec<_> = value["left_jobs"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert!(left.contains(&json!(elsewhere.to_string())) && left.contains(&json!(deleted.to_string())));
}

#[tokio::test]
async fn priorities_are_taken_back_for_ten_minutes() {
    let bench = bench().await;
    let (at, client) = (address(&bench), bench.client());
    let (low, none) = (later(&bench, "a", "mail").await, later(&bench, "b", "mail").await);
    assert!(client.change(low).priority(-5).await.unwrap());
    let first = |to| client.jobs().queue("mail").in_background(Bulk::Prioritize(to));
    let nine = first(9).await.unwrap();
    assert_eq!(patiently(nine.wait()).await.unwrap().done, 2);
    bench.clock.advance(Duration::from_mins(9));
    assert_eq!(nine.take_back().await.unwrap(), Some(2));
    assert_eq!((bench.job(low).await.priority(), bench.job(none).await.priority()), (-5, 0));

    let eight = first(8).await.unwrap();
    assert_eq!(patiently(eight.wait()).await.unwrap().done, 2);
    assert!(client.change(low).priority(3).await.unwrap());
    let place = format!("/operations/{}", eight.id());
    let page = undo(at, &place);
    assert_has(&page, &["1 job has its priority again.", "it has another priority by now"]);
    assert_eq!((bench.job(low).await.priority(), bench.job(none).await.priority()), (3, 0));

    let late = first(6).await.unwrap();
    patiently(late.wait()).await.unwrap();
    bench.clock.advance(Duration::from_mins(10));
    assert_eq!(late.take_back().await.unwrap(), None, "it is too late");
    assert_eq!(bench.job(none).await.priority(), 6);
    assert!(!get(at, &format!("/operations/{}", late.id())).body.contains("Take back"));
}

#[tokio::test]
async fn what_was_done_to_marked_jobs_is_taken_back_from_the_page_that_reports_it() {
    let bench = bench().await;
    let at = address(&bench);
    let (one, other) = (later(&bench, "a", "mail").await, later(&bench, "b", "reports").await);
    let form = format!("token={}&action=move&to=slow&job={one}&job={other}", token(at, "/jobs"));
    let answer = post(at, "/jobs", "", &form);
    assert_has(&answer.body, &["move: 2 of 2 jobs", "Take back", "It can be taken back for 10 minutes"]);
    let place = answer.body.split("action=\"/operations/").nth(1).unwrap().split('"').next().unwrap();
    let place = format!("/operations/{place}");
    assert_has(&get(at, "/operations").body, &["move to slow: 2 jobs that were marked", "finished"]);
    assert_has(&undo(at, &place), &["2 jobs are back in their queues."]);
    assert_eq!((queue(&bench, one).await, queue(&bench, other).await), ("mail".into(), "reports".into()));
    let page = post(at, "/jobs", "", &format!("token={}&action=delete&job={one}", token(at, "/jobs"))).body;
    assert!(!page.contains("/operations/"), "what was deleted is requeued: {page}");
}

#[tokio::test]
async fn an_operation_says_which_jobs_it_has_skipped_and_why() {
    let bench = bench().await;
    let (at, client) = (address(&bench), bench.client());
    let [held, holder] = bench
        .scope(async {
            let first = pay_with("first").schedule_in(HOUR).queue("mail").unique("k").await.unwrap();
            client.delete(first.id()).await.unwrap();
            let second = pay_with("second").schedule_in(HOUR).queue("mail").unique("k").await.unwrap();
            [first.id(), second.id()]
        })
        .await;
    let done = bench.scope(async { pay_with("well").enqueue().queue("mail").await.unwrap() }).await;
    patiently(done.wait()).await.unwrap();
    client.queue("mail").pause().await.unwrap();
    let waits = bench.scope(async { pay_with("x").enqueue().queue("mail").await.unwrap().id() }).await;
    let all = client.jobs().queue("mail").in_background(Bulk::Requeue).await.unwrap();
    let details = patiently(all.wait()).await.unwrap();
    assert_eq!((details.status, details.done, details.skipped), (OperationStatus::Finished, 2, 2));
    let why = |id| details.skips.jobs.iter().find(|it| it.id == id).map(|it| (&*it.title, it.why));
    assert_eq!(why(held), Some(("Pay first", Skip::KeyHeld)));
    assert_eq!(why(waits), Some(("Pay x", Skip::State(JobState::Enqueued))));
    assert_eq!((why(holder), why(done.id())), (None, None));
    let place = format!("/operations/{}", all.id());
    let page = get(at, &place).body;
    assert_has(
        &page,
        &["Skipped", "it would need its unique key, which another job holds: 1 job", "Pay first"],
    );
    assert_has(&page, &["it is Enqueued already: 1 job", "Pay x"]);
    let value = json_of(at, &place);
    assert_eq!(value["skips"].as_array().unwrap().len(), 2);
    assert_eq!(value["skipped_jobs"][0]["reason"], "is Enqueued already");
    assert!(json_of(at, "/operations")["operations"][0].get("skipped_jobs").is_none(), "only of one");
}
