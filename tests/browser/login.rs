//! Somebody comes with a token, and goes.

use boltjobs_browser_tests::{Browser, Office, Visitor};

use super::live::comes;

async fn log_in(browser: &Browser, token: &str) {
    browser.fill("//input[@name='token']", token).await;
    browser.button("Log in").await;
}

/// Fails unless the page asks for a token, and shows nothing else.
async fn expect_closed(browser: &Browser) {
    browser.expect(&["Log in", "Token"]).await;
    assert!(browser.all("//nav | //table | //section").await.is_empty(), "{}", browser.text().await);
}

async fn comes_and_goes(browser: &Browser) {
    let (office, token) = Office::guarded().await;
    browser.open(&office.url("/jobs?q=state:failed")).await;
    expect_closed(browser).await;
    log_in(browser, "token-of-somebody-else").await;
    browser.expect(&["there is no such token."]).await;
    expect_closed(browser).await;

    log_in(browser, token).await;
    assert_eq!(browser.place().await, "/jobs?q=state:failed", "one is led to where one was going");
    browser.expect(&["Nothing matches.", "ada, operate"]).await;
    browser.follow("//nav", "Queues").await;
    browser.expect(&["No queue yet", "ada, operate"]).await;

    browser.button("Log out").await;
    assert_eq!(browser.place().await, "/login");
    expect_closed(browser).await;
    for path in ["/", "/jobs?q=state:failed", "/queues"] {
        browser.open(&office.url(path)).await;
        expect_closed(browser).await;
    }
    browser.open(&office.url("/metrics")).await;
    browser.expect(&["send a token"]).await;
}

#[tokio::test]
async fn a_wrong_token_is_told_the_right_one_leads_on_and_after_logout_nothing_is_shown() {
    comes_and_goes(&Visitor::with_script().await.browser).await;
}

#[tokio::test]
async fn a_wrong_token_is_told_the_right_one_leads_on_and_after_logout_nothing_is_shown_without_script() {
    comes_and_goes(&Visitor::without_script().await.browser).await;
}

#[tokio::test]
async fn whoever_goes_back_after_logout_sees_nothing_of_the_page_before() {
    let (office, token) = Office::guarded().await;
    let browser = Browser::start().await;
    browser.open(&office.url("/queues")).await;
    log_in(&browser, token).await;
    browser.expect(&["No queue yet"]).await;
    browser.button("Log out").await;
    browser.client().back().await.unwrap();
    browser.until("return document.readyState === 'complete'").await;
    expect_closed(&browser).await;
}

#[tokio::test]
async fn a_page_says_that_its_session_has_ended_elsewhere() {
    let (office, token) = Office::guarded().await;
    let browser = Browser::start().await;
    browser.open(&office.url("/queues")).await;
    log_in(&browser, token).await;
    // As another tab does it.
    let leave = "const form = document.querySelector('form[action$=\"/logout\"]');
        return fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) }).then(it => it.ok)";
    assert_eq!(browser.run(leave).await, true);
    office.bench.client().queue("mail").pause().await.unwrap();
    comes(&office, &browser, "The server does not know you any more; reload the page.").await;
    assert!(!browser.text().await.contains("mail"), "what has changed since is not shown");
}
