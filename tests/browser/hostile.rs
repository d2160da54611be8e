//! What comes from strangers stays text, in every place where a page shows it.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::{Cron, DashboardRole, JobId};
use boltjobs_browser_tests::{Browser, Office};
use boltjobs_core::Timestamp;
use boltjobs_core::cron::Zone;
use boltjobs_core::job::{ErrorInfo, JobSpec, NewJob};
use boltjobs_core::notes::{Bar, LogLevel, LogLine, Note, Progress, Step};
use boltjobs_core::recurring::{Definition, Stored};
use boltjobs_core::store::{
    Action, Claimed, Command, Offer, Outcome, QueueOrder, Record, Settlement, Vitals,
};
use serde_json::json;

/// Runs wherever it is taken for markup: as a text, within an attribute, in a script, as a link.
const HOSTILE: &str = "<script>window.pwned='a';alert(1)</script>\"'><img src=x onerror=\"window.pwned='b';alert(2)\">\
                       <svg/onload=alert(3)></title></textarea><iframe src=//evil.example></iframe>javascript:alert(4)//";

const SECOND: Duration = Duration::from_secs(1);

/// A spec with the payload in all its texts.
fn spec() -> JobSpec {
    let mut spec = JobSpec::new(HOSTILE, json!({ HOSTILE: HOSTILE }).to_string().into_bytes());
    spec.title = Some(HOSTILE.to_owned());
    spec.queue = HOSTILE.into();
    spec.tags = vec![HOSTILE.to_owned()];
    spec.meta = [(HOSTILE.to_owned(), HOSTILE.to_owned())].into();
    spec.concurrency_key = Some(HOSTILE.into());
    spec.unique = Some(boltjobs_core::unique::Unique::key(HOSTILE).within(SECOND));
    spec.trace = Some(HOSTILE.to_owned());
    spec
}

fn error() -> Box<ErrorInfo> {
    let mut error = ErrorInfo::new(HOSTILE, HOSTILE);
    error.causes = vec![HOSTILE.to_owned()];
    error.backtrace = Some(HOSTILE.to_owned());
    Box::new(error)
}

fn notes(at: Timestamp) -> Vec<Note> {
    let text = || HOSTILE.to_owned();
    let line =
        LogLine { at, level: LogLevel::Error, target: text(), message: text(), attempt: 1, skipped: 1 };
    vec![
        Note::Step(Step {
            name: text(),
            result: json!(HOSTILE).to_string().into_bytes().into(),
            took: SECOND,
            at,
            attempt: 1,
        }),
        Note::Progress(Progress { percent: 50, message: text(), at }),
        Note::Bar(Bar { name: text(), done: 1, total: 2 }),
        Note::Lines(vec![line]),
    ]
}

/// Fills an office, and returns its jobs: one in each state that has texts of its own.
async fn fill(office: &Office) -> Vec<JobId> {
    let (store, now) = (&office.bench.store, office.bench.clock_now());
    let offer = Arc::new(Offer {
        server: HOSTILE.into(),
        workers: 1,
        queues: QueueOrder::Strict(vec![HOSTILE.into()]),
        queue_limits: [(HOSTILE.into(), 9)].into(),
        handles: [(HOSTILE.into(), 1.into())].into(),
        held: Vec::new(),
        lease: 3_600 * SECOND,
        vitals: Vitals::default(),
    });
    store.announce(Arc::clone(&offer), now, now.plus(3_600 * SECOND)).await.unwrap();
    let (mut jobs, result) = (Vec::new(), Arc::from(json!(HOSTILE).to_string().into_bytes()));
    let outcomes = [
        Some(Outcome::Failed { error: error(), reason: Some(HOSTILE.into()), delete: false }),
        Some(Outcome::Retry { error: error(), delay: SECOND, retry: 1, retries: 2 }),
        Some(Outcome::Succeeded(Some(result))),
        Some(Outcome::Deleted(HOSTILE.into())),
        // It goes on running, and is asked to stop.
        None,
    ];
    for (number, outcome) in (1_u128..).zip(outcomes) {
        let id = JobId::from_parts(now, number << 20);
        let spec = JobSpec { unique: spec().unique.filter(|_| number == 1), ..spec() };
        store.enqueue(vec![NewJob { id, spec: spec.into(), start_at: None }], now).await.unwrap();
        let claimed: Claimed = store.claim(Arc::clone(&offer), vec![1], now).await.unwrap().remove(0);
        let records = notes(now).into_iter().map(|note| Record { lease: claimed.lease, note });
        store.record(records.collect(), now).await.unwrap();
        if let Some(outcome) = outcome {
            store.settle(vec![Settlement { lease: claimed.lease, ran: SECOND, outcome }], now).await.unwrap();
        } else {
            let stop = Command { action: Action::Delete, expected: Vec::new(), reason: Some(HOSTILE.into()) };
            assert_eq!(store.command(vec![id], stop, now).await.unwrap(), [true]);
        }
        jobs.push(id);
    }
    let mut definition = Definition::new(HOSTILE, Cron::daily(), spec());
    definition.declared_by = Some(HOSTILE.into());
    store.put_recurring(definition.clone(), now).await.unwrap();
    definition.id = "broken".into();
    definition.zone = serde_json::from_value::<Stored<Zone>>(HOSTILE.into()).unwrap();
    store.put_recurring(definition, now).await.unwrap();
    // Nobody handles these, and their queue stands still.
    let id = JobId::from_parts(now, 99 << 20);
    store
        .enqueue(vec![NewJob { id, spec: JobSpec { unique: None, ..spec() }.into(), start_at: None }], now)
        .await
        .unwrap();
    store.pause(HOSTILE.into(), true, now).await.unwrap();
    jobs.push(id);
    jobs
}

