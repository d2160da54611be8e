//! The pages beside the first one and that of a job.

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};

use super::{Block, HOSTILE, HOUR, Orphan, address, ask, assert_has, get, pay_with, shown};

/// Notes what it does.
#[request(name = "import", response = u64)]
#[derive(Debug)]
pub struct Import;

#[handler]
async fn import(_: Import, ctx: JobContext) -> JobResult<u64> {
    let rows = ctx.step("load <rows>", || async { Ok(7_u64) }).await?;
    ctx.progress(40, "loaded <b>");
    let bar = ctx.progress_bar("rows", rows);
    bar.inc(3);
    Ok(rows * 6)
}

/// Returns the links of a page that hold a text.
fn links(page: &str, part: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter(|link| link.contains(part)).map(|link| link.replace("&amp;", "&")).collect()
}

#[tokio::test]
async fn jobs_are_found_by_what_is_typed() {
    let bench = Bench::with(shown).await;
    let failed = bench
        .scope(async {
            let failed = pay_with("no money").enqueue().tag("eu").await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            pay_with("later").schedule_in(HOUR).queue("two-words").await.unwrap();
            Orphan.enqueue().await.unwrap();
            failed
        })
        .await;
    let at = address(&bench);
    let all = get(at, "/jobs");
    assert_eq!(all.status, 200);
    assert_has(
        &all.body,
        &["All <span class=\"count\">3</span>", "Pay no money", "Pay later", "refused no money"],
    );
    for (query, found) in [
        ("state%3Afailed", "Pay no money"),
        ("request:pay%20tag:eu", "Pay no money"),
        ("refused+no+MONEY", "Pay no money"),
        ("queue%3A%22two-words%22", "Pay later"),
        (&failed.id().to_string(), "Pay no money"),
    ] {
        let page = get(at, &format!("/jobs?q={query}")).body;
        assert_has(&page, &[found]);
        assert_eq!(page.matches("<tr>").count(), 2, "more than one job is found by {query}: {page}");
    }
    let page = get(at, "/jobs?q=tag:eu+state:deleted").body;
    assert_has(
        &page,
        &[
            "Nothing matches.",
            "Leave out <code>tag:eu</code></a>: 0 jobs",
            "Leave out <code>state:deleted</code></a>: 1 job<",
        ],
    );
    assert_eq!(links(&page, "q=tag%3Aeu").len(), 2, "all states, and without the states: {page}");
    let refused = get(at, "/jobs?q=tag:eu+colour:%3Cb%3E");
    assert_eq!(refused.status, 400);
    assert_has(
        &refused.body,
        &["at character 8: there is no key `colour`", "&lt;b&gt;", "value=\"tag:eu colour:&lt;b&gt;\""],
    );
}

#[tokio::test]
async fn a_long_list_has_pages_that_lead_to_all_of_it() {
    let bench = Bench::with(shown).await;
    bench.scope(async { Orphan::enqueue_all((0..120).map(|_| Orphan)).await.unwrap() }).await;
    let at = address(&bench);
    for order in ["newest", "oldest"] {
        let (mut found, mut next) =
            (std::collections::BTreeSet::new(), format!("/jobs?q=state:enqueued&order={order}"));
        for rows in [50, 50, 20] {
            let page = get(at, &next).body;
            let jobs = links(&page, "/jobs/");
            assert_eq!(jobs.len(), rows, "{next}");
            found.extend(jobs);
            let further = page.split("rel=\"next\"").nth(1).map(|rest| links(rest, "after=").remove(0));
            next = further.unwrap_or_default();
        }
        assert_eq!((found.len(), &*next), (120, ""), "{order}");
    }
    assert_eq!(links(&get(at, "/jobs?size=20").body, "/jobs/").len(), 20);
    for (illegal, status) in [("size=51", 400), ("order=best", 400), ("after=x", 404)] {
        assert_eq!(get(at, &format!("/jobs?{illegal}")).status, status, "{illegal}");
    }
}

#[tokio::test]
async fn a_job_shows_what_it_noted_and_returned() {
    let bench = Bench::with(shown).await;
    let job = bench
        .scope(async {
            let job = Import.enqueue().await.unwrap();
            assert_eq!(patiently(job.wait()).await.unwrap(), 42);
            job
        })
        .await;
    let page = get(address(&bench), &format!("/jobs/{}", job.id())).body;
    assert_has(
        &page,
        &["load &lt;rows&gt;", "40 % loaded &lt;b&gt;", "rows: 3 of 7", "<h2>Result</h2><pre>42</pre>"],
    );
    assert!(!links(&page, "/jobs?q=request%3Aimport").is_empty(), "{page}");
}

