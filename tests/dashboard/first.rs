//! What somebody sees who looks for the first time: what was found, code of their own, and a demo.

use std::net::SocketAddr;
use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::demo::REQUEST;
use boltjobs_core::store::ServerInfo;
use boltjobs_tests::{Bench, patiently};

use super::actions::{post, press, token};
use super::{Orphan, address, assert_has, get, overview, shown};

const BUTTON: &str = ">Run a demo job</button>";

async fn bench(role: DashboardRole) -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(role)).await
}

/// Returns the one server that is there.
async fn server(bench: &Bench) -> ServerInfo {
    let servers = bench.store.servers(bench.clock_now()).await.unwrap();
    assert_eq!(servers.len(), 1);
    servers.into_iter().next().unwrap()
}

/// Runs a demo, and returns the page of its job.
fn demo(at: SocketAddr, action: &str, from: &str) -> String {
    press(at, "/demo", &format!("token={}&action={action}", token(at, from)))
}

/// Returns the one job in a state, once it is there; time passes meanwhile.
async fn ended(bench: &Bench, state: JobState) -> JobId {
    patiently(async {
        loop {
            let found = bench.client().jobs().state(state).list().await.unwrap().jobs;
            if let [job] = &*found {
                return job.id();
            }
            bench.clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn while_there_is_no_job_the_first_page_shows_what_was_found_and_how_to_make_one() {
    let bench = bench(DashboardRole::Operate).await;
    let (at, server) = (address(&bench), server(&bench).await);
    let (workers, requests) = (server.offer.workers, server.offer.handles.len() - 1);
    let page = overview(at);
    let found = format!("1 server, {workers} workers, {requests} requests");
    assert_has(&page, &["All is well.", &found, "No job yet", BUTTON]);
    assert_has(&page, &["Block.enqueue().await?;"]);
    assert!(!page.contains("Failed jobs") && !page.contains("The last minute"), "nothing to see: {page}");

    bench.scope(async { Orphan.enqueue().await.unwrap() }).await;
    let page = overview(at);
    assert_has(&page, &[&found, "Failed jobs", "The last minute"]);
    assert!(!page.contains("No job yet") && !page.contains(BUTTON), "{page}");
}

#[tokio::test]
async fn the_demo_is_none_of_the_requests_of_the_program() {
    let bench = bench(DashboardRole::Operate).await;
    let (at, server) = (address(&bench), server(&bench).await);
    assert!(server.offer.runs_demo());
    for path in ["/", "/servers", "/api/servers", "/health"] {
        assert!(!get(at, path).body.contains(REQUEST), "{path}");
    }
    let listed = bench.client().servers().await.unwrap();
    assert_eq!(listed[0].requests().count(), server.offer.handles.len() - 1);
    assert!(listed[0].requests().all(|(name, ..)| name != REQUEST));
}

#[tokio::test]
async fn a_demo_ends_well_and_another_one_fails_for_good() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let page = demo(at, "run", "/");
    assert_has(&page, &["Demo job", "Demo {", "greeting: &quot;Hello from the dashboard&quot;.into()"]);
    let job = ended(&bench, JobState::Succeeded).await;
    let path = format!("/jobs/{job}");
    let page = get(at, &path).body;
    assert_has(&page, &["parts: 4 of 4", "INFO part 3 of 4 is done", "4 parts are done"]);
    assert_has(
        &page,
        &["Press <kbd>?</kbd> for keys, or make </span>one fail to see <a href=\"/failures\">"],
    );
    let details = bench.job(job).await;
    let took = details.history().last().unwrap().at.since(details.history()[0].at);
    assert!(took >= Duration::from_secs(2), "{took:?}");

    assert_has(&demo(at, "fail", &path), &["Demo job that fails", "fails: true"]);
    let failed = ended(&bench, JobState::Failed).await;
    assert_eq!(bench.job(failed).await.attempts(), 1);
    assert_has(&get(at, &format!("/jobs/{failed}")).body, &["It failed, as it was asked to: see "]);
    assert_has(&get(at, "/failures").body, &["the demo was asked to fail", "DemoFailed"]);
    assert_has(&get(at, "/audit").body, &["demo", &format!("job {failed}")]);
}

#[tokio::test]
async fn who_only_looks_is_told_how_to_allow_it() {
    let bench = bench(DashboardRole::Read).await;
    let page = overview(address(&bench));
    assert_has(&page, &["To run a demo job here, ", "BOLTJOBS_DASHBOARD_ROLE=operate"]);
    assert!(!page.contains(BUTTON), "{page}");
    let known =
        Bench::with(|builder| shown(builder).dashboard_token(DashboardRole::Read, "read-0123456789abcdef"))
            .await;
    let head =
        format!("GET / HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer read-0123456789abcdef", address(&known));
    assert_has(&super::ask(address(&known), &head).body, &["have a role of <code>operate</code>; yours is"]);
}

#[tokio::test]
async fn without_a_server_that_runs_it_there_is_no_demo() {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate).workers(0)).await;
    let at = address(&bench);
    let page = overview(at);
    assert_has(&page, &["0 servers, 0 workers, 0 requests", "No job yet", "#[handler]"]);
    assert!(!page.contains("demo job"), "{page}");
    let answer = post(at, "/demo", "", &format!("token={}&action=run", token(at, "/jobs?q=tag:eu")));
    assert_eq!(answer.status, 400);
    assert_has(&answer.body, &["No server that is there runs the demo"]);
    assert_eq!(bench.client().jobs().count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_demo_goes_where_a_server_works() {
    let bench = Bench::with(|builder| {
        shown(builder).dashboard_role(DashboardRole::Operate).queues(["mail", "reports"])
    })
    .await;
    demo(address(&bench), "run", "/");
    let job = ended(&bench, JobState::Succeeded).await;
    assert_eq!(bench.job(job).await.queue(), "mail");
}

#[tokio::test]
async fn a_server_runs_the_demo_once_its_dashboard_is_nested() {
    let bench = Bench::start().await;
    assert!(!server(&bench).await.offer.runs_demo(), "nobody would see it");
    let _router = bench.server.dashboard().router().unwrap();
    // It is told by another thread.
    patiently(async {
        while !server(&bench).await.offer.runs_demo() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let spec = boltjobs_core::demo::spec(false);
    let job = JobId::from_parts(bench.clock_now(), 1);
    let demo = boltjobs_core::job::NewJob { id: job, spec: spec.into(), start_at: None };
    bench.store.enqueue(vec![demo], bench.clock_now()).await.unwrap();
    assert_eq!(ended(&bench, JobState::Succeeded).await, job);
}

#[tokio::test]
async fn servers_say_how_many_of_their_slots_are_busy() {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate).workers(3)).await;
    let at = address(&bench);
    let slots = |page: &str| page.matches("<span class=\"busy\">").count();
    let page = get(at, "/servers").body;
    assert_has(&page, &["0 of 3 busy"]);
    assert_eq!(slots(&page), 0);
    demo(at, "run", "/");
    let id = bench.client().jobs().list().await.unwrap().jobs[0].id();
    bench.until(id, JobState::Processing).await;
    let page = get(at, "/servers").body;
    assert_has(&page, &["1 of 3 busy"]);
    assert_eq!(slots(&page), 1);
    assert_eq!(bench.client().servers().await.unwrap()[0].running(), 1);
    ended(&bench, JobState::Succeeded).await;
    assert_has(&get(at, "/servers").body, &["0 of 3 busy"]);
}
