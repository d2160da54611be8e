//! The palette, the help, and keys that are left alone.

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Browser, Office, says};
use boltjobs_tests::patiently;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";
const CONTROL: &str = "\u{e009}";
const ALT: &str = "\u{e00a}";
const META: &str = "\u{e03d}";
const PALETTE: &str = "\u{e009}k";

/// What the dialog that is open is called; empty when none is.
async fn dialog(browser: &Browser) -> String {
    let name = "return document.querySelector('dialog[open]')?.ariaLabel ?? ''";
    browser.run(name).await.as_str().unwrap_or_default().to_owned()
}

async fn until_at(browser: &Browser, place: &str) {
    patiently(async {
        while browser.place().await != place {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// What keys would have changed: the dialog that is open, the theme, and whether the page is live.
async fn state(browser: &Browser) -> String {
    let state = "return [document.querySelector('dialog[open]')?.ariaLabel, document.documentElement.dataset.theme,
        document.querySelector('#live').getAttribute('aria-pressed'), document.querySelectorAll('input:checked').length].join()";
    browser.run(state).await.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_command_is_found_by_its_words_and_done_by_enter() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/")).await;
    browser.keys(PALETTE).await;
    assert_eq!(dialog(&browser).await, "Commands");
    browser.keys("no such words").await;
    browser.expect(&["No command has these words."]).await;
    browser.keys(ENTER).await;
    assert_eq!((dialog(&browser).await, browser.place().await), (String::new(), "/".to_owned()));

    browser.keys(PALETTE).await;
    browser.keys("FAIL to").await;
    assert_eq!(browser.all("//li[@role='option']").await.len(), 1);
    browser.keys(ENTER).await;
    until_at(&browser, "/failures").await;

    browser.keys(PALETTE).await;
    browser.keys(&format!("go to{DOWN}{DOWN}{UP}{ENTER}")).await;
    until_at(&browser, "/jobs").await;
    browser.keys(PALETTE).await;
    browser.keys(ESCAPE).await;
    assert_eq!(dialog(&browser).await, "");
}

#[tokio::test]
async fn the_palette_presses_buttons_of_the_page_which_ask_as_ever() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/queues")).await;
    let paused = async || {
        let queues = office.bench.store.queues(office.bench.clock_now()).await.unwrap();
        queues.iter().any(|queue| &*queue.name == "mail" && queue.paused_since.is_some())
    };
    browser.keys(PALETTE).await;
    browser.keys(&format!("pause mail{ENTER}")).await;
    assert_eq!(dialog(&browser).await, "Pause?");
    browser.expect(&["Pause?\nmail\n"]).await;
    // What has the focus takes it back.
    browser.keys(ENTER).await;
    assert_eq!((dialog(&browser).await.as_str(), paused().await), ("", false));

    browser.keys(PALETTE).await;
    browser.keys(&format!("pause mail{ENTER}")).await;
    browser.press(&format!("//dialog//button[{}]", says("Pause"))).await;
    browser.expect(&["It is paused."]).await;
    assert!(paused().await);
    browser.keys(PALETTE).await;
    browser.keys(&format!("resume mail{ENTER}")).await;
    until_at(&browser, "/queues").await;
    patiently(async {
        while paused().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn keys_that_are_switched_off_stay_off_after_a_reload() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/queues")).await;
    browser.keys("?").await;
    assert_eq!(dialog(&browser).await, "Keys");
    browser.expect(&["Find a command", "Ctrl+K", "Go to Failures", "g f"]).await;
    browser.mark("//dialog//input[@type='checkbox']").await;
    browser.keys(ESCAPE).await;
    let before = state(&browser).await;
    for _ in 0..2 {
        for key in ["?", "t", "l", PALETTE] {
            browser.keys(key).await;
            assert_eq!(state(&browser).await, before, "{key}");
        }
        browser.reload().await;
    }
    // The buttons are there for everybody, and so is the way back.
    browser.mark("//button[@id='palette']").await;
    assert_eq!(dialog(&browser).await, "Commands");
    browser.keys(ESCAPE).await;
    browser.mark("//button[@id='help']").await;
    browser.mark("//dialog//input[@type='checkbox']").await;
    browser.keys(ESCAPE).await;
    browser.keys("?").await;
    assert_eq!(dialog(&browser).await, "Keys");
}

#[tokio::test]
async fn keys_do_nothing_while_others_are_held_nor_in_a_field() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/jobs")).await;
    let before = state(&browser).await;
    for held in [CONTROL, ALT, META] {
        for key in ["t", "l", "?", "a", "x"] {
            browser.keys(&format!("{held}{key}")).await;
            assert_eq!(state(&browser).await, before, "{held:?} and {key}");
        }
    }
    browser.keys("a").await;
    assert_ne!(state(&browser).await, before, "alone it does something");

    browser.open(&office.url("/recurring/nightly-report/edit")).await;
    let before = state(&browser).await;
    for field in ["cron", "overlap"] {
        browser.run(&format!("document.getElementById('edit-{field}').focus()")).await;
        browser.keys("tl?D").await;
        assert_eq!(state(&browser).await, before, "{field}");
    }
    let typed = browser.the("//input[@id='edit-cron']").await.prop("value").await.unwrap().unwrap();
    assert!(typed.contains("tl?D"), "{typed}");
}
