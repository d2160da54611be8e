//! What the pages do, for whom, and for whom not.

use std::net::SocketAddr;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};

use super::{Answer, Block, HOUR, Orphan, address, ask, assert_has, get, pay_with, shown};

async fn bench(role: DashboardRole) -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(role)).await
}

/// Returns the token that the forms of a page carry.
pub(super) fn token(at: SocketAddr, path: &str) -> String {
    let page = get(at, path).body;
    let token = page.split("name=\"token\" value=\"").nth(1).expect("the page has a form");
    token.split('"').next().unwrap().to_owned()
}

pub(super) fn post(at: SocketAddr, path: &str, headers: &str, form: &str) -> Answer {
    let length = form.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}{headers}"
    );
    super::send(at, &head, form)
}

/// Sends a form as a browser does, and returns the page that it leads to.
pub(super) fn press(at: SocketAddr, path: &str, form: &str) -> String {
    let headers = format!("\r\nOrigin: http://{at}\r\nSec-Fetch-Site: same-origin");
    let answer = post(at, path, &headers, form);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let place = answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned();
    get(at, &place).body
}

#[tokio::test]
async fn a_failed_job_is_requeued_with_two_keys() {
    let bench = bench(DashboardRole::Operate).await;
    let job = bench
        .scope(async {
            let job = pay_with("no money").enqueue().await.unwrap();
            patiently(job.wait()).await.unwrap_err();
            job
        })
        .await;
    bench.client().queue("default").pause().await.unwrap();
    let at = address(&bench);
    let path = format!("/jobs/{}", job.id());
    let form = format!("token={}&action=requeue&job={}&seen=Failed&from=job", token(at, &path), job.id());
    let page = press(at, "/jobs", &form);
    assert_has(&page, &["The job was requeued.", "requeued in the dashboard", "Enqueued"]);
    // The page that is still open elsewhere shows it as failed.
    let page = press(at, "/jobs", &form);
    assert_has(&page, &["Nothing was done"]);
    assert_eq!(bench.job(job.id()).await.history().len(), 4);
}

#[tokio::test]
async fn marked_jobs_are_acted_on_and_each_is_reported() {
    let bench = bench(DashboardRole::Operate).await;
    let (later, gone) = bench
        .scope(async {
            let later = pay_with("later").schedule_in(HOUR).await.unwrap().id();
            let gone = pay_with("gone").schedule_in(HOUR).await.unwrap().id();
            (later, gone)
        })
        .await;
    bench.client().delete(gone).await.unwrap();
    let at = address(&bench);
    let form = format!("token={}&action=delete&job={later}&job={gone}", token(at, "/jobs"));
    let answer = post(at, "/jobs", "", &form);
    assert_eq!(answer.status, 200);
    assert_has(&answer.body, &["delete: 1 of 2 jobs", "Pay later", "not done: its state does not allow it"]);
    assert_eq!(bench.job(later).await.state(), JobState::Deleted);
    // What was deleted by mistake is taken back.
    assert_has(&answer.body, &["Take back", &format!("name=\"job\" value=\"{later}\"")]);
    for (ids, why) in [("", "0 jobs are chosen"), ("&job=12", "`12` is not the id")] {
        let answer = post(at, "/jobs", "", &format!("token={}&action=delete{ids}", token(at, "/jobs")));
        assert_eq!(answer.status, 400);
        assert_has(&answer.body, &[why]);
    }
}

