//! The dashboard, asked as a browser asks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

use boltjobs::Builder;
use boltjobs::prelude::*;
use boltjobs_core::cron::Zone;
use boltjobs_core::job::JobSpec;
use boltjobs_core::recurring::{Definition, Stored};
use boltjobs_tests::{Bench, patiently};

mod access;
mod actions;
mod api;
mod auditing;
mod backfilling;
mod changing;
mod columns;
mod confirming;
mod deploys;
mod editing;
mod failure;
mod finding;
mod first;
mod frame;
mod health;
mod kin;
mod login;
mod making;
mod once;
mod openapi;
mod operations;
mod orders;
mod pages;
mod permitting;
mod probes;
mod prometheus;
mod queue;
mod rerunning;
mod saved;
mod schedules;
mod schema;
mod servers;
mod settings;
mod silencing;
mod sorting;
mod starting;
mod table;
mod telling;

const HOUR: Duration = Duration::from_secs(3_600);

/// What a browser would take for its own, if it came through.
const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;";

/// Fails with the text that it is given, over a cause.
#[request(name = "pay", display = "Pay {note}")]
#[derive(Debug)]
pub struct Pay {
    note: String,
    #[request(sensitive)]
    card: String,
}

#[derive(Debug, thiserror::Error)]
#[error("refused {0}")]
struct Refused(String, #[source] std::io::Error);

#[handler(retries = 0)]
async fn pay(request: Pay) -> JobResult {
    if request.note == "well" {
        return Ok(());
    }
    Err(Refused(request.note, std::io::Error::other("no <b>route</b>")).into())
}

/// Nobody handles it.
#[request(name = "orphan")]
#[derive(Debug)]
pub struct Orphan;

/// Blocks the thread of the program until it hears something.
#[request(name = "block")]
#[derive(Debug)]
pub struct Block;

/// Says that a handler has blocked its thread, and waits for a word to go on.
static GATE: OnceLock<Gate> = OnceLock::new();

#[derive(Debug)]
struct Gate {
    blocked: mpsc::Sender<()>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

#[handler]
async fn block(_: Block) -> JobResult {
    let gate = GATE.get().expect("the one test that runs it has put it there");
    gate.blocked.send(())?;
    gate.go_on.lock().unwrap().recv()?;
    Ok(())
}

fn pay_with(note: &str) -> Pay {
    Pay { note: note.to_owned(), card: "4111-s3cret".to_owned() }
}

fn shown(builder: Builder) -> Builder {
    builder.dashboard("127.0.0.1:0")
}

fn address(bench: &Bench) -> SocketAddr {
    bench.server.dashboard_addr().expect("the dashboard is shown")
}

/// An answer of the dashboard.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// Sends a head and returns the answer. It blocks, which the dashboard must not mind.
fn ask(address: SocketAddr, head: &str) -> Answer {
    send(address, head, "")
}

/// The same with a body.
fn send(address: SocketAddr, head: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // What is too long is not read to its end.
    let _ = stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes());
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("it has a status");
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}"))
}

