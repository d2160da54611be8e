//! How one comes in, and goes.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use boltjobs::{DashboardIdentity, DashboardRole};
use boltjobs_core::audit;
use boltjobs_tests::Bench;

use super::access::OPERATE;
use super::actions::post;
use super::{Answer, HOUR, address, ask, assert_has, get, shown};

async fn bench() -> Bench {
    let ada = DashboardIdentity::new("ada", OPERATE.0);
    Bench::with(|builder| shown(builder).dashboard_token(ada, OPERATE.1)).await
}

fn sent(at: SocketAddr, token: &str, to: &str) -> Answer {
    post(at, "/login", "", &format!("token={token}&to={to}"))
}

/// Returns the cookie that an answer sets, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set =
        answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("there is a cookie");
    format!("\r\nCookie: {}", set.split(';').next().unwrap())
}

/// Logs in with a token, and returns the header of the session.
pub(super) fn log_in(at: SocketAddr, token: &str) -> String {
    let answer = sent(at, token, "/");
    assert_eq!(answer.status, 303, "{}", answer.body);
    cookie(&answer)
}

fn with(at: SocketAddr, path: &str, session: &str) -> Answer {
    ask(at, &format!("GET {path} HTTP/1.1\r\nHost: {at}{session}"))
}

/// Returns what the forms of a session carry.
pub(super) fn form_token(at: SocketAddr, session: &str) -> String {
    let page = with(at, "/", session).body;
    let token = page.split("name=\"token\" value=\"").nth(1).expect("the page has a form");
    token.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn one_logs_in_goes_on_where_one_was_going_and_logs_out() {
    let bench = bench().await;
    let at = address(&bench);
    let closed = get(at, "/jobs?q=state:failed");
    assert_eq!(closed.status, 401);
    assert_has(&closed.body, &["type=\"password\"", "value=\"/jobs?q=state:failed\"", "action=\"/login\""]);
    for part in ["<script", "no job", "<nav"] {
        assert!(!closed.body.contains(part), "`{part}` is in {}", closed.body);
    }

    let entered = sent(at, OPERATE.1, "%2Fjobs%3Fq%3Dstate%3Afailed");
    assert_eq!(entered.status, 303);
    assert_has(
        &entered.head,
        &["location: /jobs?q=state:failed\r\n", "; path=/; max-age=43200; httponly; samesite=strict"],
    );
    assert!(!entered.head.contains(OPERATE.1) && !entered.head.contains("domain"), "{}", entered.head);
    let session = cookie(&entered);
    assert!(session.len() > 64, "{session}");
    let page = with(at, "/jobs?q=state:failed", &session);
    assert_eq!(page.status, 200);
    assert_has(&page.body, &["ada, operate", "Log out", "action=\"/logout\""]);

    let form = format!("token={}", form_token(at, &session));
    let left = post(at, "/logout", &session, &form);
    assert_eq!(left.status, 303, "{}", left.body);
    assert_has(&left.head, &["location: /login", "max-age=0"]);
    // The cookie that somebody kept is worth nothing.
    assert_eq!(with(at, "/", &session).status, 401);
}

#[tokio::test]
async fn each_session_is_its_own() {
    let bench = bench().await;
    let at = address(&bench);
    let (first, second) = (log_in(at, OPERATE.1), log_in(at, OPERATE.1));
    assert_ne!(first, second);
    assert_ne!(form_token(at, &first), form_token(at, &second));
    post(at, "/logout", &first, &format!("token={}", form_token(at, &first)));
    assert_eq!((with(at, "/", &first).status, with(at, "/", &second).status), (401, 200));
    let (name, id) = second.rsplit_once('=').unwrap();
    for wrong in [String::new(), id[1..].to_owned(), "0".repeat(64), OPERATE.1.to_owned()] {
        assert_eq!(with(at, "/", &format!("{name}={wrong}")).status, 401, "{wrong}");
    }
    // The port is a part of the name: another dashboard of the machine has a cookie of its own.
    assert_has(&second, &[&format!("boltjobs_{}=", at.port())]);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours() {
    let bench = bench().await;
    let at = address(&bench);
    let session = log_in(at, OPERATE.1);
    bench.clock.advance(HOUR * 11 + Duration::from_secs(3_599));
    assert_eq!(with(at, "/", &session).status, 200);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(with(at, "/", &session).status, 401);
    assert_eq!(with(at, "/", &log_in(at, OPERATE.1)).status, 200);
}

#[tokio::test]
async fn nobody_is_led_elsewhere() {
    let bench = bench().await;
    let at = address(&bench);
    for to in [
        "//evil.example",
        "https://evil.example/",
        "%2F%2Fevil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "/x%0D%0ASet-Cookie:%20a=b",
        "/../other",
        "/%252e%252e/other",
        "javascript:alert(1)",
        "",
    ] {
        let answer = sent(at, OPERATE.1, to);
        assert_eq!(answer.status, 303, "{to}");
        assert_has(&answer.head, &["location: /\r\n"]);
        assert_eq!(answer.head.matches("set-cookie").count(), 1, "{to}: {}", answer.head);
        let page = get(at, &format!("/login?to={to}")).body;
        assert_has(&page, &["name=\"to\" value=\"/\""]);
    }
}

#[tokio::test]
async fn after_ten_wrong_tokens_nobody_logs_in_from_there_for_a_minute() {
    let bench = bench().await;
    let at = address(&bench);
    let session = log_in(at, OPERATE.1);
    for _ in 0..10 {
        let wrong = sent(at, "operate-0123456789abcdeg", "/jobs");
        assert_eq!(wrong.status, 401);
        assert_has(&wrong.body, &["there is no such token", "value=\"/jobs\""]);
    }
    for token in ["wrong", OPERATE.1] {
        let answer = sent(at, token, "/jobs");
        assert_eq!(answer.status, 429);
        assert_has(&answer.head, &["retry-after: 60"]);
        let program = with(at, "/api/jobs", &format!("\r\nAuthorization: Bearer {token}"));
        assert_eq!(program.status, 429);
        assert_has(&program.body, &["too many wrong tokens"]);
    }
    assert_eq!(with(at, "/", &session).status, 200, "whoever is in stays in");
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(sent(at, OPERATE.1, "/jobs").status, 303);
}

#[tokio::test]
async fn a_stranger_can_not_send_much() {
    let bench = bench().await;
    let at = address(&bench);
    let answer = post(at, "/login", "", &format!("token={}", "x".repeat(9_000)));
    assert_eq!(answer.status, 413);
    // From a page of somebody else nobody is logged in either.
    let answer = post(at, "/login", "\r\nOrigin: http://evil.example", &format!("token={}", OPERATE.1));
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_form_of_whoever_is_let_in_has_two_megabytes_at_most() {
    let bench = bench().await;
    let at = address(&bench);
    let bearer = format!("\r\nAuthorization: Bearer {}", OPERATE.1);
    let form = |bytes| format!("action=pause&{}", "x".repeat(bytes));
    assert_eq!(post(at, "/queues/x", &bearer, &form(2_000_000)).status, 303);
    assert_eq!(post(at, "/queues/x", &bearer, &form(2_200_000)).status, 400);
}

#[tokio::test]
async fn who_comes_in_and_who_tries_to_stands_in_the_audit_within_bounds() {
    let bench = bench().await;
    let at = address(&bench);
    assert_eq!(sent(at, "not-the-token", "/").status, 401);
    log_in(at, OPERATE.1);
    let all = || async { audit::read(&*bench.store, None, 999).await.unwrap().entries };
    let told: Vec<_> = all().await.into_iter().map(|it| (it.actor, it.action, it.target, it.done)).collect();
    let entry =
        |actor: &str, target: &str, done| (actor.to_owned(), "log in".to_owned(), target.to_owned(), done);
    assert_eq!(
        told,
        [entry("ada", "the dashboard", true), entry("nobody", "a wrong token from 127.0.0.1", false)]
    );
    // Nobody pushes out of it what others did.
    for _ in 0..8 {
        for _ in 0..10 {
            sent(at, "not-the-token", "/");
        }
        bench.clock.advance(Duration::from_secs(61));
    }
    assert_eq!(all().await.iter().filter(|it| !it.done).count(), 60);
    bench.clock.advance(HOUR);
    sent(at, "not-the-token", "/");
    assert_eq!(all().await.iter().filter(|it| !it.done).count(), 61);
}

/// What was told to the audit, by all tests of this program.
static TOLD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Told;

impl Write for Told {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        TOLD.lock().unwrap_or_else(PoisonError::into_inner).write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn who_did_what_is_told_and_no_token_is() {
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(|| Told).finish();
    tracing::subscriber::set_global_default(log).expect("no other test here listens");
    let bench = bench().await;
    let at = address(&bench);
    assert_eq!(sent(at, "wrong-0123456789abcdef", "/").status, 401);
    let session = log_in(at, OPERATE.1);
    let token = form_token(at, &session);
    assert_eq!(post(at, "/queues/told", &session, &format!("token={token}&action=pause")).status, 303);
    assert_eq!(post(at, "/logout", &session, &format!("token={token}")).status, 303);
    let told = String::from_utf8(TOLD.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap();
    let audit: Vec<_> = told.lines().filter(|line| line.contains("boltjobs::audit")).collect();
    for parts in [
        ["actor=\"nobody\" action=\"log in\"", "a wrong token from 127.0.0.1", "done=false"],
        ["actor=\"ada\" action=\"log in\"", "the dashboard", "done=true"],
        ["actor=\"ada\" action=\"pause\"", "queue told", "done=true"],
        ["actor=\"ada\" action=\"log out\"", "the dashboard", "done=true"],
    ] {
        assert!(
            audit.iter().any(|line| parts.iter().all(|part| line.contains(part))),
            "{parts:?}: {audit:#?}"
        );
    }
    for secret in [OPERATE.1, "wrong-0123456789abcdef", &token] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn a_token_that_can_be_guessed_stops_the_start() {
    let started = boltjobs::builder()
        .store("memory")
        .dashboard("127.0.0.1:0")
        .dashboard_token(DashboardRole::Read, "short")
        .dashboard_host("http://jobs.example.org")
        .start()
        .await;
    let faults = started.unwrap_err().to_string();
    assert_has(&faults, &["the token of `read` for the dashboard", "`http://jobs.example.org` is no host"]);
    assert!(!faults.contains("short"), "{faults}");
}
