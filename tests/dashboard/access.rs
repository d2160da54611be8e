//! Who is answered what: every route, asked by everybody, in every way.

use std::net::SocketAddr;

use boltjobs::prelude::*;
use boltjobs::{Dashboard, DashboardIdentity, DashboardRole};
use boltjobs_tests::Bench;

use super::login::{form_token, log_in};
use super::table::{For, TABLE};
use super::{Answer, Block, Orphan, address, assert_has, get, send, shown};

pub(super) const READ: (DashboardRole, &str) = (DashboardRole::Read, "read-0123456789abcdef");
pub(super) const OPERATE: (DashboardRole, &str) = (DashboardRole::Operate, "operate-0123456789abcdef");
const ADMINISTER: (DashboardRole, &str) = (DashboardRole::Administer, "administer-0123456789abcdef");

pub(super) fn guarded(builder: boltjobs::Builder) -> boltjobs::Builder {
    let tokens = [READ, OPERATE, ADMINISTER].into_iter();
    tokens.fold(shown(builder), |builder, (role, token)| builder.dashboard_token(role, token))
}

async fn bench() -> Bench {
    let bench = Bench::with(guarded).await;
    bench.scope(async { Block.recurring("x", Cron::daily()).await.unwrap() }).await;
    bench
}

fn expected(who: Option<DashboardRole>, may: For, ok: u16) -> u16 {
    match (may, who) {
        (For::Role(_), None) => 401,
        (For::Role(needed), Some(role)) if role < needed => 403,
        (For::All | For::Strangers | For::Role(_), _) => ok,
    }
}

pub(super) fn request(at: SocketAddr, asked: &str, host: &str, headers: &str, form: &str) -> Answer {
    let length = form.len();
    let kind = if is_json(form) { "application/json" } else { "application/x-www-form-urlencoded" };
    let head = format!(
        "{asked} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}{headers}"
    );
    send(at, &head, form)
}

pub(super) fn is_json(form: &str) -> bool {
    form.starts_with('{')
}

/// Adds the token of a page to what is sent: to a form as a field, to JSON as a header.
fn with_token(headers: &str, form: &str, token: &str) -> (String, String) {
    if is_json(form) {
        (format!("{headers}\r\nX-Boltjobs-Token: {token}"), form.to_owned())
    } else {
        (headers.to_owned(), format!("{form}&token={token}"))
    }
}

pub(super) fn bearer(token: &str) -> String {
    format!("\r\nAuthorization: Bearer {token}")
}

/// Those who ask, with a header that says so.
fn people() -> Vec<(Option<DashboardRole>, String)> {
    let known = [READ, OPERATE, ADMINISTER].map(|(role, token)| (Some(role), bearer(token)));
    [(None, String::new())].into_iter().chain(known).collect()
}

#[test]
fn the_table_has_every_route() {
    let pages = include_str!("../../boltjobs-dashboard/src/lib.rs").split(".route(\"");
    let api = include_str!("../../boltjobs-dashboard/src/api/routes.rs").split("(\"");
    let named = |rest: &'static str| rest.split('"').next().filter(|path| path.starts_with('/'));
    let routes: Vec<_> = pages.skip(1).chain(api.skip(1)).filter_map(named).collect();
    assert!(routes.len() > 25 && routes.contains(&"/api/jobs/{id}"), "{routes:?}");
    for route in routes {
        assert!(TABLE.iter().any(|(listed, ..)| *listed == route), "`{route}` is missing in the table");
    }
}

