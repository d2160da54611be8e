//! Queries under names: those that the app has for everybody, and those that a browser keeps.

use std::net::SocketAddr;

use boltjobs::DashboardRole;
use boltjobs_tests::Bench;

use super::actions::{post, token};
use super::{Answer, address, ask, assert_has, get, shown};

/// Keeps a query or lets go of one, as a browser that sends a cookie.
fn send(at: SocketAddr, cookie: &str, form: &str) -> Answer {
    let form = format!("token={}&{form}", token(at, "/jobs?q=state:failed"));
    post(at, "/queries", &format!("\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin"), &form)
}

/// Returns the cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    let line = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("it sets one");
    line.split(';').next().unwrap().to_owned()
}

fn jobs(at: SocketAddr, query: &str, cookie: &str) -> String {
    ask(at, &format!("GET /jobs?q={query} HTTP/1.1\r\nHost: {at}\r\nCookie: {cookie}")).body
}

#[tokio::test]
async fn queries_of_the_app_are_links_for_everybody() {
    let bench = Bench::with(|builder| {
        shown(builder)
            .dashboard_query("Failed mails", "state:failed queue:mail")
            .dashboard_query("<b>", "tag:eu")
    })
    .await;
    let at = address(&bench);
    let page = get(at, "/jobs?q=queue:mail+state:failed").body;
    let link = "<a href=\"/jobs?q=state%3Afailed%20queue%3Amail\" title=\"state:failed queue:mail\" aria-current=\"page\">";
    assert_has(&page, &[link, ">Failed mails</a>", "&lt;b&gt;"]);
    assert!(!page.contains("action=\"/queries\""), "it is kept already, and not by this browser: {page}");
    assert_has(&get(at, "/jobs?q=colour:red").body, &["Failed mails", "can't be read"]);
}

#[tokio::test]
async fn a_query_of_the_app_that_cant_be_read_stops_the_start_and_says_where() {
    let builder =
        boltjobs::builder().store("memory").dashboard_query("Failed mails", "state:failed colour:red");
    let fault = builder.start().await.unwrap_err().to_string();
    let expected =
        "the dashboard: the query `Failed mails` can't be read at character 14: there is no key `colour`";
    assert_has(&fault, &[expected]);

    let bench = Bench::start().await;
    let nested = bench.server.dashboard().query("Failed mails", "state:faild").query("", "tag:eu");
    let fault = nested.router().unwrap_err().to_string();
    assert_has(&fault, &["`Failed mails` can't be read at character 1: there is no state `faild`"]);
    assert_has(&fault, &["`` can't be the name of a query"]);
}

#[tokio::test]
async fn a_browser_keeps_a_query_until_it_is_told_otherwise() {
    // Who only looks may, too.
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Read)).await;
    let at = address(&bench);
    assert!(!get(at, "/jobs").body.contains("action=\"/queries\""), "there is nothing to keep");
    assert_has(&get(at, "/jobs?q=tag:eu").body, &["action=\"/queries\"", "maxlength=\"40\""]);
    let answer = send(at, "", "action=save&name=caf%C3%A9+%3Cb%3E&q=tag%3Aeu+state%3Afailed");
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_has(&answer.head, &["location: /jobs?q=tag%3aeu%20state%3afailed&did=save"]);
    assert_has(&answer.head, &["; path=/; ", "; httponly; samesite=lax"]);
    let kept = cookie(&answer);
    let page = jobs(at, "tag:eu", &kept);
    assert_has(
        &page,
        &["café &lt;b&gt;", "/jobs?q=tag%3Aeu%20state%3Afailed", "Remove the query café &lt;b&gt;"],
    );
    assert!(!jobs(at, "tag:eu", "").contains("Saved queries"), "another browser has none");
    let answer = send(at, &kept, "action=forget&name=caf%C3%A9+%3Cb%3E&q=tag%3Aeu");
    assert_has(&answer.head, &["location: /jobs?q=tag%3aeu&did=forget", "max-age=0"]);
    assert!(cookie(&answer).ends_with('='), "nothing is left: {}", answer.head);
}

#[tokio::test]
async fn what_cant_be_kept_is_refused_and_what_a_cookie_says_is_not_believed() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    for (form, why) in [
        ("action=save&name=x&q=colour:red", "can't be read at character 1"),
        ("action=save&name=&q=tag:eu", "can't be the name of a query"),
        ("action=save&name=x&q=", "has to have 1 to 300 characters"),
        ("action=burn&name=x&q=tag:eu", "There is no action `burn`"),
    ] {
        let answer = send(at, "", form);
        assert_eq!(answer.status, 400, "{form}");
        assert_has(&answer.body, &[why]);
        assert!(!answer.head.contains("set-cookie"), "{form}");
    }
    let unsigned = post(at, "/queries", "", "action=save&name=x&q=tag:eu");
    assert_eq!(unsigned.status, 403, "another page could have sent it");
    let port = at.port();
    for value in ["%3Cscript%3E-colour%3A%3Cscript%3E", "%FF-x", &"a-b.".repeat(2_000), "\"><script>"] {
        let page = jobs(at, "", &format!("boltjobs-queries_{port}={value}"));
        assert!(!page.contains("<script>") && !page.contains("Saved queries"), "{value}: {page}");
    }
    let others = jobs(at, "", "boltjobs-queries_1=a-tag%3Aeu");
    assert!(!others.contains("Saved queries"), "that of a dashboard on another port: {others}");
}
