//! What is done to many jobs at once goes on to its end, and is taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use boltjobs::prelude::*;
use boltjobs::{DashboardRole, MemoryStore};
use boltjobs_browser_tests::{Office, Visitor, says};
use boltjobs_tests::patiently;

/// How many parcels there are.
const PARCELS: u32 = 12;

/// Whether a van goes by now. Each test has one of its own.
static GOES: [AtomicBool; 4] = [const { AtomicBool::new(false) }; 4];

/// Fails while its van has broken down.
#[request(name = "browser.deliver", display = "Deliver {parcel}")]
#[derive(Debug)]
pub struct Deliver {
    parcel: u32,
    van: usize,
}

#[handler(retries = 0)]
async fn deliver(request: Deliver) -> JobResult {
    if GOES[request.van].load(Ordering::SeqCst) { Ok(()) } else { Err("the van has broken down".into()) }
}

/// Opens an office where all parcels have failed, and leads to the failures.
async fn broken_down(visitor: &Visitor, van: usize) -> Office {
    let office = Office::on(Arc::new(MemoryStore::new()), Arc::default(), DashboardRole::Operate, 2).await;
    let parcels = (0..PARCELS).map(|parcel| Deliver { parcel, van });
    let jobs = office.bench.scope(async { Deliver::enqueue_all(parcels).await.unwrap() }).await;
    for job in jobs {
        patiently(job.wait()).await.unwrap_err();
    }
    visitor.browser.open(&office.url("/")).await;
    visitor.browser.follow("//nav", "Failures").await;
    visitor.browser.expect(&["the van has broken down"]).await;
    office
}

async fn delivers_all(visitor: &Visitor, van: usize) {
    let office = broken_down(visitor, van).await;
    GOES[van].store(true, Ordering::SeqCst);
    visitor.browser.mark("//summary[normalize-space(.) = 'Retry or delete…']").await;
    visitor.browser.button("Retry carefully").await;
    visitor.sees(&office, "finished").await;
    visitor.browser.expect(&["12 done, 0 skipped of 12", "one, then ten, then the others"]).await;
    let succeeded = office.bench.client().jobs().state(JobState::Succeeded);
    patiently(async {
        while succeeded.clone().count().await.unwrap() < u64::from(PARCELS) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    visitor.browser.follow("//nav", "Failures").await;
    visitor
        .browser
        .expect(&["No job is failed or waits for another attempt, although some failed within 24 h"])
        .await;
}

async fn stops_at_the_first(visitor: &Visitor, van: usize) {
    let office = broken_down(visitor, van).await;
    visitor.browser.mark("//summary[normalize-space(.) = 'Retry or delete…']").await;
    visitor.browser.button("Retry carefully").await;
    visitor.sees(&office, "It goes no further: job ").await;
    visitor.browser.expect(&["failed again", "stopped", "1 done, 0 skipped of 12", "Go on"]).await;
    assert_eq!(office.bench.client().stats().await.unwrap().failed, u64::from(PARCELS));
}

#[tokio::test]
async fn a_careful_retry_goes_on_to_its_end_while_nothing_fails() {
    delivers_all(&Visitor::with_script().await, 0).await;
}

#[tokio::test]
async fn a_careful_retry_goes_on_to_its_end_while_nothing_fails_without_script() {
    delivers_all(&Visitor::without_script().await, 1).await;
}

#[tokio::test]
async fn a_careful_retry_stops_when_the_first_job_fails_again() {
    stops_at_the_first(&Visitor::with_script().await, 2).await;
}

#[tokio::test]
async fn a_careful_retry_stops_when_the_first_job_fails_again_without_script() {
    stops_at_the_first(&Visitor::without_script().await, 3).await;
}

async fn deletes_and_takes_back(visitor: &Visitor) {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = &visitor.browser;
    let deleted = async || office.bench.client().stats().await.unwrap().deleted;
    let before = deleted().await;
    browser.open(&office.url("/jobs?q=state:enqueued+queue:newsletter")).await;
    browser.follow("//main", "Delete all…").await;
    browser
        .expect(&["6 jobs would be deleted", "Nothing has been done yet.", "Newsletter to Ada Lovelace"])
        .await;
    browser.button("Delete 6 jobs").await;
    visitor.sees(&office, "finished").await;
    browser.expect(&["6 done, 0 skipped of 6"]).await;
    assert_eq!(deleted().await, before + 6);
    browser.button("Take back").await;
    browser.expect(&["6 jobs wait again.", "taken back"]).await;
    assert_eq!(deleted().await, before);
    assert!(browser.all(&format!("//button[{}]", says("Take back"))).await.is_empty(), "it is done once");
}

#[tokio::test]
async fn jobs_that_were_deleted_together_are_taken_back() {
    deletes_and_takes_back(&Visitor::with_script().await).await;
}

#[tokio::test]
async fn jobs_that_were_deleted_together_are_taken_back_without_script() {
    deletes_and_takes_back(&Visitor::without_script().await).await;
}

async fn cancels_a_batch(visitor: &Visitor) {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let browser = &visitor.browser;
    browser.open(&office.url("/batches")).await;
    browser.follow("//table", "Statements of October").await;
    browser.expect(&["5 of 6"]).await;
    visitor.means(&format!("//section[@id='batch']//button[{}]", says("Cancel batch"))).await;
    browser.expect(&["It was cancelled.", "6 of 6"]).await;
    let rows = browser.rows("Jobs by state").await;
    assert!(rows.iter().any(|row| row.contains("Deleted") && row.ends_with('1')), "{rows:?}");
    assert!(!rows.iter().any(|row| row.contains("Enqueued")), "{rows:?}");
    let cancel = browser.all(&format!("//button[{}]", says("Cancel batch"))).await;
    assert!(cancel.is_empty(), "it is cancelled once");
}

#[tokio::test]
async fn a_batch_is_cancelled_and_what_was_left_of_it_is_deleted() {
    cancels_a_batch(&Visitor::with_script().await).await;
}

#[tokio::test]
async fn a_batch_is_cancelled_and_what_was_left_of_it_is_deleted_without_script() {
    cancels_a_batch(&Visitor::without_script().await).await;
}

#[tokio::test]
async fn a_query_of_the_app_is_there_for_everybody_and_one_of_a_browser_until_it_is_removed() {
    let shared = |builder: boltjobs::Builder| builder.dashboard_query("Newsletters", "queue:newsletter");
    let office = Office::with(Arc::new(MemoryStore::new()), Arc::default(), 0, shared).await;
    let (browser, other) = (Visitor::with_script().await.browser, Visitor::with_script().await.browser);
    browser.open(&office.url("/jobs")).await;
    browser.search("state:failed").await;
    browser.fill("//input[@name='name']", "What failed").await;
    browser.button("Save").await;
    browser.expect(&["This browser keeps the query.", "Newsletters", "What failed"]).await;
    browser.reload().await;
    browser.follow("//nav", "Newsletters").await;
    assert_eq!(browser.place().await, "/jobs?q=queue%3Anewsletter");
    browser.follow("//nav", "What failed").await;
    assert_eq!(browser.place().await, "/jobs?q=state%3Afailed");

    other.open(&office.url("/jobs")).await;
    other.expect(&["Newsletters"]).await;
    assert!(!other.text().await.contains("What failed"), "another browser has it, too");

    assert_eq!(browser.all("//nav[@aria-label='Saved queries']//button").await.len(), 1);
    browser.press("//button[@aria-label='Remove the query What failed']").await;
    browser.expect(&["The query is not kept any more.", "Newsletters"]).await;
    assert!(!browser.text().await.contains("What failed"));
}
