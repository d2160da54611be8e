//! Pages keep up to date by themselves, and take nothing from under anybody's hands.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Cron, DashboardRole};
use boltjobs_browser_tests::{Browser, Office};
use boltjobs_tests::patiently;

#[request(name = "browser.greet", display = "Greet {name}")]
#[derive(Debug)]
pub struct Greet {
    name: String,
}

#[handler]
async fn greet(_: Greet) {}

/// Waits until the page says it by itself, while time passes.
pub(super) async fn comes(office: &Office, browser: &Browser, part: &str) {
    patiently(async {
        while !browser.text().await.contains(part) {
            office.bench.clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub(super) async fn greet_someone(office: &Office, name: &str) -> JobId {
    let greet = Greet { name: name.to_owned() };
    office.bench.scope(async { greet.enqueue().await.unwrap().id() }).await
}

#[tokio::test]
async fn whoever_looks_for_the_first_time_sees_that_all_is_well_and_a_job_succeed() {
    let office = Office::on(
        std::sync::Arc::new(boltjobs::MemoryStore::new()),
        std::sync::Arc::default(),
        DashboardRole::Read,
        1,
    )
    .await;
    let browser = Browser::start().await;
    browser.open(&office.url("/")).await;
    browser.expect(&["All is well.", "Servers"]).await;
    browser.open(&office.url("/jobs")).await;
    browser.expect(&["No job yet."]).await;
    browser.run("window.same = true").await;
    greet_someone(&office, "Ada").await;
    comes(&office, &browser, "Greet Ada").await;
    comes(&office, &browser, "Succeeded\n1").await;
    assert_eq!(browser.run("return window.same").await, true, "the page was not asked for anew");
    assert_eq!(browser.console().await, "");
}

#[tokio::test]
async fn marks_stay_and_a_list_that_is_pointed_at_stands_still() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/jobs?q=state:failed")).await;
    browser.mark("(//tbody//input[@type='checkbox'])[1]").await;
    browser.run("document.querySelectorAll('tbody th a')[1].focus()").await;
    let before = browser.run("return document.activeElement.href").await;
    let rows = browser.run("return document.querySelectorAll('tbody tr').length").await;
    let failed = office.bench.client().jobs().state(JobState::Failed).list().await.unwrap().jobs;
    assert!(office.bench.client().delete(failed.last().unwrap().id()).await.unwrap());
    comes(&office, &browser, "show").await;
    assert_eq!(browser.run("return document.activeElement.href").await, before);
    assert_eq!(browser.run("return document.querySelectorAll('tbody tr').length").await, rows);
    assert_eq!(browser.run("return document.querySelectorAll('tbody input:checked').length").await, 1);
    browser.run("document.activeElement.blur()").await;
    let fewer = rows.as_i64().unwrap() - 1;
    patiently(async {
        while browser.run("return document.querySelectorAll('tbody tr').length").await != fewer {
            office.bench.clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(browser.run("return document.querySelectorAll('tbody input:checked').length").await, 1);
}

#[tokio::test]
async fn definitions_that_are_marked_stay_so() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/recurring")).await;
    browser.mark("(//tbody//input[@type='checkbox'])[1]").await;
    let marked = browser.the("(//tbody//input[@type='checkbox'])[1]").await;
    let greet = Greet { name: "Ada".to_owned() };
    office.bench.scope(async { greet.recurring("greet-ada", Cron::daily()).await.unwrap() }).await;
    comes(&office, &browser, "greet-ada").await;
    assert!(marked.is_selected().await.unwrap());
    browser.expect(&["1 selected"]).await;
}

#[tokio::test]
async fn ten_tabs_all_answer_over_one_stream() {
    let office = Office::empty(DashboardRole::Read).await;
    let browser = Browser::start().await;
    for _ in 0..10 {
        browser.open(&office.url("/jobs")).await;
        browser.expect(&["No job yet."]).await;
        let tab = browser.client().new_window(true).await.unwrap();
        browser.client().switch_to_window(tab.handle).await.unwrap();
    }
    browser.open(&office.url("/queues")).await;
    browser.expect(&["No queue yet"]).await;
}

#[tokio::test]
async fn a_failed_job_is_mended_with_two_keys() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/jobs?q=state:failed")).await;
    let failed = office.bench.client().jobs().state(JobState::Failed).list().await.unwrap().jobs;
    browser.keys("j").await;
    browser.keys("r").await;
    patiently(async {
        while office.bench.job(failed[0].id()).await.state() == JobState::Failed {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(office.bench.job(failed[1].id()).await.state(), JobState::Failed);
}

#[tokio::test]
async fn keys_lead_to_pages_and_ask_before_they_delete() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/")).await;
    for (pressed, place) in [("gf", "/failures"), ("gj", "/jobs"), ("gq", "/queues"), ("ga", "/audit")] {
        browser.keys(pressed).await;
        patiently(async {
            while browser.place().await != place {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    browser.open(&office.url("/jobs?q=state:failed")).await;
    let before = office.bench.client().jobs().state(JobState::Failed).count().await.unwrap();
    browser.keys("j").await;
    browser.keys("D").await;
    let open = "return document.querySelectorAll('dialog[open]').length";
    assert_eq!(browser.run(open).await, 1, "it asks first");
    browser.keys("\u{e00c}").await;
    assert_eq!(browser.run(open).await, 0);
    assert_eq!(office.bench.client().jobs().state(JobState::Failed).count().await.unwrap(), before);
    // In a field, keys are letters.
    browser.run("document.querySelector('input[name=q]').focus()").await;
    browser.keys("gq?D").await;
    assert_eq!(browser.run(open).await, 0);
    assert!(
        browser
            .run("return document.querySelector('input[name=q]').value")
            .await
            .as_str()
            .unwrap()
            .contains("gq?D")
    );
}