#[tokio::test]
async fn a_job_is_copied_as_json_and_as_a_command() {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(DashboardRole::Operate)).await;
    let job = bench
        .scope(async {
            let job = pay_with("</code><b>").enqueue().await.unwrap();
            patiently(job.wait()).await.unwrap_err();
            job.id()
        })
        .await;
    let at = address(&bench);
    let page = get(at, &format!("/jobs/{job}")).body;
    let (_, told) = page.split_once("Copy as JSON").unwrap();
    assert_has(
        told,
        &["&quot;card&quot;: &quot;***&quot;", "&quot;note&quot;: &quot;&lt;/code&gt;&lt;b&gt;&quot;"],
    );
    assert!(!page.contains("s3cret") && !page.contains("</code><b>"), "{page}");
    let look = format!("curl 'http://{at}/api/jobs/{job}'");
    let requeue =
        r#"-d '{&quot;action&quot;:&quot;requeue&quot;,&quot;expected&quot;:[&quot;Failed&quot;]}'"#;
    assert_has(told, &[&format!("<code data-as=\"curl\">{look}</code>"), requeue]);
    // Only what stands in the page is asked for, whatever the request said.
    let strange = ask(at, &format!("GET /jobs/{job} HTTP/1.1\r\nHost: localhost:1")).body;
    assert_has(&strange, &[&format!("curl 'http://localhost:1/api/jobs/{job}'")]);
    let known =
        Bench::with(|builder| shown(builder).dashboard_token(DashboardRole::Read, "read-0123456789abcdef"))
            .await;
    let at = address(&known);
    let job = known.scope(async { pay_with("later").schedule_in(HOUR).await.unwrap().id() }).await;
    let head =
        format!("GET /jobs/{job} HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer read-0123456789abcdef");
    let page = ask(at, &head).body;
    assert_has(&page, &["curl -H &quot;Authorization: Bearer $TOKEN&quot; 'http://"]);
    assert!(!page.contains("read-0123456789abcdef") && !page.contains("This requeues it"), "{page}");
}

#[tokio::test]
async fn a_payload_is_shown_as_the_code_that_makes_it() {
    let bench = Bench::with(shown).await;
    let (job, orphan) = bench
        .scope(async { (pay_with("<b>").enqueue().await.unwrap(), Orphan.enqueue().await.unwrap()) })
        .await;
    let at = address(&bench);
    let page = get(at, &format!("/jobs/{}", job.id())).body;
    let code = "Pay {\n    note: &quot;&lt;b&gt;&quot;.into(),\n    card: •••,\n}</code>";
    let test = "async fn pay_succeeds(jobs: boltjobs::testing::TestJobs) {\n    // What is sensitive is hidden; \
        it compiles once there are values in its place.\n    let request = Pay {\n        note: ";
    assert_has(&page, &[code, test, "&quot;card&quot;: &quot;***&quot;"]);
    // Nobody who is there knows its type.
    let page = get(at, &format!("/jobs/{}", orphan.id())).body;
    assert_has(
        &page,
        &["// Guessed from the JSON of `orphan`, as no server that is there handles it.\nOrphan</code>"],
    );
}

#[tokio::test]
async fn a_recurring_definition_shows_its_next_and_its_latest_runs() {
    let bench = Bench::with(shown).await;
    bench
        .scope(async {
            Block.recurring("night/ly", cron!("0 3 * * *")).timezone("Europe/Berlin").await.unwrap();
            Block.recurring("paused", cron!("0 4 * * *")).await.unwrap();
        })
        .await;
    bench.client().recurring("paused").pause().await.unwrap();
    let job = bench.client().recurring("paused").trigger().await.unwrap().unwrap();
    let at = address(&bench);
    let page = get(at, "/recurring").body;
    assert_has(&page, &["night/ly", "0 3 * * *", "Europe/Berlin", "paused", "in 2h"]);
    assert_eq!(links(&page, "/recurring/night%2Fly").len(), 1);
    let page = get(at, "/recurring/night%2Fly").body;
    // The clock of these tests begins with 2026.
    assert_has(
        &page,
        &["Thu 2026-01-01 03:00:00 CET", "2026-01-01T02:00:00Z", "Sat 2026-01-10 03:00:00 CET"],
    );
    let page = get(at, "/recurring/paused").body;
    assert_has(&page, &["by hand", &format!("/jobs/{job}")]);
    assert_eq!(get(at, "/recurring/none").status, 404);
}

