//! The first ten seconds of somebody who has just turned the dashboard on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use boltjobs::prelude::*;
use boltjobs::{DashboardRole, MemoryStore};
use boltjobs_browser_tests::{Axe, Browser, Look, Office};

use super::live::comes;

/// The first by its name of those that are handled here.
#[request(name = "app.welcome")]
#[derive(Debug)]
pub struct Welcome {
    name: String,
    visits: u32,
}

#[handler]
async fn welcome(request: Welcome) {
    assert!(request.visits > 0, "{} was never here", request.name);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it is about how long a person would take")]
async fn the_first_ten_seconds_end_with_a_job_that_was_seen_to_succeed_and_one_that_failed() {
    let office = Office::on(Arc::new(MemoryStore::new()), Arc::default(), DashboardRole::Operate, 4).await;
    let browser = Browser::start().await;
    let begun = Instant::now();
    browser.open(&office.url("/")).await;
    browser.expect(&["All is well.", "1 server, 4 workers, ", "No job yet"]).await;
    browser.expect(&["Welcome {", "name: .., // String", "visits: .., // u32"]).await;
    let shown = begun.elapsed();

    browser.button("Run a demo job").await;
    browser.run("window.same = true").await;
    browser.expect(&["Demo job", "Demo {", "\"Hello from the dashboard\".into()"]).await;
    comes(&office, &browser, "4 parts are done").await;
    browser.expect(&["Succeeded", "Press ? for keys, or make one fail to see Failures."]).await;
    assert_eq!(browser.run("return window.same").await, true, "the page was not asked for anew");
    let seen = begun.elapsed();

    browser.button("Make one fail").await;
    comes(&office, &browser, "It failed, as it was asked to: see Failures.").await;
    browser.follow("//main", "Failures").await;
    assert_eq!(browser.place().await, "/failures");
    browser.expect(&["the demo was asked to fail"]).await;
    println!("painted after {shown:?}, seen to succeed after {seen:?}, to fail after {:?}", begun.elapsed());
    // A machine that is busy takes longer than a person would; what is asked for is ten seconds.
    assert!(seen < Duration::from_secs(10), "{seen:?}");
    assert_eq!(browser.console().await, "");
}

#[tokio::test]
async fn what_there_is_to_see_first_has_no_fault() {
    let office = Office::on(Arc::new(MemoryStore::new()), Arc::default(), DashboardRole::Operate, 4).await;
    let (axe, browser) = (Axe::installed(), Browser::start().await);
    let nothing = office.url("/jobs?q=queue:none");
    browser.open(&nothing).await;
    browser.the("//input[@name='name']").await.send_keys("Nobody's").await.unwrap();
    browser.button("Save").await;
    for look in [Look::WIDE, Look::NARROW_DARK] {
        for url in [&office.url("/"), &office.url("/servers"), &nothing, &office.url("/jobs?q=queue:other")] {
            browser.look(look).await;
            browser.open(url).await;
            assert_eq!(axe.faults(&browser).await, "", "{url} {look:?}");
            assert!(browser.overflow().await <= 0, "{url} is wider than the window");
        }
    }
    browser.expect(&["Nobody's"]).await;
}