#[tokio::test]
async fn definitions_and_queues_are_steered() {
    let bench = bench(DashboardRole::Administer).await;
    bench.scope(async { Block.recurring("night/ly", Cron::daily()).await.unwrap() }).await;
    bench.scope(async { Orphan.enqueue().queue("a-b").await.unwrap() }).await;
    let at = address(&bench);
    let path = "/recurring/night%2Fly";
    let act = |action: &str| press(at, path, &format!("token={}&action={action}", token(at, path)));
    assert_has(&act("pause"), &["It is paused.", "Resume"]);
    assert_has(&act("pause"), &["Nothing was done"]);
    assert_has(&act("resume"), &["It goes on."]);
    assert_has(&act("trigger"), &["A job of it was made", "by hand"]);
    assert_has(&act("remove"), &["It was removed", "No recurring definition yet."]);
    let queue =
        |action: &str| press(at, "/queues/a-b", &format!("token={}&action={action}", token(at, "/queues")));
    assert_has(&queue("pause"), &["It is paused.", "class=\"badge\">paused"]);
    assert_has(&queue("resume"), &["It goes on."]);
}

#[tokio::test]
async fn each_role_may_do_what_it_may_and_no_more() {
    use DashboardRole::{Administer, Operate, Read};
    let actions = [
        ("/jobs", "action=delete&job=01890a5d-ac96-774b-bcce-b302099a8057", Operate),
        ("/recurring/x", "action=trigger", Operate),
        ("/recurring/x", "action=pause", Operate),
        ("/recurring/x", "action=resume", Operate),
        ("/queues/x", "action=pause", Operate),
        ("/recurring/x", "action=remove", Administer),
    ];
    for role in [Read, Operate, Administer] {
        let bench = bench(role).await;
        bench.scope(async { Block.recurring("x", Cron::daily()).await.unwrap() }).await;
        let at = address(&bench);
        let token = if role == Read { "0".repeat(64) } else { token(at, "/recurring/x") };
        assert_eq!(get(at, "/recurring/x").body.contains("<form class=\"act\""), role > Read);
        for (path, form, needed) in actions {
            let answer = post(at, path, "", &format!("token={token}&{form}"));
            let allowed = [200, 303].contains(&answer.status);
            assert_eq!(allowed, role >= needed, "{role}: {path} {form}: {} {}", answer.status, answer.body);
            if !allowed {
                assert!([403, 405].contains(&answer.status), "{}", answer.status);
                assert_has(&answer.body, &["dashboard_role"]);
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_done_for_whoever_does_not_send_a_form_of_ours() {
    let bench = bench(DashboardRole::Administer).await;
    let job = bench.scope(async { pay_with("later").schedule_in(HOUR).await.unwrap().id() }).await;
    let at = address(&bench);
    let token = token(at, "/jobs");
    let form = |token: &str| format!("token={token}&action=delete&job={job}");
    for wrong in ["", &token[1..], &"0".repeat(64), &format!("{token}0")] {
        let answer = post(at, "/jobs", "", &form(wrong));
        assert_eq!(answer.status, 403, "{wrong}");
        assert_has(&answer.body, &["open the page again"]);
    }
    for foreign in [
        "Origin: http://evil.example",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Origin: null",
    ] {
        assert_eq!(post(at, "/jobs", &format!("\r\n{foreign}"), &form(&token)).status, 403, "{foreign}");
    }
    let head = format!("POST /jobs HTTP/1.1\r\nHost: evil.example\r\nContent-Length: {}", form(&token).len());
    assert_eq!(super::send(at, &head, &form(&token)).status, 403);
    // An action is no link.
    assert_eq!(get(at, &format!("/jobs?{}", form(&token))).status, 200);
    assert_eq!(get(at, "/queues/none?action=pause").status, 404);
    let json =
        format!("POST /jobs HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\nContent-Length: 2");
    assert_eq!(super::send(at, &json, "{}").status, 400);
    assert_eq!(post(at, "/jobs", "", &format!("token={token}&action=burn&job={job}")).status, 400);
    assert_eq!(bench.job(job).await.state(), JobState::Scheduled);
    let large = format!("token={token}&action=delete&job={}", "0".repeat(3 << 20));
    assert_eq!(post(at, "/jobs", "", &large).status, 400);
    assert_eq!(ask(at, &format!("GET /jobs HTTP/1.1\r\nHost: {at}")).status, 200);
}
