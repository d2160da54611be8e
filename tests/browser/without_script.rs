//! Everything can be done in a browser that runs no script.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use boltjobs::prelude::*;
use boltjobs::{DashboardRole, MemoryStore};
use boltjobs_browser_tests::{Browser, Office, says};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_tests::patiently;

/// Whether the bank accepts cards by now.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Is refused while the bank is closed.
#[request(name = "browser.charge", display = "Charge {customer}")]
#[derive(Debug)]
pub struct Charge {
    customer: String,
}

#[handler(retries = 0)]
async fn charge(_: Charge) -> JobResult {
    if OPEN.load(Ordering::SeqCst) { Ok(()) } else { Err("the bank refused the card".into()) }
}

/// Presses a button in the row of this name.
async fn press_in_row(browser: &Browser, name: &str, button: &str) {
    browser.press(&format!("//tr[th//a[{}]]//button[{}]", says(name), says(button))).await;
}

#[tokio::test]
async fn a_failed_job_is_found_from_the_first_page_and_requeued() {
    let office = Office::on(Arc::new(MemoryStore::new()), Arc::default(), DashboardRole::Operate, 1).await;
    let job =
        office.bench.scope(async { Charge { customer: "Ada".to_owned() }.enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap_err();

    let browser = Browser::without_script().await;
    browser.open(&office.url("/")).await;
    browser.expect(&["Working, but one thing needs you.", "the bank refused the card"]).await;
    browser.follow("//table", "Charge Ada").await;
    assert_eq!(browser.place().await, format!("/jobs/{}", job.id()));
    browser.expect(&["Failed", "the bank refused the card"]).await;
    OPEN.store(true, Ordering::SeqCst);
    browser.button("Requeue").await;
    browser.expect(&["The job was requeued.", "requeued in the dashboard"]).await;
    office.bench.until(job.id(), JobState::Succeeded).await;

    browser.follow("//nav", "Overview").await;
    browser.expect(&["All is well."]).await;
}

#[tokio::test]
async fn a_query_that_cant_be_read_says_where_and_one_that_can_finds() {
    let office = Office::at_noon(DashboardRole::Read).await;
    let browser = Browser::without_script().await;
    browser.open(&office.url("/")).await;
    browser.search("tag:eu colour:red").await;
    browser.expect(&["can't be read at character 8", "there is no key `colour`"]).await;
    let typed = browser.the("//form[@role='search']//input[@name='q']").await.prop("value").await.unwrap();
    assert_eq!(typed.as_deref(), Some("tag:eu colour:red"), "what was typed is lost");
    browser.search("state:failed refused").await;
    let rows = browser.rows("Jobs").await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows.iter().all(|row| row.contains("the bank refused the card")), "{rows:?}");
}

#[tokio::test]
async fn a_query_is_kept_under_a_name_until_it_is_removed() {
    let office = Office::at_noon(DashboardRole::Read).await;
    let browser = Browser::without_script().await;
    browser.open(&office.url("/jobs")).await;
    browser.search("state:failed refused").await;
    browser.the("//input[@name='name']").await.send_keys("Refused cards").await.unwrap();
    browser.button("Save").await;
    browser.expect(&["This browser keeps the query.", "Refused cards"]).await;
    browser.follow("//nav", "Jobs").await;
    browser.follow("//nav", "Refused cards").await;
    assert_eq!(browser.rows("Jobs").await.len(), 3);
    browser.press("//button[@aria-label='Remove the query Refused cards']").await;
    browser.expect(&["The query is not kept any more."]).await;
    assert!(browser.all("//nav[@aria-label='Saved queries']").await.is_empty());
    assert_eq!(browser.rows("Jobs").await.len(), 3, "what is shown stays");
}

#[tokio::test]
async fn marked_jobs_are_deleted_and_taken_back() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::without_script().await;
    let deleted = async || office.bench.client().stats().await.unwrap().deleted;
    let before = deleted().await;
    browser.open(&office.url("/jobs?q=state:failed+queue:payments")).await;
    for person in ["Grace Hopper", "Katherine Johnson", "Barbara Liskov"] {
        browser.mark(&format!("//input[@type='checkbox'][@aria-label='Mark Charge {person}']")).await;
    }
    browser.press("//button[@name='action'][@value='delete']").await;
    browser.expect(&["Delete 3 jobs?", "Nothing has been done yet.", "Charge Barbara Liskov"]).await;
    browser.button("Delete 3 jobs").await;
    browser.expect(&["delete: 3 of 3 jobs", "Charge Grace Hopper", "Deleted"]).await;
    assert_eq!(deleted().await, before + 3);
    browser.press("//button[@name='action'][@value='requeue']").await;
    browser.expect(&["requeue: 3 of 3 jobs", "Enqueued"]).await;
    assert_eq!(deleted().await, before);
}