/// Returns the first page, which must be there.
fn overview(address: SocketAddr) -> String {
    let answer = get(address, "/");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[track_caller]
fn assert_has(page: &str, expected: &[&str]) {
    for part in expected {
        assert!(page.contains(part), "`{part}` is missing in {page}");
    }
}

#[tokio::test]
async fn the_first_page_says_that_all_is_well_and_counts_a_thousand_jobs() {
    let bench = Bench::with(shown).await;
    assert_has(&overview(address(&bench)), &["All is well."]);
    bench
        .scope(async {
            let jobs = Pay::enqueue_all((0..999).map(|_| pay_with("well"))).await.unwrap();
            for job in jobs {
                patiently(job.wait()).await.unwrap();
            }
            pay_with("later").schedule_in(HOUR).queue("mail").await.unwrap();
            Block.recurring("later", cron!("0 4 * * *")).await.unwrap();
            Block.recurring("nightly", cron!("0 3 * * *")).await.unwrap();
        })
        .await;
    bench.clock.advance(Duration::from_secs(3));
    let page = overview(address(&bench));
    assert_has(&page, &[">999</a>", "mail", "3s ago", "2 recurring ", "0 3 * * *", "in 2h59m"]);
    assert_has(&page, &[bench.server.name(), "memory"]);
    assert!(page.find("nightly") < page.find("later"), "the next run is not the first: {page}");
}

#[tokio::test]
async fn the_first_page_says_what_is_wrong_and_how_to_mend_it() {
    let bench = Bench::with(|builder| {
        shown(builder).queues([Queue::new("default"), Queue::new("paused").concurrency(7)])
    })
    .await;
    bench
        .scope(async {
            let failed = pay_with("no money").enqueue().await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            Orphan.enqueue().await.unwrap();
            pay_with("x").enqueue().queue("nobodys").await.unwrap();
        })
        .await;
    bench.client().queue("paused").pause().await.unwrap();
    let mut broken = Definition::new("broken", Cron::daily(), JobSpec::new("pay", *b"{}"));
    broken.zone = serde_json::from_value::<Stored<Zone>>("Mars/Olympus".into()).unwrap();
    bench.store.put_recurring(broken, bench.clock_now()).await.unwrap();

    let page = overview(address(&bench));
    assert_has(&page, &["Working, but 5 things need you.", "1 job failed for good;"]);
    assert_has(&page, &["<span class=\"badge\">paused ", "data-label=\"Limit\">7</td>"]);
    assert_has(
        &page,
        &["Paused queues: <code>paused</code>;", "that no server works: <code>nobodys</code>;"],
    );
    assert_has(&page, &["that no server handles: `orphan`;", "can't be read: `broken` (", "Mars/Olympus"]);
    assert_has(&page, &["Pay no money", "refused no money: no &lt;b&gt;route"]);
}

#[tokio::test]
async fn without_a_server_the_first_page_says_that_nothing_runs() {
    let bench = Bench::with(|builder| shown(builder).workers(0)).await;
    bench.scope(async { Orphan.enqueue().await.unwrap() }).await;
    let page = overview(address(&bench));
    assert_has(&page, &["Stopped: nothing runs.", "No server is there;"]);
    assert!(!page.contains("that no server"), "{page}");
}

#[tokio::test]
async fn a_job_is_shown_with_its_reason_history_and_error_and_without_its_secrets() {
    let bench = Bench::with(shown).await;
    let job = bench.scope(async { pay_with("no money").schedule_in(HOUR).await.unwrap() }).await;
    let path = format!("/jobs/{}", job.id());
    let page = get(address(&bench), &path).body;
    assert_has(&page, &["Pay no money", "it is scheduled for 2026-01-01T01:00:00Z", "in 1h"]);

    bench.advance_until(HOUR, job.id(), JobState::Failed).await;
    let page = get(address(&bench), &path).body;
    assert_has(&page, &["it ended in Failed at 2026-01-01T01:00:00Z", "refused no money", "Caused by"]);
    // An hour in Scheduled, and no time at all in the states after it.
    assert_has(
        &page,
        &[
            "<td>1h<svg class=\"segments\"",
            "<rect class=\"segment scheduled\" width=\"100\"",
            "attempt 1 on ",
            "dashboard::Refused",
        ],
    );
    assert_has(&page, &["&quot;note&quot;: &quot;no money&quot;", "&quot;card&quot;: &quot;***&quot;"]);
    assert!(!page.contains("s3cret"), "{page}");
    assert_has(&overview(address(&bench)), &[&format!("href=\"{path}\"")]);
}

#[tokio::test]
async fn what_comes_from_users_is_escaped() {
    let bench = Bench::with(shown).await;
    let job = bench
        .scope(async {
            let job = pay_with(HOSTILE).enqueue().tag(HOSTILE).meta(HOSTILE, HOSTILE).await.unwrap();
            patiently(job.wait()).await.unwrap_err();
            pay_with("well").recurring(HOSTILE, Cron::daily()).await.unwrap();
            job
        })
        .await;
    // A store that others fill may hold names that no program of ours accepts.
    let mut spec = JobSpec::new(HOSTILE, *b"<b>no json</b>");
    spec.queue = HOSTILE.into();
    let mut broken = Definition::new("</title>", Cron::daily(), spec.clone());
    broken.zone = serde_json::from_value::<Stored<Zone>>(HOSTILE.into()).unwrap();
    bench.store.put_recurring(broken, bench.clock_now()).await.unwrap();
    let strange = boltjobs_core::job::NewJob {
        id: JobId::from_parts(bench.clock_now(), 7),
        spec: spec.into(),
        start_at: None,
    };
    let strange_id = strange.id;
    bench.store.enqueue(vec![strange], bench.clock_now()).await.unwrap();
    bench.store.pause(HOSTILE.into(), true, bench.clock_now()).await.unwrap();

    let paths = ["/".to_owned(), format!("/jobs/{}", job.id()), format!("/jobs/{strange_id}")];
    for path in paths.into_iter().chain(["/jobs/%3Cscript%3E".to_owned()]) {
        let page = get(address(&bench), &path).body;
        assert_has(&page, &["&lt;script&gt;"]);
        for part in ["<script>", "<img", "<b>", "</title></"] {
            assert!(!page.contains(part), "`{part}` is in {path}: {page}");
        }
    }
}

#[tokio::test]
async fn only_requests_that_name_a_loopback_host_are_answered() {
    let bench = Bench::with(shown).await;
    let port = address(&bench).port();
    let with = |target: &str, hosts: &[&str]| {
        let hosts: String = hosts.iter().map(|host| format!("\r\nHost: {host}")).collect();
        ask(address(&bench), &format!("GET {target} HTTP/1.1{hosts}")).status
    };
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", &format!("127.0.0.1:{port}"), "[::1]:80"] {
        assert_eq!(with("/", &[host]), 200, "{host}");
    }
    for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", "192.168.0.1", ""]
    {
        for path in ["/", "/events", "/assets/style-0.css", "/nowhere", "/login"] {
            assert_eq!(with(path, &[host]), 403, "{host}{path}");
        }
    }
    assert_eq!(with("/", &["localhost", "evil.example"]), 403);
    assert_eq!(with("http://evil.example/", &["localhost"]), 403);
    assert_eq!(ask(address(&bench), "GET / HTTP/1.0").status, 403);
}

