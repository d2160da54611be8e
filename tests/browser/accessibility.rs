//! axe-core finds nothing wrong with any page, for whoever looks at it in whatever way.

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Axe, Browser, Look, MISHAPS, Office, PAGES};

/// A window that shows every page as a whole: what the bar at the bottom covers depends on where one has scrolled to.
const WHOLE: u32 = 8_000;

/// Fails with everything that is wrong with the pages of an office.
async fn check(office: &Office, has_data: bool, looks: &[Look]) {
    let (axe, browser) = (Axe::installed(), Browser::start().await);
    let mut faults = String::new();
    for page in PAGES.iter().chain(MISHAPS) {
        browser.open(&office.page(page)).await;
        if has_data {
            browser.expect(&[page.says]).await;
        }
        for look in looks {
            browser.look(Look { height: WHOLE, ..*look }).await;
            let mut found = axe.faults(&browser).await;
            // No rule of axe-core says so: whoever enlarges the text must not have to scroll in two directions.
            if browser.overflow().await > 0 {
                found.push_str("  it is wider than the window\n");
            }
            if !found.is_empty() {
                faults.push_str(&format!("{} {look:?}\n{found}", page.path));
            }
        }
    }
    assert!(faults.is_empty(), "axe-core finds faults:\n{faults}");
}

#[tokio::test]
async fn pages_with_data_have_no_fault_on_a_desk() {
    let office = Office::at_noon(DashboardRole::Administer).await;
    check(&office, true, &[Look::WIDE, Look::DARK]).await;
}

#[tokio::test]
async fn pages_with_data_have_no_fault_on_a_telephone() {
    let office = Office::at_noon(DashboardRole::Administer).await;
    check(&office, true, &[Look::NARROW]).await;
}

#[tokio::test]
async fn pages_without_data_have_no_fault() {
    let office = Office::empty(DashboardRole::Read).await;
    check(&office, false, &[Look::WIDE, Look::NARROW_DARK]).await;
}

/// The other tests of this file find something, if there is something to find.
#[tokio::test]
async fn faults_are_found() {
    let (axe, browser) = (Axe::installed(), Browser::start().await);
    let office = Office::empty(DashboardRole::Read).await;
    browser.open(&office.url("/")).await;
    assert_eq!(axe.faults(&browser).await, "");
    browser.run("document.querySelector('h1').style.color = 'rgb(128 128 128 / .5)'").await;
    browser
        .run("document.querySelector('main').append(new Image(9, 9), document.createElement('button'))")
        .await;
    let found = axe.faults(&browser).await;
    for rule in ["color-contrast", "image-alt", "button-name"] {
        assert!(found.contains(rule), "{rule} is not found: {found}");
    }
}
