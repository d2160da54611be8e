//! Servers that die, and servers that are told what to do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{DashboardRole, Duty, LogLevel, Store};
use boltjobs_core::order::LOGS_FOR;
use boltjobs_core::store::Offer;
use boltjobs_core::{audit, order};
use boltjobs_tests::{Bench, Flaky, offer, patiently};
use serde_json::Value;

use super::actions::{post, press, token};
use super::{HOSTILE, HOUR, Orphan, address, assert_has, get, pay_with, shown};

/// Logs at two levels.
#[request(name = "chat")]
#[derive(Debug)]
pub struct Chat;

#[handler]
async fn chat(_: Chat) {
    tracing::info!("a word");
    tracing::debug!("a detail");
}

async fn bench_on(store: &Arc<dyn Store>, role: DashboardRole) -> Bench {
    Bench::on(Arc::clone(store), |builder| shown(builder).dashboard_role(role)).await
}

/// Waits until a server says that it does this with jobs.
async fn until(bench: &Bench, server: &str, duty: Duty) {
    patiently(async {
        loop {
            let servers = bench.client().servers().await.unwrap();
            if servers.iter().any(|it| it.name() == server && it.duty() == duty) {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn order_on_page(at: SocketAddr, server: &str, form: &str) -> String {
    let page = format!("/servers/{server}");
    press(at, &page, &format!("token={}&{form}", token(at, &page)))
}

#[tokio::test]
async fn a_server_that_died_is_listed_as_possibly_aborted_and_what_it_ran_is_marked() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    let job = bench.scope(async { Orphan.enqueue().await.unwrap() }).await;
    let now = bench.clock_now();
    let other = Offer { server: HOSTILE.into(), lease: HOUR * 9, ..Offer::clone(&offer("orphan")) };
    bench.store.announce(Arc::new(other.clone()), now, now.plus(Duration::from_secs(30))).await.unwrap();
    bench.store.claim(Arc::new(other), vec![7], now).await.unwrap();
    let page = get(at, "/servers").body;
    assert!(!page.contains("possibly aborted"), "{page}");

    bench.clock.advance(Duration::from_secs(21));
    assert_has(&get(at, "/servers").body, &["<span class=\"badge bad\">possibly aborted</span>"]);
    bench.clock.advance(Duration::from_secs(10));
    let page = get(at, "/servers").body;
    assert_has(&page, &["Servers that ended without a word", "31s ago", "&lt;script&gt;"]);
    assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
    assert_has(&get(at, "/jobs?q=request:orphan").body, &["its server is gone"]);
    let path = format!("/jobs/{}", job.id());
    assert_has(&get(at, &path).body, &["The server that runs it is not there"]);
    let told: Value = serde_json::from_str(&get(at, &format!("/api{path}")).body).unwrap();
    assert_eq!(told["aborted"], true);
    assert_eq!(bench.client().lost_servers().await.unwrap()[0].name(), HOSTILE);

    let name = "%3Cscript%3Ealert('x')%3C%2Fscript%3E%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E&amp%3B";
    let page = get(at, &format!("/servers/{name}")).body;
    assert_has(&page, &["It has not been heard of for a whole lease", ">7</th>", &path, "31s</time>"]);
    assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
}

#[tokio::test]
async fn a_quiet_server_claims_nothing_until_it_goes_on_while_another_works() {
    let store: Arc<dyn Store> = Arc::new(Flaky::staying_open());
    let first = bench_on(&store, DashboardRole::Operate).await;
    let (at, name) = (address(&first), first.server.name().to_owned());
    let page = order_on_page(at, &name, "action=quiet");
    assert_has(&page, &["It claims nothing more", "Ordered to be quiet by", "Resume"]);
    until(&first, &name, Duty::Quiet).await;
    assert_has(&get(at, "/servers").body, &["<span class=\"badge\">quiet</span>"]);
    assert_has(&order_on_page(at, &name, "action=quiet"), &["Nothing was done"]);
    let told = audit::read(&*store, None, 2).await.unwrap().entries.remove(1);
    assert_eq!((&*told.action, told.target, told.done), ("quiet", format!("server {name}"), true));

    let job = first.scope(async { pay_with("well").enqueue().await.unwrap() }).await;
    // The server would claim it at once, and has had its turns by the time that another one has run it.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(job.state().await.unwrap(), JobState::Enqueued);
    let second = bench_on(&store, DashboardRole::Operate).await;
    patiently(job.wait()).await.unwrap();
    let history = second.job(job.id()).await;
    assert!(format!("{:?}", history.history()).contains(second.server.name()), "{history:?}");

    assert!(second.client().server(second.server.name()).quiet().await.unwrap());
    until(&second, second.server.name(), Duty::Quiet).await;
    let job = first.scope(async { pay_with("well").enqueue().await.unwrap() }).await;
    assert_has(&order_on_page(at, &name, "action=resume"), &["It goes on.", "Quiet</button>"]);
    patiently(job.wait()).await.unwrap();
    assert!(format!("{:?}", first.job(job.id()).await.history()).contains(&name));
    assert_eq!(
        (
            second.client().server("nobody").quiet().await.unwrap(),
            second.client().server(&*name).resume().await.unwrap()
        ),
        (false, false)
    );
}

#[tokio::test]
async fn a_server_that_waits_for_the_order_is_stopped_and_its_orders_go_with_it() {
    let store: Arc<dyn Store> = Arc::new(Flaky::staying_open());
    let stays = bench_on(&store, DashboardRole::Administer).await;
    let ends = bench_on(&store, DashboardRole::Read).await;
    let (at, name) = (address(&stays), ends.server.name().to_owned());
    let page = get(at, &format!("/servers/{name}/stop")).body;
    assert_has(&page, &["does not wait for that order", "<code>run_until_signal()</code>"]);
    let waits = tokio::spawn(ends.server.run_until_signal());
    patiently(async {
        while !stays.client().servers().await.unwrap().iter().any(|it| it.name() == name && it.is_stoppable())
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_has(
        &get(at, &format!("/servers/{name}/stop")).body,
        &["0 running jobs", "may go on for its shutdown timeout"],
    );
    assert!(stays.client().server(&*name).log(LogLevel::Debug, HOUR).await.unwrap());
    let answer = post(
        at,
        &format!("/servers/{name}"),
        "",
        &format!("token={}&action=stop", token(at, &format!("/servers/{name}"))),
    );
    assert_eq!(answer.status, 303, "{}", answer.body);
    patiently(waits).await.unwrap().unwrap();
    let servers = stays.client().servers().await.unwrap();
    assert_eq!(servers.iter().map(|it| it.name()).collect::<Vec<_>>(), [stays.server.name()]);
    assert!(stays.client().lost_servers().await.unwrap().is_empty(), "it has said that it ends");
    assert_eq!(order::of(&*store, &name).await.unwrap(), order::Orders::default());
    assert_eq!(get(at, &format!("/servers/{name}")).status, 404);

    // One that waits for nothing claims nothing more, and stays.
    let name = stays.server.name();
    assert!(stays.client().server(name).stop().await.unwrap());
    until(&stays, name, Duty::Quiet).await;
}

#[tokio::test]
async fn more_of_what_handlers_log_is_kept_for_ten_minutes() {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await;
    let (at, name) = (address(&bench), bench.server.name().to_owned());
    let lines = async || {
        let job = bench.scope(async { Chat.enqueue().await.unwrap() }).await;
        patiently(job.wait()).await.unwrap();
        let job = bench.job(job.id()).await;
        job.log().map(|line| line.message.clone()).collect::<Vec<_>>()
    };
    let has_detail = async || lines().await.iter().any(|line| line == "a detail");
    assert!(!has_detail().await);
    let page = order_on_page(at, &name, "action=log&level=debug");
    assert_has(&page, &["for ten minutes", "up to DEBUG, as", "2026-01-01T00:10:00Z"]);
    let keeps = async |more: bool| {
        patiently(async {
            while get(at, "/servers").body.contains("logs up to DEBUG") != more {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    keeps(true).await;
    assert!(has_detail().await);
    bench.clock.advance(LOGS_FOR);
    patiently(async {
        while has_detail().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