#[tokio::test]
async fn it_only_looks() {
    let bench = Bench::with(shown).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in ["/", "/jobs/1", "/healthz", "/nowhere"] {
            let answer = ask(address(&bench), &format!("{method} {path} HTTP/1.1\r\nHost: localhost"));
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_has(&answer.head, &["allow: get, head"]);
        }
    }
    let head = ask(address(&bench), "HEAD / HTTP/1.1\r\nHost: localhost");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn every_answer_forbids_foreign_scripts_frames_and_caches() {
    let bench = Bench::with(shown).await;
    for (path, host) in
        [("/", "localhost"), ("/healthz", "localhost"), ("/nowhere", "localhost"), ("/", "evil")]
    {
        let head = ask(address(&bench), &format!("GET {path} HTTP/1.1\r\nHost: {host}")).head;
        assert_has(
            &head,
            &["content-security-policy: default-src 'none'; style-src 'self'; script-src 'self';"],
        );
        assert_has(&head, &["frame-ancestors 'none'", "x-frame-options: deny", "cache-control: no-store"]);
        assert!(!head.contains("unsafe"), "{head}");
        // With `no-referrer` browsers call the origin of a form `null`, and no button would work.
        assert_has(&head, &["referrer-policy: same-origin"]);
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let bench = Bench::with(shown).await;
    for (path, why) in [
        ("/nowhere", "There is no such page."),
        ("/jobs/12", "`12` is not the id of a job."),
        (
            "/jobs/01890a5d-ac96-774b-bcce-b302099a8057",
            "There is no job 01890a5d-ac96-774b-bcce-b302099a8057",
        ),
    ] {
        let answer = get(address(&bench), path);
        assert_eq!(answer.status, 404, "{path}");
        assert_has(&answer.body, &[why, "Overview"]);
    }
}

#[tokio::test]
async fn a_store_that_fails_is_said_on_every_page_and_by_the_probes() {
    let bench = Bench::with(shown).await;
    for probe in ["/healthz", "/readyz"] {
        let healthy = get(address(&bench), probe);
        assert_eq!((healthy.status, healthy.body.as_str()), (200, "ok\n"), "{probe}");
    }
    bench.store.close().await.unwrap();
    for path in ["/", "/jobs/01890a5d-ac96-774b-bcce-b302099a8057", "/healthz", "/readyz"] {
        let answer = get(address(&bench), path);
        assert_eq!(answer.status, 503, "{path}");
        assert_has(&answer.body, &["the store is closed"]);
    }
}

#[tokio::test]
async fn a_handler_that_blocks_its_thread_does_not_freeze_the_dashboard() {
    let ((blocked, has_blocked), (go_on, told)) = (mpsc::channel(), mpsc::channel());
    GATE.set(Gate { blocked, go_on: Mutex::new(told) }).unwrap();
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    let looking = std::thread::spawn(move || {
        has_blocked.recv().unwrap();
        let page = overview(at);
        go_on.send(()).unwrap();
        page
    });
    // This runtime has one thread, which the handler holds until the page was seen.
    let job = bench.scope(async { Block.enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    assert_has(&looking.join().unwrap(), &["All is well."]);
}
