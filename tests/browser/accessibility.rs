//! axe-core finds nothing wrong with any page, for whoever looks at it in whatever way.

use boltjobs::DashboardRole;
use boltjobs_browser_tests::{Axe, Browser, FOR_ADMINISTRATORS, Look, MISHAPS, Office, PAGES};

/// A window that shows every page as a whole: what the bar at the bottom covers depends on where one has scrolled to.
const WHOLE: u32 = 4_000;

/// Fails with everything that is wrong with the pages of an office.
async fn check(office: &Office, has_data: bool, looks: &[Look]) {
    let (axe, browser) = (Axe::installed(), Browser::start().await);
    let mut faults = String::new();
    for page in PAGES.iter().chain(FOR_ADMINISTRATORS).chain(MISHAPS) {
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
    // A test of the style holds both themes to their contrasts; here each is looked at with data or without.
    check(&office, true, &[Look::WIDE]).await;
}

#[tokio::test]
async fn pages_with_data_have_no_fault_on_a_telephone() {
    let office = Office::at_noon(DashboardRole::Administer).await;
    check(&office, true, &[Look::NARROW]).await;
}

#[tokio::test]
async fn pages_without_data_have_no_fault() {
    let office = Office::empty(DashboardRole::Read).await;
    check(&office, false, &[Look::DARK, Look::NARROW_DARK]).await;
}

/// Fails if anything is wrong with what is open, in light and dark.
async fn check_open(browser: &Browser, axe: &Axe, what: &str, looks: &[Look]) {
    for look in looks {
        browser.look(*look).await;
        assert_eq!(axe.faults(browser).await, "", "{what} {look:?}");
        assert!(browser.overflow().await <= 0, "{what} is wider than the window");
    }
}

const DESK: [Look; 2] = [Look::WIDE, Look::DARK];
const EVERYWHERE: [Look; 4] = [
    Look { height: WHOLE, ..Look::WIDE },
    Look { height: WHOLE, ..Look::DARK },
    Look { height: WHOLE, ..Look::NARROW },
    Look { height: WHOLE, ..Look::NARROW_DARK },
];

#[tokio::test]
async fn what_opens_above_a_page_has_no_fault() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let (axe, browser) = (Axe::installed(), Browser::start().await);
    for (button, typed) in [("palette", ""), ("palette", "go to"), ("palette", "no such words"), ("help", "")]
    {
        browser.look(Look::WIDE).await;
        browser.open(&office.url("/queues")).await;
        browser.mark(&format!("//button[@id='{button}']")).await;
        browser.keys(typed).await;
        assert_eq!(browser.all("//dialog[@open]").await.len(), 1);
        check_open(&browser, &axe, &format!("{button} `{typed}`"), &DESK).await;
    }
    browser.open(&office.url("/queues")).await;
    browser.mark("(//button[normalize-space(.) = 'Pause'])[1]").await;
    assert_eq!(browser.all("//dialog[@open]").await.len(), 1);
    check_open(&browser, &axe, "the question", &[Look::WIDE, Look::NARROW_DARK]).await;
}

#[tokio::test]
async fn the_form_of_a_schedule_has_no_fault_with_what_was_typed_in_it() {
    let office = Office::at_noon(DashboardRole::Operate).await;
    let (axe, browser) = (Axe::installed(), Browser::start().await);
    browser.open(&office.url("/recurring/nightly-report/edit")).await;
    for (cron, says) in [("0 24 * * *", "invalid hour"), ("30 7 * * MON-FRI", "What was typed")] {
        browser.look(Look::WIDE).await;
        browser.fill("//input[@name='cron']", cron).await;
        browser.button("Preview").await;
        browser.expect(&[says]).await;
        check_open(&browser, &axe, cron, &EVERYWHERE).await;
    }
}

#[tokio::test]
async fn whoever_has_to_log_in_meets_no_fault() {
    let (office, token) = Office::guarded().await;
    let (axe, browser) = (Axe::installed(), Browser::start().await);
    browser.open(&office.url("/jobs")).await;
    check_open(&browser, &axe, "the login", &EVERYWHERE).await;
    for (token, says) in [("token-of-somebody-else", "there is no such token"), (token, "ada, operate")] {
        browser.fill("//input[@name='token']", token).await;
        browser.button("Log in").await;
        browser.look(Look::WIDE).await;
        browser.expect(&[says]).await;
        check_open(&browser, &axe, says, &EVERYWHERE).await;
    }
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
