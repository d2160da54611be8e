//! What somebody knows of needs nobody for a while.

use std::net::SocketAddr;
use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::audit;
use boltjobs_core::silence::{self, Until};
use boltjobs_tests::{Bench, patiently};

use super::actions::{post, press, token};
use super::{HOSTILE, HOUR, address, assert_has, get, overview, pay_with, shown};

const PAUSED: &str = "/health/no%20queue%20is%20paused";

async fn bench() -> Bench {
    Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await
}

/// Sends a form, and returns the page that it leads to.
fn act(at: SocketAddr, place: &str, form: &str) -> String {
    press(at, place, &format!("token={}&{form}", token(at, "/jobs?q=tag:eu")))
}

async fn fail(bench: &Bench, note: &str) {
    bench.scope(async { patiently(pay_with(note).enqueue().await.unwrap().wait()).await.unwrap_err() }).await;
}

/// Lets time pass, and waits until the server is heard of again.
async fn pass(bench: &Bench, span: Duration) {
    // What the program was given to do at once is done before time passes: it is not late.
    tokio::task::yield_now().await;
    bench.clock.advance(span);
    patiently(async {
        while bench.store.servers(bench.clock_now()).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_card_that_is_snoozed_needs_nobody_for_an_hour() {
    let bench = bench().await;
    let at = address(&bench);
    bench.client().queue("default").pause().await.unwrap();
    assert_has(&overview(at), &["one thing needs you", "Snooze 1 h", &format!("action=\"{PAUSED}\"")]);
    let page = act(at, PAUSED, "action=silence&until=1h&reason=snoozed&from=overview");
    assert_has(
        &page,
        &["All is well.", "1 more thing</a>, silenced for a while", "It needs nobody for a while"],
    );
    let page = get(at, "/health").body;
    assert_has(&page, &["22 checks of 23 ok", "1 silenced", "Expected: no queue is paused", "Bring back"]);
    assert_has(&page, &["Paused queues: <code>default</code>", "2026-01-01T01:00:00Z</time>: snoozed"]);
    let told = audit::read(&*bench.store, None, 1).await.unwrap().entries.remove(0);
    assert_eq!((&*told.action, &*told.target), ("silence", "check `no queue is paused`"));
    assert_eq!(told.detail, "until 2026-01-01T01:00:00Z: snoozed");

    pass(&bench, HOUR - Duration::from_secs(1)).await;
    assert_has(&overview(at), &["All is well."]);
    pass(&bench, Duration::from_secs(1)).await;
    let page = overview(at);
    assert_has(&page, &["one thing needs you"]);
    assert!(!page.contains("silenced for a while"), "{page}");
}

#[tokio::test]
async fn a_check_is_silenced_with_a_reason_and_brought_back() {
    let bench = bench().await;
    let at = address(&bench);
    bench.client().queue("default").pause().await.unwrap();
    let token = token(at, "/health");
    for (form, why) in [
        ("action=silence&until=1d&reason=", "a reason of 1 to 200 characters"),
        ("action=silence&until=soon&reason=x", "`soon` is no end of a silence; use a span from `1m`"),
        ("action=hush&until=1d&reason=x", "There is no action `hush`"),
    ] {
        let answer = post(at, PAUSED, "", &format!("token={token}&{form}"));
        assert_eq!(answer.status, 400, "{form}");
        assert_has(&answer.body, &[why]);
    }
    assert_has(&overview(at), &["one thing needs you"]);
    let hostile = HOSTILE.replace('&', "%26").replace(';', "%3B");
    let page = act(at, PAUSED, &format!("action=silence&until=7d&reason={hostile}"));
    assert_has(&page, &["&lt;script&gt;", "until <time datetime=\"2026-01-08T00:00:00Z\">"]);
    assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
    let page = act(at, PAUSED, "action=unsilence");
    assert_has(&page, &["It counts again.", "22 checks of 23 ok", "Silence…"]);
    assert!(!page.contains("1 silenced"), "{page}");
    assert_has(&act(at, PAUSED, "action=unsilence"), &["Nothing was done"]);
    assert_has(&overview(at), &["one thing needs you"]);
}

#[tokio::test]
async fn a_silence_until_it_is_well_again_ends_when_it_is() {
    let bench = bench().await;
    let at = address(&bench);
    let queue = bench.client().queue("default");
    queue.pause().await.unwrap();
    act(at, PAUSED, "action=silence&until=well&reason=maintenance");
    assert_has(&overview(at), &["All is well.", "silenced for a while"]);
    pass(&bench, HOUR * 24 * 400).await;
    assert_eq!(silence::all(&*bench.store, bench.clock_now()).await.unwrap()[0].until, Until::Well);
    queue.resume().await.unwrap();
    for path in ["/", "/health", "/api/overview", "/api/health"] {
        let page = get(at, path).body;
        assert!(!page.contains("silenced for a while") && !page.contains("maintenance"), "{path}: {page}");
    }
    assert_has(&get(at, "/health").body, &["<strong>ok</strong>: no queue is paused"]);
    // Whoever looks changes nothing.
    assert_eq!(silence::all(&*bench.store, bench.clock_now()).await.unwrap().len(), 1);
    act(at, "/queues/default", "action=resume");
    assert_eq!(silence::all(&*bench.store, bench.clock_now()).await.unwrap(), []);
    queue.pause().await.unwrap();
    assert_has(&overview(at), &["Paused queues: <code>default</code>"]);
}

#[tokio::test]
async fn that_nothing_runs_is_said_although_it_is_silenced() {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate).workers(0)).await;
    let at = address(&bench);
    let page = act(at, "/health/a%20server%20is%20there", "action=silence&until=1d&reason=x&from=overview");
    assert_has(&page, &["Stopped: nothing runs.", "<h1 class=\"unwell\""]);
    assert!(!page.contains("No server is there"), "it is known: {page}");
    assert!(get(at, "/api/overview").body.contains("\"silenced\":1"));
}

#[tokio::test]
async fn a_failure_that_is_ignored_does_not_count_until_more_of_it_have_failed() {
    let bench = bench().await;
    let at = address(&bench);
    fail(&bench, "card 1 declined").await;
    fail(&bench, "no such account").await;
    let groups = bench.store.failures(9).await.unwrap();
    let group = groups.iter().find(|group| group.pattern.message.contains("card")).unwrap();
    let place = format!("/failures/{}", group.fingerprint);
    assert_has(&overview(at), &["2 jobs failed for good"]);
    let page = act(at, &place, "action=silence&until=%2B2&reason=fixed+in+2.1");
    assert_has(&page, &["<h2>Ignored</h2>", "until 3 jobs of it have failed: fixed in 2.1", "Bring back"]);
    let (open, ignored) = page.split_once("<h2>Ignored</h2>").unwrap();
    assert!(open.contains("no such account") && ignored.contains("card # declined"), "{page}");
    assert_has(&overview(at), &["1 job failed for good"]);
    fail(&bench, "card 2 declined").await;
    assert_has(&overview(at), &["1 job failed for good"]);
    fail(&bench, "card 3 declined").await;
    assert_has(&overview(at), &["4 jobs failed for good"]);

    let page = act(at, &place, "action=silence&until=30d&reason=x");
    assert_has(&page, &["until <time datetime=\"2026-01-31T00:00:00Z\">"]);
    assert_has(&overview(at), &["1 job failed for good"]);
    act(at, &place, "action=unsilence");
    assert_has(&overview(at), &["4 jobs failed for good"]);
}

#[tokio::test]
async fn new_failures_that_are_ignored_need_nobody() {
    let bench = bench().await;
    let at = address(&bench);
    let jobs = bench
        .scope(async {
            super::operations::Flaky::enqueue_all((0..10).map(|_| super::operations::Flaky)).await.unwrap()
        })
        .await;
    for job in jobs {
        bench.until(job.id(), JobState::Scheduled).await;
    }
    assert_has(&overview(at), &["Within the last hour jobs began to fail"]);
    let group = bench.store.failures(1).await.unwrap().remove(0);
    act(at, &format!("/failures/{}", group.fingerprint), "action=silence&until=1d&reason=x");
    assert_has(&overview(at), &["All is well."]);
}

#[tokio::test]
async fn who_only_looks_sees_what_is_silenced_and_has_no_button() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    fail(&bench, "no money").await;
    bench.client().queue("default").pause().await.unwrap();
    for path in ["/", "/health", "/failures"] {
        let page = get(at, path).body;
        for part in ["Snooze", "Silence…", "Ignore…"] {
            assert!(!page.contains(part), "{part} is on {path}: {page}");
        }
    }
    let client = bench.client();
    client.silence(boltjobs::SilenceOf::Check("no queue is paused".into()), "1d", "known").await.unwrap();
    let page = get(at, "/health").body;
    assert_has(&page, &["by the program", ": known"]);
    assert!(!page.contains("Bring back"), "{page}");
}
