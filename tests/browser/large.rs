//! A store with many records is shown exactly, and without an error of any page.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{DashboardRole, Store};
use boltjobs_browser_tests::{Browser, Office, PAGES};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_sled::SledOptions;
use boltjobs_tests::patiently;

// How many jobs wait for a worker, for a time, and have run.
const ENQUEUED: u32 = 60_000;
const SCHEDULED: u32 = 40_000;
const RUN: u32 = 700;

/// One of so many of those that have run fails.
const FAILS: u32 = 100;

/// Goes into an archive whose queue is paused.
#[request(name = "browser.archive", queue = "archive", display = "Archive {page}")]
#[derive(Debug)]
pub struct Archive {
    page: u32,
}

#[handler]
async fn archive(_: Archive) {}

/// Fails now and then.
#[request(name = "browser.scan", queue = "scans", display = "Scan {page}")]
#[derive(Debug)]
pub struct Scan {
    page: u32,
}

#[handler(retries = 0)]
async fn scan(request: Scan) -> JobResult {
    if request.page.is_multiple_of(FAILS) {
        Err(format!("page {} is torn", request.page).into())
    } else {
        Ok(())
    }
}

/// Makes an office on a store on disk with all of them.
async fn fill(folder: &std::path::Path) -> Office {
    let store: Arc<dyn Store> = Arc::new(SledOptions::new().open(folder).unwrap());
    let office = Office::on(store, Arc::default(), DashboardRole::Operate, 4).await;
    office.bench.client().queue("archive").pause().await.unwrap();
    let now = office.bench.clock_now();
    office
        .bench
        .scope(async {
            Archive::enqueue_all((0..ENQUEUED).map(|page| Archive { page })).await.unwrap();
            for scan in Scan::enqueue_all((0..RUN).map(|page| Scan { page })).await.unwrap() {
                // Some are to fail.
                let _ = patiently(scan.wait()).await;
            }
        })
        .await;
    let delayed = (1..=SCHEDULED).map(|number| {
        let mut spec = JobSpec::new("browser.archive", format!("{{\"page\":{number}}}").into_bytes());
        spec.queue = "later".into();
        let start_at = Some(now.plus(Duration::from_secs(3_600 + u64::from(number))));
        NewJob { id: JobId::from_parts(now, u128::from(number) << 40), spec: spec.into(), start_at }
    });
    office.bench.store.enqueue(delayed.collect(), now).await.unwrap();
    office
}

/// Fails unless the page that is open has come without a word in the console.
async fn quiet(browser: &Browser) {
    let console = browser.console().await;
    assert!(console.is_empty(), "{} complains: {console}", browser.place().await);
}

#[tokio::test]
async fn a_hundred_thousand_records_on_disk_are_counted_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let office = fill(folder.path()).await;
    let (failed, succeeded) = (RUN / FAILS, RUN - RUN / FAILS);
    let counts = [
        ("Awaiting", 0),
        ("Scheduled", SCHEDULED),
        ("Enqueued", ENQUEUED),
        ("Processing", 0),
        ("Succeeded", succeeded),
        ("Failed", failed),
        ("Deleted", 0),
    ];
    let browser = Browser::start().await;
    browser.open(&office.url("/")).await;
    for (state, count) in counts {
        let list = format!("/jobs?q=state%3A{}", state.to_lowercase());
        browser.the(&format!("//main//a[@href='{list}'][normalize-space(.) = '{count}']")).await;
    }
    quiet(&browser).await;
    browser.follow("//nav", "Jobs").await;
    let tabs = browser.the("//nav[@aria-label='States']").await.text().await.unwrap();
    for (state, count) in counts.into_iter().chain([("All", ENQUEUED + SCHEDULED + RUN)]) {
        assert!(
            tabs.contains(&format!("{state}\n{count}")) || tabs.contains(&format!("{state} {count}")),
            "{state} {count}: {tabs}"
        );
    }
    assert_eq!(browser.rows("Jobs").await.len(), 50);
    quiet(&browser).await;
    for path in PAGES.iter().map(|page| page.path).filter(|path| !path.contains('{')) {
        browser.open(&office.url(path)).await;
        browser.expect(&["Overview"]).await;
        quiet(&browser).await;
    }
    for (state, count) in [("failed", failed), ("succeeded", 500), ("scheduled", 500), ("enqueued", 500)] {
        browser.open(&office.url(&format!("/jobs?q=state:{state}&size=500"))).await;
        assert_eq!(browser.all("//main//tbody/tr").await.len(), count as usize, "{state}");
        quiet(&browser).await;
        browser.press("(//main//tbody/tr/th//a)[1]").await;
        browser.expect(&["Why:", "History"]).await;
        quiet(&browser).await;
    }
}
