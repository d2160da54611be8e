//! What the page of a job tells of its attempts, of who enqueued it, and of what becomes of it.

mod copying;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs::{Builder, EnqueuedBy, Error, JobDetails, Keep, MemoryStore, Retention, Store};
use boltjobs_core::audit;
use boltjobs_tests::{Bench, patiently};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

use super::actions::{press, token};
use super::{HOUR, Orphan, address, assert_has, get, pay_with, shown};

/// Panics, and fails in another way when it is tried again.
#[request(name = "stumble")]
#[derive(Debug)]
pub struct Stumble;

#[handler(retries = 1)]
async fn stumble(_: Stumble, ctx: JobContext) -> JobResult {
    assert!(ctx.attempt() > 1, "it <fell>");
    Err("it lies there".into())
}

/// Enqueues another job, and says so at several levels.
#[request(name = "relay", response = String)]
#[derive(Debug)]
pub struct Relay;

#[handler]
async fn relay(_: Relay) -> JobResult<String> {
    tracing::info!("on its way");
    tracing::warn!("nobody is there to take it");
    Ok(Orphan.enqueue().await?.id().to_string())
}

/// Holds its worker for good.
#[request(name = "hold")]
#[derive(Debug)]
pub struct Hold;

#[handler]
async fn hold(_: Hold) -> JobResult {
    std::future::pending().await
}

fn operated(builder: Builder) -> Builder {
    shown(builder).dashboard_role(DashboardRole::Operate)
}

fn page(bench: &Bench, id: JobId) -> String {
    get(address(bench), &format!("/jobs/{id}")).body
}

fn json(bench: &Bench, id: JobId) -> Value {
    serde_json::from_str(&get(address(bench), &format!("/api/jobs/{id}")).body).unwrap()
}

#[tokio::test]
async fn an_earlier_error_is_told_in_full_with_its_lease_and_its_root() {
    let bench = Bench::with(shown).await;
    let id = bench.scope(async { Stumble.enqueue().await.unwrap().id() }).await;
    bench.until(id, JobState::Scheduled).await;
    bench.advance_until(HOUR, id, JobState::Failed).await;
    let page = page(&bench, id);
    let (_, earlier) = page.split_once("panicked: it &lt;fell&gt;</summary>").expect("it can be opened");
    assert_has(
        earlier,
        &["<code>panic</code>", "panicked: it &lt;fell&gt;</pre>", "<summary>Backtrace</summary>"],
    );
    let root = earlier.split("<mark>").nth(1).and_then(|rest| rest.split("</mark>").next());
    assert_has(root.expect("a frame is of this test"), &["dashboard::telling::stumble"]);
    let history = json(&bench, id)["history"].clone();
    let leases: Vec<_> = history.as_array().unwrap().iter().filter_map(|row| row["lease"].as_str()).collect();
    assert_eq!(leases.len(), 2);
    assert_has(&page, &[&format!(", lease {}", leases[0]), &format!(", lease {}", leases[1])]);
    assert_ne!(leases[0], leases[1]);
}

#[tokio::test]
async fn a_job_says_who_enqueued_it_and_its_log_is_read_by_level() {
    let bench = Bench::with(operated).await;
    let relay = bench.scope(async { Relay.enqueue().await.unwrap() }).await;
    let child: JobId = patiently(relay.wait()).await.unwrap().parse().unwrap();
    let link = format!("the handler of job <a href=\"/jobs/{0}\">{0}</a>", relay.id());
    let shown = page(&bench, child);
    assert_has(&shown, &[&link]);
    assert!(!shown.contains("<dt>boltjobs.by"), "{shown}");
    assert_eq!(json(&bench, child)["enqueued_by"], format!("job {}", relay.id()));
    assert_eq!(bench.job(child).await.enqueued_by(), Some(EnqueuedBy::Job(relay.id())));
    assert!(bench.job(relay.id()).await.meta().is_empty(), "outside of a handler nothing is written");

    let at = address(&bench);
    let log = |level: &str| get(at, &format!("/jobs/{}?level={level}", relay.id()));
    assert_has(&log("").body, &["on its way", "nobody is there to take it", "?level=warn#noted"]);
    let warnings = log("warn").body;
    assert_has(&warnings, &["nobody is there to take it", "aria-current=\"true\">Warn and above"]);
    let shown = warnings.split("For programs").next().unwrap();
    assert!(!shown.contains("on its way"), "{warnings}");
    assert_has(&log("error").body, &["There is no line of this level or above."]);
    let unknown = log("loud");
    assert_eq!(unknown.status, 400);
    assert_has(&unknown.body, &["There is no level `loud`; use one of `trace`"]);

    // The demo is enqueued by whoever presses its button.
    let begun = press(at, "/demo", &format!("token={}&action=run", token(at, "/")));
    assert_has(&begun, &["anybody, on the dashboard"]);
}

