//! Which columns a list of jobs has.

use std::net::SocketAddr;

use boltjobs_tests::{Bench, patiently};

use super::actions::{post, token};
use super::{HOSTILE, address, ask, assert_has, get, pay_with, shown};

/// Returns the titles of the columns of a list.
fn titles(page: &str) -> String {
    let titles = page.split("<th scope=\"col\">").skip(1).filter_map(|rest| rest.split('<').next());
    titles.collect::<Vec<_>>().join(",")
}

fn jobs(at: SocketAddr, cookie: &str) -> String {
    ask(at, &format!("GET /jobs HTTP/1.1\r\nHost: {at}\r\nCookie: {cookie}")).body
}

#[tokio::test]
async fn a_link_says_which_columns_a_list_has() {
    let bench = Bench::with(shown).await;
    bench
        .scope(async {
            let well = pay_with("well").enqueue().tag(HOSTILE).priority(7).await.unwrap();
            patiently(well.wait()).await.unwrap();
            let failed = pay_with("no money").enqueue().await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
        })
        .await;
    let at = address(&bench);
    assert_eq!(titles(&get(at, "/jobs").body), "Job,State,What,Since,Queue,Request,Attempts");
    let page = get(at, "/jobs?q=request:pay&columns=tags,priority,waited,ran,server,error,created,due").body;
    assert_eq!(titles(&page), "Job,Tags,Priority,Waited,Ran,Server,Error,Enqueued,Due");
    assert_has(
        &page,
        &["&lt;script&gt;", "<td data-label=\"Priority\">7</td>", bench.server.name(), "refused no money"],
    );
    assert!(!page.contains("<script>alert"), "{page}");
    // The other pages of the list have them, too.
    let named = "columns=tags%2Cpriority";
    assert!(page.matches(named).count() > 10, "{page}");
    let refused = get(at, "/jobs?columns=state,%3Cb%3E");
    assert_eq!(refused.status, 400);
    assert_has(&refused.body, &["There is no column `&lt;b&gt;`; use `state`, `what`, `why`, `since`"]);
}

#[tokio::test]
async fn a_browser_keeps_the_columns_that_were_chosen() {
    // Who only looks may, too.
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    bench.scope(async { patiently(pay_with("well").enqueue().await.unwrap().wait()).await.unwrap() }).await;
    let page = get(at, "/jobs?q=tag:eu").body;
    assert_has(&page, &["action=\"/columns\"", "value=\"state\" checked", "name=\"q\" value=\"tag:eu\""]);
    assert!(!page.contains("value=\"tags\" checked"), "{page}");
    let form = format!("token={}&q=tag%3Aeu&columns=state&columns=tags", token(at, "/jobs?q=tag:eu"));
    let answer = post(at, "/columns", "", &form);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_has(
        &answer.head,
        &["location: /jobs?q=tag%3aeu&columns=state%2ctags&did=columns", "; httponly; samesite=lax"],
    );
    let set = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = set.split(';').next().unwrap();
    assert_eq!(titles(&jobs(at, cookie)), "Job,State,Tags");
    let name = cookie.split('=').next().unwrap();
    assert_eq!(
        titles(&jobs(at, &format!("{name}=\"><script>"))),
        "Job,State,What,Since,Queue,Request,Attempts"
    );

    let none = format!("token={}&q=", token(at, "/jobs?q=tag:eu"));
    let answer = post(at, "/columns", "", &none);
    assert_has(&answer.head, &["location: /jobs?did=columns", "max-age=0"]);
    let unknown = format!("{none}&columns=colour");
    assert_eq!(post(at, "/columns", "", &unknown).status, 400);
    assert_eq!(post(at, "/columns", "", "columns=state").status, 403, "another page could have sent it");
}