#[tokio::test]
async fn a_run_says_where_the_clocks_are_changed() {
    let bench = Bench::with(shown).await;
    // In 2026 summer time begins there on March 29th and ends on October 25th.
    for (id, days, mark) in
        [("spring", 85, "go forward by 1h before it"), ("autumn", 210, "go back by 1h before it")]
    {
        bench.clock.advance(HOUR * 24 * days);
        bench
            .scope(async { Block.recurring(id, cron!("0 3 * * *")).timezone("Europe/Berlin").await.unwrap() })
            .await;
        let page = get(address(&bench), &format!("/recurring/{id}")).body;
        assert_eq!(page.matches("before it").count(), 1, "{page}");
        assert_has(&page, &[mark]);
    }
}

#[tokio::test]
async fn queues_and_servers_have_pages_of_their_own() {
    let bench = Bench::with(|builder| shown(builder).queues([Queue::new("mail").concurrency(7)])).await;
    bench
        .scope(async {
            for _ in 0..3 {
                pay_with("x").enqueue().queue("a-b").await.unwrap();
            }
        })
        .await;
    bench.client().queue("mail").pause().await.unwrap();
    let at = address(&bench);
    let page = get(at, "/queues").body;
    assert_has(&page, &["mail", "paused", "data-label=\"Limit\">7</td>"]);
    let link = links(&page, "state%3Aenqueued%20queue%3Aa-b").remove(0);
    assert_eq!(links(&get(at, &link).body, "/jobs/").len(), 3);
    let page = get(at, "/servers").body;
    assert_has(&page, &[bench.server.name(), "<code>pay</code>", "version 1"]);
}

#[tokio::test]
async fn no_page_lets_out_secrets_or_markup() {
    let bench = Bench::with(shown).await;
    bench
        .scope(async {
            let job = pay_with(HOSTILE).enqueue().tag(HOSTILE).await.unwrap();
            patiently(job.wait()).await.unwrap_err();
            pay_with(HOSTILE).recurring(HOSTILE, Cron::daily()).await.unwrap();
        })
        .await;
    bench.store.pause(HOSTILE.into(), true, bench.clock_now()).await.unwrap();
    let at = address(&bench);
    let mut paths = vec!["/jobs".to_owned(), "/recurring".to_owned(), "/queues".to_owned()];
    paths.extend(links(&get(at, "/recurring").body, "/recurring/%"));
    paths.extend(links(&get(at, "/queues").body, "/queues/%3C"));
    assert!(paths.len() > 4, "{paths:?}");
    for path in paths {
        let answer = get(at, &path);
        assert_eq!(answer.status, 200, "{path}");
        assert_has(&answer.body, &["&lt;script&gt;"]);
        for part in ["<script>", "<img", "s3cret"] {
            assert!(!answer.body.contains(part), "`{part}` is in {path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn each_page_says_that_the_store_fails() {
    let bench = Bench::with(shown).await;
    bench.store.close().await.unwrap();
    for path in ["/jobs", "/recurring", "/recurring/x", "/queues", "/servers"] {
        let answer = get(address(&bench), path);
        assert_eq!(answer.status, 503, "{path}");
        assert_has(&answer.body, &["the store is closed", "href=\"/queues\""]);
    }
}

#[tokio::test]
async fn the_pages_can_be_nested_in_an_app_of_ones_own() {
    let bench = Bench::start().await;
    let app = axum::Router::new().nest(
        "/admin/jobs",
        boltjobs_dashboard::Dashboard::new(bench.store.clone(), bench.clock.clone()).router().unwrap(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let service = app.clone().into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    // Nobody tells where a request comes from.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let untold = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    for (path, kind) in [("/admin/jobs", "text/html"), ("/admin/jobs/api/jobs", "application/json")] {
        let answer = tokio::task::spawn_blocking(move || get(untold, path)).await.unwrap();
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert_has(&answer.head, &[kind]);
        assert_has(&answer.body, &["adds `token` or `authorize`", "into_make_service_with_connect_info"]);
    }
    let probe = tokio::task::spawn_blocking(move || get(untold, "/admin/jobs/healthz")).await.unwrap();
    assert_eq!(probe.status, 200, "a probe may come from anywhere");
    for path in ["/admin/jobs", "/admin/jobs/jobs", "/admin/jobs/queues", "/admin/jobs/nowhere"] {
        let answer = tokio::task::spawn_blocking(move || get(at, path)).await.unwrap();
        assert_has(&answer.body, &["href=\"/admin/jobs/assets/style-", "href=\"/admin/jobs/servers\""]);
    }
    let style = tokio::task::spawn_blocking(move || {
        ask(at, &format!("GET /admin/jobs/assets/style-0.css HTTP/1.1\r\nHost: {at}"))
    });
    assert_eq!(style.await.unwrap().status, 200);
}
