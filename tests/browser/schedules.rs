//! A recurring definition is edited by its form.

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Browser, Office, Visitor};

const CRON: &str = "//input[@name='cron']";

async fn value(browser: &Browser, path: &str) -> String {
    browser.the(path).await.prop("value").await.unwrap().unwrap_or_default()
}

/// Types a cron that can't be read and one that can, looks what it means, and saves it.
async fn edits(browser: &Browser) {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let stored = async || {
        let all = office.bench.store.recurring_jobs().await.unwrap();
        let found = all.into_iter().find(|it| &*it.definition.id == "nightly-report").unwrap();
        found.definition.cron.to_string()
    };
    browser.open(&office.url("/recurring")).await;
    browser.follow("//table", "nightly-report").await;
    browser.follow("//main", "Edit").await;
    assert_eq!(value(browser, CRON).await, "0 3 * * *");

    browser.fill(CRON, "0 24 * * *").await;
    browser.button("Preview").await;
    browser.expect(&["invalid hour 24 in cron 0 24 * * *; write 0 to 23"]).await;
    assert_eq!(value(browser, CRON).await, "0 24 * * *", "what was typed is lost");
    let told = browser.the("//input[@name='cron'][@aria-invalid='true']").await;
    let why = told.attr("aria-describedby").await.unwrap().unwrap();
    let why = why.split(' ').next().unwrap().to_owned();
    let why = browser.the(&format!("//*[@id='{why}']")).await.text().await.unwrap();
    assert!(why.contains("invalid hour"), "it is told beside the field: {why}");
    assert!(browser.rows("Next runs").await.is_empty());

    browser.fill(CRON, "30 7 * * MON-FRI").await;
    browser.button("Preview").await;
    browser.expect(&["at 07:30 on Monday to Friday"]).await;
    let runs = browser.rows("Next runs").await;
    assert_eq!(runs.len(), 10);
    assert!(runs[0].contains("Fri 2026-01-02 07:30:00 CET"), "{runs:?}");
    assert!(runs[1].contains("Mon 2026-01-05 07:30:00 CET"), "{runs:?}");
    assert_eq!(stored().await, "0 3 * * *", "a preview changes nothing");

    browser.button("Save").await;
    browser.expect(&["It was changed; a new schedule counts from now.", "30 7 * * MON-FRI"]).await;
    browser.expect(&["at 07:30 on Monday to Friday"]).await;
    assert!(browser.place().await.starts_with("/recurring/nightly-report"), "it leads to its page");
    assert!(browser.rows("Next runs").await[0].contains("Fri 2026-01-02 07:30:00 CET"));
    assert_eq!(stored().await, "30 7 * * MON-FRI");
}

#[tokio::test]
async fn a_schedule_is_typed_looked_at_and_saved_and_one_that_cant_be_read_says_where() {
    let visitor = Visitor::with_script().await;
    edits(&visitor.browser).await;
    assert_eq!(visitor.browser.place().await, "/recurring/nightly-report", "what was done is said once");
    visitor.browser.reload().await;
    assert!(!visitor.browser.text().await.contains("It was changed"));
}

#[tokio::test]
async fn a_schedule_is_typed_looked_at_and_saved_and_one_that_cant_be_read_says_where_without_script() {
    edits(&Visitor::without_script().await.browser).await;
}