#[tokio::test]
async fn each_role_is_answered_what_it_may_ask_and_nobody_else_is() {
    let bench = bench().await;
    let at = address(&bench);
    for (_, asked, form, may, ok) in TABLE {
        for (who, header) in people() {
            let answer = request(at, asked, "localhost", &header, form);
            assert_eq!(answer.status, expected(who, may, ok), "{asked} {form} by {who:?}: {}", answer.body);
            if answer.status == 401 {
                assert_has(&answer.head, &["www-authenticate: bearer"]);
                let json = asked.contains(" /api");
                assert_eq!(
                    answer.head.contains("content-type: application/json"),
                    json,
                    "{asked}: {}",
                    answer.head
                );
                let page = !json && !["HEAD /events", "GET /metrics"].contains(&asked);
                assert_eq!(answer.body.contains("action=\"/login\""), page, "{asked}: {}", answer.body);
                assert!(!answer.body.contains("href=\"/recurring\""), "{asked}: {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_token_opens_nothing() {
    // Ten at once would not be heard any more.
    for rows in TABLE.chunks(9) {
        let bench = bench().await;
        for (_, asked, form, may, ok) in rows {
            let answer =
                request(address(&bench), asked, "localhost", &bearer("operate-0123456789abcdeg"), form);
            assert_eq!(answer.status, expected(None, *may, *ok), "{asked} {form}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn under_a_foreign_host_nobody_is_answered() {
    let bench = bench().await;
    for (_, asked, form, may, ok) in TABLE {
        for (_, header) in people() {
            for host in ["evil.example", "localhost.evil.example", "localhost\r\nHost: evil.example"] {
                let answer = request(address(&bench), asked, host, &header, form);
                let expected = if may == For::All { ok } else { 403 };
                assert_eq!(answer.status, expected, "{asked} under {host}: {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_done_for_pages_from_elsewhere() {
    let bench = bench().await;
    let (at, host) = (address(&bench), address(&bench).to_string());
    for (_, asked, form, ..) in TABLE.iter().filter(|(_, asked, ..)| asked.starts_with("POST")) {
        for (role, token) in [OPERATE, ADMINISTER] {
            let session = log_in(at, token);
            for header in [session.clone(), bearer(token)] {
                for foreign in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
                    let (header, form) = with_token(&header, form, &form_token(at, &session));
                    let answer = request(at, asked, &host, &format!("{header}\r\n{foreign}"), &form);
                    assert_eq!(answer.status, 403, "{asked} by {role} with {foreign}: {}", answer.body);
                }
            }
        }
    }
    assert_untouched(&bench).await;
}

#[tokio::test]
async fn nothing_is_done_without_the_token_of_the_form_that_belongs_to_the_session() {
    let bench = bench().await;
    let (at, host) = (address(&bench), address(&bench).to_string());
    let (session, other) = (log_in(at, ADMINISTER.1), log_in(at, ADMINISTER.1));
    let foreign = form_token(at, &other);
    let posts = TABLE.iter().filter(|(_, asked, ..)| asked.starts_with("POST") && *asked != "POST /login");
    for (_, asked, form, ..) in posts {
        let none = (session.clone(), (*form).to_owned());
        for (headers, form) in [none, with_token(&session, form, ""), with_token(&session, form, &foreign)] {
            let answer = request(at, asked, &host, &headers, &form);
            assert_eq!(answer.status, 403, "{asked} {form} {headers}: {}", answer.body);
        }
    }
    assert_untouched(&bench).await;
    let token = form_token(at, &session);
    for (asked, form, ok) in
        [("POST /queues/x", "action=pause", 303), ("POST /api/queues/y", r#"{"action":"pause"}"#, 200)]
    {
        let (headers, form) = with_token(&session, form, &token);
        assert_eq!(request(at, asked, &host, &headers, &form).status, ok, "{asked}");
    }
}

#[tokio::test]
async fn what_only_acts_is_no_link() {
    let bench = bench().await;
    let (at, host) = (address(&bench), address(&bench).to_string());
    let session = log_in(at, ADMINISTER.1);
    let token = form_token(at, &session);
    for (_, asked, form, ..) in TABLE.iter().filter(|(_, asked, ..)| asked.starts_with("POST")) {
        let path = asked.trim_start_matches("POST ");
        // What has the same path is shown, or that it is not there.
        let looks = TABLE.iter().find(|(_, asked, ..)| *asked == format!("GET {path}"));
        let shows = looks.map_or(405, |(.., status)| *status);
        for header in [&session, &bearer(ADMINISTER.1)] {
            let query = if is_json(form) { "action=pause" } else { form };
            let answer = request(at, &format!("GET {path}?{query}&token={token}"), &host, header, "");
            assert_eq!(answer.status, shows, "{path}");
            assert!(!answer.head.contains("set-cookie"), "{path}: {}", answer.head);
            if shows == 405 {
                assert_has(&answer.head, &["allow: post"]);
            }
        }
        let other = request(at, &format!("PUT {path}"), &host, &bearer(ADMINISTER.1), form);
        assert_eq!(other.status, 405, "{path}");
    }
    assert_untouched(&bench).await;
}

/// Nothing of what the table asks for has come about.
async fn assert_untouched(bench: &Bench) {
    let queues = bench.store.queues(bench.clock_now()).await.unwrap();
    assert!(queues.iter().all(|queue| queue.paused_since.is_none()), "{queues:?}");
    let recurring = bench.store.recurring_jobs().await.unwrap();
    assert!(recurring.len() == 1 && recurring[0].runs.is_empty() && !recurring[0].paused, "{recurring:?}");
    assert_eq!(recurring[0].definition.cron.as_str(), "@daily");
}

#[tokio::test]
async fn with_a_token_addresses_and_named_hosts_are_answered() {
    let bench = Bench::with(|builder| guarded(builder).dashboard_host("Jobs.example.org")).await;
    for (host, status) in [
        ("jobs.example.org", 200),
        ("JOBS.example.org:8443", 200),
        ("192.168.0.7:4010", 200),
        ("[2001:db8::7]:4010", 200),
        ("localhost", 200),
        ("example.org", 403),
        ("jobs.example.org.evil.example", 403),
    ] {
        assert_eq!(request(address(&bench), "GET /", host, &bearer(READ.1), "").status, status, "{host}");
    }
}

#[tokio::test]
async fn the_app_around_the_pages_can_say_who_asks() {
    use axum::extract::Request;
    use axum::middleware::{Next, from_fn};

    /// What the middleware of the app finds out.
    #[derive(Clone)]
    struct User(String);

    let bench = Bench::start().await;
    let who = |request: &axum::http::request::Parts| {
        let User(name) = request.extensions.get()?;
        let role = if name == "ada" { DashboardRole::Operate } else { DashboardRole::Read };
        Some(DashboardIdentity::new(&**name, role))
    };
    let pages = |dashboard: Dashboard| dashboard.host("app.example.org").authorize(who).router().unwrap();
    let app = axum::Router::new()
        .nest("/admin/jobs", pages(bench.server.dashboard()))
        .nest("/with/tokens", pages(bench.server.dashboard().token(READ.0, READ.1)))
        .layer(from_fn(|mut request: Request, next: Next| async {
            if let Some(name) = request.headers().get("x-user").and_then(|name| name.to_str().ok()) {
                let user = User(name.to_owned());
                request.extensions_mut().insert(user);
            }
            next.run(request).await
        }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    bench.scope(async { Orphan.enqueue().queue("x").await.unwrap() }).await;
    let client = bench.client();
    let asked = tokio::task::spawn_blocking(move || {
        let ask =
            |asked: &str, headers: &str, form: &str| request(at, asked, "app.example.org", headers, form);
        let (ada, bob) = ("\r\nX-User: ada", "\r\nX-User: bob");
        for path in ["/admin/jobs", "/admin/jobs/jobs", "/admin/jobs/api/jobs"] {
            assert_eq!(ask(&format!("GET {path}"), "", "").status, 403, "{path}");
            assert_eq!(ask(&format!("GET {path}"), bob, "").status, 200, "{path}");
        }
        let page = ask("GET /admin/jobs/queues", ada, "").body;
        assert_has(&page, &["ada, operate", "name=\"token\""]);
        assert!(!page.contains("Log out"), "{page}");
        let token =
            page.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let form = format!("action=pause&token={token}");
        assert_eq!(ask("POST /admin/jobs/queues/x", bob, &form).status, 403);
        assert_eq!(ask("POST /admin/jobs/queues/x", ada, "action=pause").status, 403);
        assert_eq!(ask("POST /admin/jobs/queues/x", ada, &form).status, 303);
        let (action, path) = (r#"{"action":"pause"}"#, "POST /admin/jobs/api/queues/y");
        for (headers, status) in [("", 403), (bob, 403), (ada, 200)] {
            assert_eq!(ask(path, headers, action).status, status, "{headers}");
        }
        let browser = format!("{ada}\r\nSec-Fetch-Site: same-origin");
        assert_eq!(ask(path, &browser, action).status, 403, "the page has a token");
        let (browser, action) = with_token(&browser, action, token);
        assert_eq!(ask(path, &browser, &action).status, 200);
        assert_eq!(ask("GET /admin/jobs/login", "", "").status, 404, "there is nothing to log in with");
        // Those whom the app does not know log in, if they can.
        let closed = ask("GET /with/tokens/jobs?q=x", "", "");
        assert_eq!(closed.status, 401);
        assert_has(&closed.body, &["action=\"/with/tokens/login\"", "value=\"/jobs?q=x\""]);
        let entered = ask("POST /with/tokens/login", "", &format!("token={}&to=/jobs?q=x", READ.1));
        assert_has(&entered.head, &["location: /with/tokens/jobs?q=x", "; path=/with/tokens; "]);
        assert_eq!(ask("GET /with/tokens", &bearer(READ.1), "").status, 200);
        assert_eq!(ask("GET /with/tokens", bob, "").status, 200);
    });
    asked.await.unwrap();
    assert!(client.queue("x").is_paused().await.unwrap());
}

#[tokio::test]
async fn without_a_token_everything_is_as_open_as_the_machine() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    assert_eq!(get(at, "/login").status, 404);
    assert_eq!(request(at, "GET /", "localhost", &bearer("anything"), "").status, 200);
    assert_eq!(request(at, "GET /", "192.168.0.7", "", "").status, 403);
}
