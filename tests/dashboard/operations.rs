//! What is done to many jobs at once, and what is seen of failures, batches, health and people.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::audit;
use boltjobs_tests::{Bench, patiently};

mod taking_back;

use super::actions::{post, token};
use super::{HOUR, address, assert_has, get, pay_with, shown};

async fn bench() -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await
}

/// Begins an operation, and returns its page.
fn begin(at: SocketAddr, form: &str) -> String {
    let answer =
        post(at, "/operations", "", &format!("token={}&{form}", token(at, "/operations/new?action=delete")));
    assert_eq!(answer.status, 303, "{}", answer.body);
    let place = answer.head.lines().find_map(|line| line.strip_prefix("location: "));
    place.expect("it leads to its page").to_owned()
}

/// Asks for a page until it has a text, while time passes.
async fn until(bench: &Bench, place: &str, text: &str) -> String {
    patiently(async {
        loop {
            let page = get(address(bench), place).body;
            if page.contains(text) {
                return page;
            }
            bench.clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Fails at its first attempts.
#[request(name = "flaky")]
#[derive(Debug)]
pub struct Flaky;

#[handler]
async fn flaky(_: Flaky) -> JobResult {
    Err(std::io::Error::other("not yet").into())
}

fn act(at: SocketAddr, place: &str, action: &str) -> String {
    let form = format!("token={}&action={action}", token(at, "/operations/new?action=delete"));
    let answer = post(at, place, "", &form);
    assert_eq!(answer.status, 303, "{}", answer.body);
    get(at, &format!("{place}?did={action}")).body
}

#[tokio::test]
async fn all_that_match_are_deleted_after_a_dry_run_and_can_be_taken_back() {
    let bench = bench().await;
    let at = address(&bench);
    bench
        .scope(async {
            for (queue, jobs) in [("mail", 1_234), ("reports", 3)] {
                let jobs = (0..jobs).map(|_| pay_with("later").schedule_in(HOUR).queue(queue));
                Batch::new(queue).extend(jobs).submit().await.unwrap();
            }
        })
        .await;
    let page = get(at, "/operations/new?action=delete&q=queue:mail").body;
    assert_has(&page, &["1234 jobs", "would be deleted", "Nothing has been done yet", "Pay later"]);
    assert_eq!(bench.client().jobs().state(JobState::Scheduled).count().await.unwrap(), 1_237);

    let place = begin(at, "action=delete&q=queue:mail");
    let page = until(&bench, &place, "finished</span>").await;
    assert_has(&page, &["1234 done, 0 skipped of 1234", "Take back"]);
    assert_eq!(bench.client().jobs().state(JobState::Scheduled).count().await.unwrap(), 3);
    let job = bench.client().jobs().queue("mail").list().await.unwrap().jobs.remove(0);
    assert!(
        job.history().last().unwrap().reason.as_deref().unwrap().starts_with("deleted by an operation of ")
    );

    let page = act(at, &place, "undo");
    assert_has(&page, &["taken back", "1234 jobs wait again"]);
    let mail = bench.client().jobs().queue("mail").state(JobState::Scheduled);
    assert_eq!(mail.count().await.unwrap(), 1_234, "each waits for the time that it waited for");
    assert!(!page.contains("Take back"));
    assert_has(&get(at, "/operations").body, &["delete queue:mail", "taken back"]);
    let told = audit::read(&*bench.store, None, 9).await.unwrap().entries;
    let told: Vec<_> = told.iter().map(|entry| (&*entry.action, entry.done)).collect();
    assert_eq!(told, [("undo", true), ("delete", true)]);
    assert_has(&get(at, "/audit").body, &["undo", "1234 jobs that match <code>queue:mail</code>"]);
}

#[tokio::test]
async fn what_waits_in_a_queue_is_deleted_after_a_dry_run() {
    let bench = bench().await;
    let at = address(&bench);
    bench
        .scope(async {
            patiently(pay_with("no").enqueue().queue("mail").await.unwrap().wait()).await.unwrap_err();
            pay_with("later").schedule_in(HOUR).queue("mail").await.unwrap();
            bench.client().queue("mail").pause().await.unwrap();
            pay_with("x").enqueue().queue("mail").await.unwrap();
            patiently(pay_with("no").enqueue().queue("other").await.unwrap().wait()).await.unwrap_err();
        })
        .await;
    assert!(!get(at, "/queues/other").body.contains("Delete waiting"), "nothing waits in it");
    let page = get(at, "/queues/mail").body;
    let link = "/operations/new?action=delete&q=state%3Aenqueued%20state%3Ascheduled%20queue%3Amail";
    assert_eq!(page.matches("Delete waiting…").count(), 1);
    assert_has(&page, &[&link.replace('&', "&amp;")]);
    assert_has(&get(at, link).body, &["2 jobs", "would be deleted", "Nothing has been done yet"]);
    let reader = Bench::with(shown).await;
    reader.scope(async { pay_with("later").schedule_in(HOUR).await.unwrap() }).await;
    assert!(!get(address(&reader), "/queues/default").body.contains("Delete waiting"));
}

#[tokio::test]
async fn a_job_that_failed_is_deleted_for_good() {
    let bench = bench().await;
    let at = address(&bench);
    bench.scope(async { patiently(pay_with("no").enqueue().await.unwrap().wait()).await.unwrap_err() }).await;
    let place = begin(at, "action=delete&q=state:failed");
    let page = until(&bench, &place, "finished</span>").await;
    assert_has(&page, &["1 done"]);
    let page = act(at, &place, "undo");
    assert_has(&page, &["0 jobs wait again"]);
    assert_eq!(bench.client().jobs().state(JobState::Deleted).count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_careful_retry_stops_as_soon_as_one_fails_again() {
    let bench = bench().await;
    let at = address(&bench);
    bench
        .scope(async {
            for number in 0..30 {
                let job = pay_with(&format!("card {number} declined")).enqueue().await.unwrap();
                patiently(job.wait()).await.unwrap_err();
            }
        })
        .await;
    let page = get(at, "/failures").body;
    assert_has(&page, &["refused card # declined", ">30</a>", "Retry one", "Retry carefully"]);
    let group = &bench.store.failures(9).await.unwrap()[0];
    let query = format!("state:failed+failure:{}", group.fingerprint);
    assert_has(&get(at, &format!("/jobs?q={query}")).body, &["Pay card 29 declined", "Pay card 0 declined"]);

    let place = begin(at, &format!("action=requeue&q={query}&pace=careful"));
    let page = until(&bench, &place, "stopped</span>").await;
    assert_has(&page, &["failed again", "1 done", "of 30"]);
    let jobs = bench.client().jobs().state(JobState::Failed).list().await.unwrap().jobs;
    let again = jobs.iter().filter(|job| job.history().len() > 3).count();
    assert_eq!(again, 1, "the other ones were left alone");
}

#[tokio::test]
async fn an_operation_that_nobody_finished_is_taken_up_by_the_next_process() {
    let before = Bench::start().await;
    before
        .scope(async {
            let jobs = (0..9).map(|_| pay_with("later").schedule_in(HOUR));
            Batch::new("all").extend(jobs).submit().await.unwrap();
        })
        .await;
    let open = r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","bulk":"delete","query":"state:scheduled","careful":false,
        "limit":null,"actor":"ada","started_at":0,"ended_at":null,"planned":9,"done":0,"skipped":0,"after":null,
        "status":"running"}"#;
    let key = "operation/01890a5d-ac96-774b-bcce-b302099a8057";
    let document = boltjobs_core::store::Document { key: key.into(), text: open.into() };
    before.store.keep(vec![document], Vec::new(), before.clock_now()).await.unwrap();
    let bench =
        Bench::on(Arc::clone(&before.store), |builder| shown(builder).dashboard_role(DashboardRole::Operate))
            .await;
    let page = until(&bench, &format!("/operations/{}", &key[10..]), "finished</span>").await;
    assert_has(&page, &["9 done", "ada"]);
}

#[tokio::test]
async fn what_is_wrong_in_a_form_for_many_jobs_is_said() {
    let bench = bench().await;
    let at = address(&bench);
    bench.scope(async { pay_with("later").schedule_in(HOUR).await.unwrap() }).await;
    let token = token(at, "/operations/new?action=delete");
    for (form, why) in [
        (
            "action=explode&q=",
            "There is no action `explode`; use `requeue`, `delete`, `move` or `prioritize`.",
        ),
        ("action=delete&q=state:nothing", "can&#39;t be read at character 1"),
        ("action=delete&q=colour:red", "there is no key `colour`"),
        ("action=delete&q=&pace=slow", "There is no pace `slow`"),
        ("action=delete&q=&limit=0", "`0` is no number of jobs"),
    ] {
        let answer = post(at, "/operations", "", &format!("token={token}&{form}"));
        assert_eq!(answer.status, 400, "{form}");
        assert_has(&answer.body.replace('\'', "&#39;"), &[why]);
    }
    assert_eq!(post(at, "/operations", "", "action=delete&q=").status, 403);
    for place in
        ["/operations/new?action=delete&q=tag:", "/operations/nothing", "/batches/nothing", "/?span=year"]
    {
        assert!([400, 404].contains(&get(at, place).status), "{place}");
    }
}

#[tokio::test]
async fn a_batch_shows_how_far_it_is_and_can_be_cancelled() {
    let bench = bench().await;
    let at = address(&bench);
    assert_has(&get(at, "/batches").body, &["No batch yet"]);
    let batch = bench
        .scope(async {
            let inner = Batch::new("inner").push(pay_with("well"));
            let batch = Batch::new("thumbnails").push_job(pay_with("later").schedule_in(HOUR)).nest(inner);
            batch.submit().await.unwrap()
        })
        .await;
    let place = format!("/batches/{}", batch.id());
    let page = until(&bench, &place, "1 of 1").await;
    assert_has(&page, &["thumbnails", "0 of 1", "inner", "Cancel batch"]);
    let jobs = get(at, &format!("/jobs?q=batch:{}", batch.id())).body;
    assert!(jobs.contains("Pay later") && !jobs.contains("Pay well"), "{jobs}");
    let form = format!("token={}&action=cancel", token(at, &place));
    assert_eq!(post(at, &place, "", &form).status, 303);
    let page = get(at, &place).body;
    assert_has(&page, &["cancelled in the dashboard by", "1 of 1"]);
    assert!(!page.contains("Cancel batch"));
    assert_has(&get(at, "/batches").body, &["thumbnails", "inner"]);
}

#[tokio::test]
async fn a_batch_is_drawn_by_state_and_what_failed_in_it_is_retried_after_a_dry_run() {
    let bench = bench().await;
    let at = address(&bench);
    let batch = bench
        .scope(async {
            let jobs = ["well", "well", "no", "no", "no"].map(pay_with);
            let batch = Batch::new("mixed").extend(jobs).push_job(pay_with("later").schedule_in(HOUR));
            batch.submit().await.unwrap()
        })
        .await;
    let place = format!("/batches/{}", batch.id());
    let page = until(&bench, &place, "5 of 6").await;
    let parts = [("succeeded", 0, 2), ("failed", 2, 3), ("scheduled", 5, 1)];
    for (state, from, jobs) in parts {
        let part =
            format!("<rect class=\"segment {state}\" x=\"{from}\" width=\"{jobs}\" height=\"1\"></rect>");
        assert_has(&page, &[&part]);
    }
    assert_has(&page, &["viewBox=\"0 0 6 1\"", "1 scheduled, 2 succeeded, 3 failed", "Retry failed ones…"]);
    let link = format!("/operations/new?action=requeue&q=state%3Afailed%20batch%3A{}", batch.id());
    assert_has(&page, &[&link.replace('&', "&amp;")]);
    assert_has(&get(at, &link).body, &["3 jobs", "would be requeued"]);
}

#[tokio::test]
async fn each_check_of_the_health_says_what_it_found() {
    let bench = bench().await;
    let at = address(&bench);
    let page = get(at, "/health").body;
    assert_has(&page, &["23 checks of 23 ok", "<strong>ok</strong>: no queue is paused"]);
    bench.client().queue("default").pause().await.unwrap();
    let page = get(at, "/health").body;
    assert_has(
        &page,
        &[
            "22 checks of 23 ok",
            "<strong>warning</strong>: Paused queues: <code>default</code>",
            "Expected: no queue is paused.",
        ],
    );
}

#[tokio::test]
async fn what_came_and_ended_is_drawn_and_said() {
    let bench = bench().await;
    let at = address(&bench);
    bench
        .scope(async {
            patiently(pay_with("well").enqueue().await.unwrap().wait()).await.unwrap();
            patiently(pay_with("no").enqueue().await.unwrap().wait()).await.unwrap_err();
        })
        .await;
    for span in ["", "?span=day", "?span=week"] {
        let page = get(at, &format!("/{span}")).body;
        assert_has(
            &page,
            &["2 jobs came; 1 succeeded, 1 failed, 0 were deleted", "chart-failed", "Show as a table"],
        );
    }
    let page = get(at, "/queues").body;
    assert_has(&page, &["Out/min", "0.2"]);

    bench.clock.advance(3 * HOUR);
    let zoomed = get(at, "/?from=4h&to=150m").body;
    let then = "2 jobs came; 1 succeeded, 1 failed, 0 were deleted";
    assert_has(
        &zoomed,
        &["The chosen span", "From 20", then, "data-step=\"60\"", ">Zoom in</a>", ">Later</a>"],
    );
    // What leads elsewhere leads to what it says; steps that are long lead closer, too.
    let link = |page: &str, word: &str| {
        let (before, _) = page.split_once(&format!("\">{word}</a>")).expect("it is there");
        before.rsplit_once("href=\"").expect("it leads somewhere").1.replace("&amp;", "&")
    };
    assert_has(&get(at, &link(&zoomed, "Zoom out")).body, &["The chosen span", then]);
    assert!(!get(at, &link(&zoomed, "Later")).body.contains(then));
    let day = get(at, "/?span=day").body;
    let step = day.split("<th scope=\"row\"><a href=\"/?from=").nth(1).expect("it leads closer");
    let step = step.split_once('"').unwrap().0.replace("&amp;", "&");
    assert_has(&get(at, &format!("/?from={step}")).body, &["jobs in each 1m", then]);
    let wrong = get(at, "/?from=%3Cb%3E&to=1h");
    assert_eq!(wrong.status, 400);
    assert_has(&wrong.body, &["`from` and `to` each take an instant", "&lt;b&gt;"]);
}

#[tokio::test]
async fn jobs_that_are_tried_again_stand_under_retries() {
    let bench = bench().await;
    let at = address(&bench);
    assert_has(&get(at, "/retries").body, &["No job waits for another attempt."]);
    let job = bench.scope(async { Flaky.enqueue().await.unwrap().id() }).await;
    bench.until(job, JobState::Scheduled).await;
    let page = get(at, "/retries").body;
    assert_has(&page, &["not yet", "Run now", &job.to_string()]);
    assert_has(&get(at, "/jobs?q=is:retrying").body, &[&job.to_string()]);
    assert_has(&get(at, "/jobs?q=is:tired").body, &["use `is:retrying`"]);
}

/// Fails, and is tried again after as many hours as it says.
#[request(name = "patient")]
#[derive(Debug)]
pub struct Patient {
    hours: u32,
}

#[handler(retries = 1)]
async fn patient(request: Patient) -> JobResult {
    Err(JobError::retry_in(HOUR * request.hours, "not yet").into())
}

#[tokio::test]
async fn retries_are_in_the_order_of_the_next_attempt_while_one_page_can_look_at_all() {
    let bench = bench().await;
    let at = address(&bench);
    let order = |page: &str| -> Vec<_> {
        let rows = page.split("value=\"").skip(1).filter_map(|rest| rest.split('"').next());
        rows.filter_map(|value| value.parse::<JobId>().ok()).collect()
    };
    let put = |hours| async move { Patient { hours }.enqueue().await.unwrap().id() };
    let [second, third, first] = bench.scope(async { [put(2).await, put(3).await, put(1).await] }).await;
    for job in [second, third, first] {
        bench.until(job, JobState::Scheduled).await;
    }
    let page = get(at, "/retries").body;
    assert_eq!(order(&page), [first, second, third]);
    assert_has(&page, &["/retries?order=newest"]);
    assert_eq!(order(&get(at, "/retries?order=newest").body), [first, third, second]);

    let many = bench
        .scope(async { Patient::enqueue_all((0..498).map(|_| Patient { hours: 9 })).await.unwrap() })
        .await;
    for job in many {
        bench.until(job.id(), JobState::Scheduled).await;
    }
    let page = get(at, "/retries").body;
    assert_eq!(order(&page).len(), 50, "by when they were enqueued");
    assert_has(&page, &["Up to 500 jobs can be listed by their"]);
}
