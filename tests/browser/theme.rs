//! The theme that somebody has chosen comes with the page.

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Browser, Office};
use serde_json::{Value, json};

/// The lightness of a page, as it is drawn.
const SHADE: &str = "getComputedStyle(document.documentElement).backgroundColor";

async fn evaluate(browser: &Browser, expression: &str) -> Value {
    browser.devtools("Runtime.evaluate", json!({ "expression": expression })).await["result"]["value"].take()
}

/// Says what theme the page has that comes when no script runs.
async fn without_script(browser: &Browser, url: &str) -> (Value, Value) {
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    browser.open(url).await;
    assert_eq!(browser.all("//button[@id='theme'][@hidden]").await.len(), 1, "the script runs");
    let found = (
        evaluate(browser, "document.documentElement.getAttribute('data-theme')").await,
        evaluate(browser, SHADE).await,
    );
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;
    browser.open(url).await;
    found
}

#[tokio::test]
async fn the_chosen_theme_stands_in_the_page_before_any_script_runs() {
    let office = Office::empty(DashboardRole::Read).await;
    let browser = Browser::start().await;
    let url = office.url("/queues");
    browser.open(&url).await;
    let (none, light) = without_script(&browser, &url).await;
    assert_eq!(none, Value::Null, "at first it is that of the system");

    for theme in ["Light", "Dark"] {
        browser.mark("//button[@id='theme']").await;
        browser.expect(&[theme]).await;
    }
    let (chosen, dark) = without_script(&browser, &url).await;
    assert_eq!(chosen, "dark");
    assert_ne!(dark, light, "it is drawn in it, too");
    // Also on another page, and in what the server sends without a look at the document.
    let other = office.url("/jobs");
    browser.open(&other).await;
    let sent = browser.run("return fetch(location).then(answer => answer.text())").await;
    assert!(sent.as_str().unwrap().contains("data-theme=\"dark\""), "{sent}");

    browser.mark("//button[@id='theme']").await;
    browser.expect(&["System"]).await;
    assert_eq!(without_script(&browser, &url).await, (Value::Null, light));
}

#[tokio::test]
async fn whoever_is_asked_for_a_token_is_asked_in_the_chosen_theme() {
    let (office, token) = Office::guarded().await;
    let browser = Browser::start().await;
    browser.open(&office.url("/")).await;
    let theme = "return document.documentElement.getAttribute('data-theme')";
    assert_eq!(browser.run(theme).await, Value::Null);
    browser.fill("//input[@name='token']", token).await;
    browser.button("Log in").await;
    browser.mark("//button[@id='theme']").await;
    browser.expect(&["Light"]).await;
    browser.mark("//button[@id='theme']").await;
    browser.expect(&["Dark"]).await;
    browser.button("Log out").await;
    assert_eq!(browser.run(theme).await, "dark");
    browser.fill("//input[@name='token']", "token-of-somebody-else").await;
    browser.button("Log in").await;
    assert_eq!(browser.run(theme).await, "dark", "also where the token was wrong");
}
