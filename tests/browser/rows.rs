//! What the script adds to lists: the actions of a row, all that match, words to choose from, and buttons that act once.

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Browser, Office};
use serde_json::json;

const ENTER: &str = "\u{e007}";
const PALETTE: &str = "\u{e009}k";

/// Returns what the dialog that is open is called, and what it offers.
async fn offered(browser: &Browser) -> (String, Vec<String>) {
    let script = "const shown = document.querySelector('dialog[open]');
        return [shown?.ariaLabel ?? '', ...[...shown?.querySelectorAll('[role=option] > span') ?? []].map((it) => it.textContent)]";
    let said = browser.run(script).await;
    let mut all = said.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned());
    (all.next().unwrap(), all.collect())
}

/// Keeps what is copied, in place of the clipboard.
async fn keep_copies(browser: &Browser) {
    browser.run("navigator.clipboard.writeText = async (text) => void (window.copied = text)").await;
}

async fn copied(browser: &Browser) -> String {
    browser.until("return window.copied !== undefined").await;
    let text = browser.run("const text = window.copied; delete window.copied; return text").await;
    text.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_row_offers_its_actions_and_is_copied_as_json_rust_and_curl() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/jobs?q=state:failed+queue:payments")).await;
    keep_copies(&browser).await;
    browser.keys(".").await;
    assert_eq!(offered(&browser).await.0, "", "there is no row yet");
    browser.expect(&["Go to a row first"]).await;
    browser.keys("j.").await;
    let (title, offers) = offered(&browser).await;
    assert!(title.starts_with("Actions: Charge "), "{title}");
    for offer in
        ["Open", "Copy the link", "Select", "Copy as JSON", "Copy as Rust", "Copy as curl", "Copy the id"]
    {
        assert!(offers.iter().any(|it| it == offer), "{offer}: {offers:?}");
    }
    browser.keys(&format!("json{ENTER}")).await;
    let text = copied(&browser).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["state"], "Failed", "{text}");
    // The button of the row does the same.
    for (kind, part) in [("curl", "curl "), ("rust", " {")] {
        browser.run("document.querySelector('tbody .dots').click()").await;
        browser.keys(&format!("as {kind}{ENTER}")).await;
        let text = copied(&browser).await;
        assert!(text.contains(part), "{kind}: {text}");
    }
}

#[tokio::test]
async fn what_is_marked_is_copied_at_once_and_the_page_stays() {
    let office = Office::at_noon(DashboardRole::Read).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/jobs?q=state:failed+queue:payments")).await;
    keep_copies(&browser).await;
    let press = async |kind: &str| {
        let script = format!("document.querySelector('button[name=as][value={kind}]').click()");
        browser.run(&script).await;
    };
    let can_press = "return !document.querySelector('button[name=as]').disabled";
    assert_eq!(browser.run(can_press).await, json!(false), "nothing is marked yet");
    browser.run("document.querySelectorAll('tbody input').forEach((box) => box.click())").await;
    let marked = browser.run("return document.querySelectorAll('tbody input:checked').length").await;
    press("json").await;
    let jobs: serde_json::Value = serde_json::from_str(&copied(&browser).await).unwrap();
    assert_eq!(jobs.as_array().unwrap().len(), usize::try_from(marked.as_u64().unwrap()).unwrap());
    press("curl").await;
    let commands = copied(&browser).await;
    assert!(commands.lines().all(|line| line.starts_with("curl 'http://")), "{commands}");
    browser.expect(&["Copied."]).await;
    assert_eq!(browser.run("return location.pathname").await, json!("/jobs"));
}

#[tokio::test]
async fn one_goes_from_all_of_the_page_to_all_that_match_and_finds_that_in_the_palette() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/jobs?q=state:failed")).await;
    let marked = "return document.querySelectorAll('tbody input:checked').length > 0";
    let here = "return document.activeElement.textContent";
    browser.keys("a").await;
    assert_eq!(browser.run(marked).await, json!(true));
    assert_ne!(browser.run(here).await, json!("Requeue all…"));
    browser.keys("a").await;
    assert_eq!((browser.run(marked).await, browser.run(here).await), (json!(true), json!("Requeue all…")));
    browser.keys("a").await;
    assert_eq!(browser.run(marked).await, json!(false));
    browser.keys(PALETTE).await;
    browser.keys(&format!("requeue all{ENTER}")).await;
    browser.expect(&["would be requeued"]).await;
}

#[tokio::test]
async fn the_word_at_the_cursor_is_completed() {
    let office = Office::at_noon(DashboardRole::Read).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/jobs")).await;
    let type_text = async |text: &str| {
        let script = format!(
            "const box = document.querySelector('main input[type=search]'); box.value = '{text}';
             box.dispatchEvent(new Event('input')); return [...box.list.options].map((it) => it.value)"
        );
        browser.run(&script).await
    };
    assert_eq!(type_text("state:fa").await, json!(["state:failed"]));
    assert_eq!(type_text("tag:eu queue:pay").await, json!(["tag:eu queue:payments"]));
    assert_eq!(type_text("nothing:").await, json!([]));
    let offers = type_text("").await;
    assert!(offers.as_array().unwrap().contains(&json!("attempt:>")), "{offers}");
}

#[tokio::test]
async fn a_button_that_is_pressed_twice_acts_once_and_says_so() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/recurring/nightly-report")).await;
    // The page stays, so that it can be seen.
    let script = "
        const button = [...document.querySelectorAll('main button')].find((it) => it.textContent === 'Run now');
        window.sent = 0;
        document.addEventListener('submit', (event) => {
            if (!event.defaultPrevented) window.sent += 1;
            event.preventDefault();
        });
        button.click();
        const said = button.textContent;
        button.click();
        return [window.sent, said]";
    assert_eq!(browser.run(script).await, json!([1, "Sending…"]));
}
