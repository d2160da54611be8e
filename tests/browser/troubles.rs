//! A store that does not answer for a while is told, and pages go on by themselves.

use std::sync::Arc;

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Browser, Office};
use boltjobs_tests::Flaky;

use super::live::{comes, greet_someone};

async fn office() -> (Arc<Flaky>, Office) {
    let store = Arc::new(Flaky::default());
    let office = Office::on(Arc::clone(&store) as _, Arc::default(), DashboardRole::Read, 0).await;
    (store, office)
}

#[tokio::test]
async fn a_page_says_that_the_store_does_not_answer_and_goes_on_once_it_does() {
    let (store, office) = office().await;
    let browser = Browser::start().await;
    browser.open(&office.url("/jobs")).await;
    comes(&office, &browser, "Live").await;
    browser.run("window.same = true").await;

    store.silence(true);
    comes(&office, &browser, "The store does not answer (503); trying again. What is shown is ").await;
    browser.expect(&["Lost · ", "No job yet."]).await;
    assert_eq!(browser.all("//p[@role='status'][@id='status']").await.len(), 1, "it is read out");

    greet_someone(&office, "Ada").await;
    store.silence(false);
    comes(&office, &browser, "Greet Ada").await;
    comes(&office, &browser, "Live").await;
    let text = browser.text().await;
    assert!(!text.contains("does not answer") && !text.contains("Lost"), "{text}");
    assert_eq!(browser.run("return window.same").await, true, "the page was not asked for anew");
}

#[tokio::test]
async fn a_page_that_could_not_be_made_comes_by_itself_once_the_store_answers() {
    let (store, office) = office().await;
    let browser = Browser::start().await;
    store.silence(true);
    browser.open(&office.url("/jobs?q=state:enqueued")).await;
    browser.expect(&["The store does not answer", "no space left on device"]).await;
    greet_someone(&office, "Grace").await;
    store.silence(false);
    comes(&office, &browser, "Greet Grace").await;
    assert_eq!(browser.place().await, "/jobs?q=state:enqueued");
}