/// Opens a page, and fails if anything in it has come to life.
async fn look(browser: &Browser, office: &Office, path: &str) {
    browser.open(&office.url(path)).await;
    assert_eq!(browser.dialog().await, None, "{path} opens a dialog");
    assert_eq!(browser.run("return typeof window.pwned").await, "undefined", "{path} runs what it shows");
    let alive = browser.run("return document.querySelectorAll('img, svg[onload], iframe, [onerror], a[href^=javascript]').length").await;
    assert_eq!(alive, 0, "{path} has elements that nobody made");
    browser.expect_only(&office.origin()).await;
}

#[tokio::test]
async fn whatever_strangers_write_is_shown_as_text() {
    let office = Office::empty(DashboardRole::Administer).await;
    let jobs = fill(&office).await;
    let browser = Browser::start().await;
    for path in ["/", "/jobs", "/recurring", "/queues", "/servers"] {
        look(&browser, &office, path).await;
        let text = browser.run("return document.body.textContent").await;
        assert!(text.as_str().unwrap().contains(HOSTILE), "{path} does not show it: {text}");
    }
    for job in &jobs {
        look(&browser, &office, &format!("/jobs/{job}")).await;
        let text = browser.run("return document.querySelector('main').textContent").await;
        let shown = text.as_str().unwrap().matches(HOSTILE).count();
        assert!(shown > 8, "{job} shows it {shown} times: {text}");
    }
    for definition in ["javascript", "broken"] {
        browser.open(&office.url("/recurring")).await;
        browser.press(&format!("//tbody/tr/th//a[contains(., '{definition}')]")).await;
        let place = browser.place().await;
        look(&browser, &office, &place).await;
        browser.expect(&[HOSTILE]).await;
    }
    assert!(!browser.console().await.contains("SEVERE"));
}

#[tokio::test]
async fn whatever_strangers_ask_for_is_shown_as_text() {
    let office = Office::empty(DashboardRole::Administer).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/")).await;
    for (path, parameter) in
        [("/jobs", "q"), ("/jobs", "after"), ("/jobs", "order"), ("/jobs", "size"), ("/", "did")]
    {
        let asked = format!("return '?' + new URLSearchParams({{ {parameter}: arguments[0] }})");
        let query = browser.client().execute(&asked, vec![HOSTILE.into()]).await.unwrap();
        look(&browser, &office, &format!("{path}{}", query.as_str().unwrap())).await;
    }
    let part = browser
        .client()
        .execute("return encodeURIComponent(arguments[0])", vec![HOSTILE.into()])
        .await
        .unwrap();
    for path in ["/jobs/", "/recurring/", "/"] {
        look(&browser, &office, &format!("{path}{}", part.as_str().unwrap())).await;
    }
}

/// The other tests of this file find something, if there is something to find.
#[tokio::test]
async fn a_page_that_shows_it_as_markup_would_be_caught() {
    let office = Office::empty(DashboardRole::Read).await;
    let browser = Browser::start().await;
    browser.open(&office.url("/")).await;
    let told = browser
        .client()
        .execute("document.body.insertAdjacentHTML('beforeend', arguments[0])", vec![HOSTILE.into()]);
    told.await.unwrap();
    let alive = browser.run("return document.querySelectorAll('img').length").await;
    assert_eq!(alive, 1);
    // The policy of the pages stops what even markup would do.
    assert_eq!(browser.run("return typeof window.pwned").await, "undefined");
    browser.until_told("Content Security Policy").await;
}
