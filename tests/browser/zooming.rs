//! A closer look at a graph: by keys, by the pointer, and by links alone.

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Browser, Look, Office};
use boltjobs_tests::patiently;
use serde_json::json;

const ENTER: &str = "\u{e007}";
const SHIFT: &str = "\u{e008}";
const LEFT: &str = "\u{e012}";

/// Waits until another span is shown than at a place, and returns where that is.
async fn elsewhere(browser: &Browser, before: &str) -> String {
    patiently(async {
        while browser.place().await == before {
            tokio::task::yield_now().await;
        }
    })
    .await;
    browser.expect(&["The chosen span"]).await;
    browser.place().await
}

/// Presses the pointer at one part of the width of the range, moves it to another, and lets go.
async fn drag(browser: &Browser, from: f64, to: f64) {
    let place = "const range = document.querySelector('.range'); range.scrollIntoView({ block: 'center' });
        const box = range.getBoundingClientRect(); return [box.left, box.top + box.height / 2, box.width]";
    let place = browser.run(place).await;
    let [left, y, width] = [0, 1, 2].map(|at: usize| place[at].as_f64().expect("it is a number"));
    for (kind, part) in [("mousePressed", from), ("mouseMoved", to), ("mouseReleased", to)] {
        let event = json!({ "type": kind, "x": left + width * part, "y": y, "button": "left", "buttons": 1, "clickCount": 1 });
        browser.devtools("Input.dispatchMouseEvent", event).await;
    }
}

#[tokio::test]
async fn a_range_of_the_graph_is_looked_at_closer_by_keys_and_by_the_pointer() {
    let office = Office::at_noon(DashboardRole::Read).await;
    let browser = Browser::start().await;
    browser.look(Look::WIDE).await;
    browser.open(&office.url("/?span=day")).await;
    browser.run("document.querySelector('.range').focus()").await;
    browser.keys(&[LEFT; 4].concat()).await;
    browser.keys(&[SHIFT, LEFT, LEFT].concat()).await;
    let chosen = browser.run("return document.querySelector('.range').ariaValueText").await;
    browser.keys(ENTER).await;
    let three = elsewhere(&browser, "/?span=day").await;
    browser.expect(&["jobs in each 1m"]).await;
    // Three steps of a quarter of an hour.
    let shown = browser.run("return document.querySelector('[data-steps]').dataset.steps").await;
    assert_eq!(shown, "45", "{three}");
    let from = browser.run("return document.querySelector('[data-steps]').dataset.from").await;
    let begins = from.as_str().unwrap().trim_end_matches('Z');
    assert!(chosen.as_str().unwrap().starts_with(begins), "{chosen} {from}");

    drag(&browser, 0.25, 0.5).await;
    elsewhere(&browser, &three).await;
    let shown = browser.run("return +document.querySelector('[data-steps]').dataset.steps").await;
    assert!((10..15).contains(&shown.as_i64().unwrap()), "{shown}");
    assert_eq!(browser.console().await, "");
}

#[tokio::test]
async fn links_lead_closer_without_script() {
    let office = Office::at_noon(DashboardRole::Read).await;
    let browser = Browser::without_script().await;
    browser.open(&office.url("/?span=day")).await;
    assert_eq!(browser.all("//*[@role='slider']").await.len(), 0);
    browser.follow("//nav[@aria-label='Other spans']", "Zoom in").await;
    let half = elsewhere(&browser, "/?span=day").await;
    browser.follow("//nav[@aria-label='Other spans']", "Earlier").await;
    elsewhere(&browser, &half).await;
    browser.follow("//nav[@aria-label='Span of the graph']", "Last hour").await;
    browser.expect(&["The last hour"]).await;
}