#[tokio::test]
async fn marked_jobs_are_moved_and_taken_back_and_copied() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::without_script().await;
    let mark = async || {
        browser.open(&office.url("/jobs?q=state:failed+queue:payments")).await;
        browser.mark("//input[@type='checkbox'][@aria-label='Mark Charge Grace Hopper']").await;
    };
    mark().await;
    browser.press("//button[@name='as'][@value='rust']").await;
    browser.expect(&["1 job as Rust", "Download"]).await;
    mark().await;
    browser.press("//button[@name='action'][@value='move']").await;
    browser.the("//input[@name='to']").await.send_keys("slow").await.unwrap();
    browser.button("Move").await;
    browser.expect(&["move: 1 of 1 job", "It can be taken back for 10 minutes"]).await;
    browser.button("Take back").await;
    browser.expect(&["It was taken back.", "1 job is back in its queue."]).await;
    mark().await;
}

#[tokio::test]
async fn a_queue_is_paused_and_resumed() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::without_script().await;
    browser.open(&office.url("/queues")).await;
    press_in_row(&browser, "mail", "Pause").await;
    browser.expect(&["It is paused."]).await;
    browser.follow("//nav", "Overview").await;
    browser.expect(&["Paused queues: mail, newsletter"]).await;
    browser.follow("//nav", "Queues").await;
    press_in_row(&browser, "mail", "Resume").await;
    browser.expect(&["It goes on."]).await;
    browser.follow("//nav", "Overview").await;
    browser.expect(&["Paused queues: newsletter"]).await;
}

#[tokio::test]
async fn a_recurring_definition_is_run_now_and_paused_and_resumed() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = Browser::without_script().await;
    browser.open(&office.url("/")).await;
    browser.follow("//nav", "Recurring").await;
    browser.follow("//table", "exchange-rates").await;
    let before = browser.rows("Latest runs").await.len();
    browser.button("Run now").await;
    browser.expect(&["A job of it was made, out of turn."]).await;
    let runs = browser.rows("Latest runs").await;
    assert_eq!(runs.len(), before + 1);
    assert!(runs[0].contains("by hand") && runs[0].contains("has not ended"), "{runs:?}");

    browser.button("Pause").await;
    browser.expect(&["It is paused."]).await;
    browser.button("Resume").await;
    browser.expect(&["It goes on."]).await;
    assert!(
        browser.all("//button[normalize-space(.) = 'Remove']").await.is_empty(),
        "the role may not remove"
    );
}

#[tokio::test]
async fn a_long_list_is_paged_through_to_its_end() {
    let office = Office::empty(DashboardRole::Read).await;
    let now = office.bench.clock_now();
    let jobs = (1..=120).map(|number| {
        let mut spec = JobSpec::new("browser.page", *b"{}");
        spec.title = Some(format!("Job {number:03}"));
        NewJob { id: JobId::from_parts(now, number << 20), spec: spec.into(), start_at: None }
    });
    office.bench.store.enqueue(jobs.collect(), now).await.unwrap();

    let browser = Browser::without_script().await;
    browser.open(&office.url("/")).await;
    browser.follow("//nav", "Jobs").await;
    let mut seen = Vec::new();
    for size in [50, 50, 20] {
        let rows = browser.rows("Jobs").await;
        assert_eq!(rows.len(), size);
        seen.extend(rows.iter().map(|row| row.split_whitespace().take(2).collect::<Vec<_>>().join(" ")));
        if seen.len() < 120 {
            browser.press("//a[@rel='next']").await;
        }
    }
    let all: Vec<_> = (1..=120).rev().map(|number| format!("Job {number:03}")).collect();
    assert_eq!(seen, all);
    assert!(browser.all("//a[@rel='next']").await.is_empty(), "the last page leads on");
    browser.follow("//nav", "First page").await;
    browser.follow("//nav", "Oldest first").await;
    assert!(browser.rows("Jobs").await[0].contains("Job 001"));
}