#[tokio::test]
async fn a_job_says_what_it_waits_for_and_when_it_goes() {
    let keep = Retention::default().succeeded(Keep::for_age(HOUR).at_most(500));
    let bench = Bench::with(|builder| {
        let link = "https://t.example/{trace_id}?job={job}";
        operated(builder).retention(keep).dashboard_link("Trace", link).workers(1)
    })
    .await;
    let [well, child] = bench
        .scope(async {
            let well = pay_with("well").enqueue().retries(7).timeout(Duration::from_secs(90)).await.unwrap();
            patiently(well.wait()).await.unwrap();
            let later = pay_with("later").schedule_in(HOUR).await.unwrap();
            let child = Orphan.enqueue().after(later.id()).when(After::Failed).await.unwrap();
            [well.id(), child.id()]
        })
        .await;
    let (told, trace) = (page(&bench, well), well.to_string().replace('-', ""));
    assert_has(
        &told,
        &[
            "7, in place of what the handler says",
            "1m30s, in place of what the handler says",
            "<dt>Removed</dt>",
            "the latest 500 that are Succeeded are kept",
            &format!("href=\"https://t.example/{trace}?job={well}\" rel=\"noreferrer\">Trace</a>"),
        ],
    );
    let ended = bench.job(well).await.since();
    let removed = json(&bench, well)["removed_at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>();
    assert_eq!((removed.unwrap() - ended).to_std().unwrap(), HOUR);
    let after = "</span>, once it has failed, which has not ended";
    assert_has(&page(&bench, child), &[after, "<span class=\"quiet\">, once it has failed</span>"]);
    let told = json(&bench, child);
    assert_eq!(
        (&told["parents"][0]["when"], &told["kin"][0]["state"]),
        (&"Failed".into(), &"Scheduled".into())
    );
    assert_eq!(told["kin"][0]["title"], "Pay later");

    // One that has ended within the last ten minutes is their rate, and two are to go before it.
    let last = bench
        .scope(async {
            let held = Hold.enqueue().await.unwrap();
            bench.until(held.id(), JobState::Processing).await;
            pay_with("first").enqueue().await.unwrap();
            pay_with("last").enqueue().await.unwrap().id()
        })
        .await;
    assert_has(
        &page(&bench, last),
        &["1 of its queue go before it. Its turn comes in about 20m, at the rate"],
    );
    assert_eq!(json(&bench, last)["turn_in_seconds"], 1_200.0);
}

#[tokio::test]
async fn a_job_is_put_off_for_a_span_or_to_a_date() {
    let bench = Bench::with(operated).await;
    let id = bench.scope(async { Orphan.enqueue().await.unwrap().id() }).await;
    let (at, path) = (address(&bench), format!("/jobs/{id}"));
    assert_has(&page(&bench, id), &["Later…", "name=\"at\" value=\"10m\"", "In 1 day"]);
    let put_off = |seen: &str, until: &str| {
        let form =
            format!("token={}&action=reschedule&job={id}&seen={seen}&from=job&at={until}", token(at, &path));
        press(at, "/jobs", &form)
    };
    assert_has(&put_off("Enqueued", "1h"), &["The job waits until then.", "rescheduled in the dashboard"]);
    let due = |job: &JobDetails| job.due_at().unwrap();
    assert_eq!(due(&bench.job(id).await), bench.clock_now().plus(HOUR).to_datetime());
    assert_has(&put_off("Enqueued", "1h"), &["Nothing was done"]);
    put_off("Scheduled", "2031-01-31T09:00:00Z");
    assert_eq!(due(&bench.job(id).await).to_rfc3339(), "2031-01-31T09:00:00+00:00");
    let audited = audit::read(&*bench.store, None, 9).await.unwrap().entries;
    assert_eq!((&*audited[0].action, &*audited[0].target), ("reschedule", &*format!("job {id}")));
    bench.client().delete(id).await.unwrap();
    assert!(!page(&bench, id).contains("Later…"), "what has ended well is not put off");
}

#[tokio::test]
async fn a_link_that_cant_be_used_stops_the_start() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let builder = shown(boltjobs::builder().store(store)).dashboard_link("Logs", "javascript:alert('{job}')");
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, Error::Startup(_)), "{error}");
    assert_has(&error.to_string(), &["the link `Logs`: ", "is no address; begin with `https://`"]);
}
