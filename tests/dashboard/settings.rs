//! What stands around every page, as the app has it, and what there is to know of the dashboard itself.

use std::sync::Arc;

use boltjobs::{DashboardRole, Error, Keep, MemoryStore, Retention, Store};
use boltjobs_tests::{Bench, patiently};

use super::actions::{post, token};
use super::{HOUR, address, ask, assert_has, get, pay_with, shown};

#[tokio::test]
async fn the_settings_say_what_this_is_and_who_looks_at_it() {
    let bench = Bench::with(|builder| {
        let keep = Retention::default().succeeded(Keep::for_age(HOUR).at_most(7)).failed(Keep::forever());
        let builder = shown(builder).retention(keep).dashboard_query("Refused", "state:failed");
        builder.dashboard_role(DashboardRole::Operate)
    })
    .await;
    let at = address(&bench);
    let page = get(at, "/settings").body;
    assert_has(
        &page,
        &[
            &format!("boltjobs {}", env!("CARGO_PKG_VERSION")),
            "<code>memory</code>",
            "You are <strong>anybody</strong>, as everybody is",
            "operate <span class=\"badge\">yours</span>",
            "<td>1h</td><td>7</td>",
            "<td>ever</td><td>any number</td>",
            "for everybody: Refused",
            "href=\"/audit\">Audit: who did what",
            "aria-current=\"page\" data-go=\"e\"",
        ],
    );
    let form = format!("token={}&theme=dark&zone=", token(at, "/settings"));
    let kept = post(at, "/settings", "", &form);
    assert_eq!(kept.status, 303);
    assert_has(
        &kept.head,
        &[
            "location: /settings?did=settings",
            "set-cookie: boltjobs-theme=dark; path=/; max-age=31536000; samesite=strict",
            "set-cookie: boltjobs-zone=; path=/; max-age=0",
        ],
    );
    let dark = ask(at, &format!("GET /settings HTTP/1.1\r\nHost: {at}\r\nCookie: boltjobs-theme=dark")).body;
    assert_has(&dark, &["<option value=\"dark\" selected>Dark</option>"]);
    let wrong = post(at, "/settings", "", &format!("token={}&theme=pink", token(at, "/settings")));
    assert_eq!(wrong.status, 400);
    assert_has(&wrong.body, &["`theme` is one of `light`, `dark`, or nothing."]);
}

#[tokio::test]
async fn the_rail_counts_what_somebody_may_want_to_look_at() {
    let bench = Bench::with(shown).await;
    bench
        .scope(async {
            patiently(pay_with("no money").enqueue().await.unwrap().wait()).await.unwrap_err();
            bench.client().queue("slow").pause().await.unwrap();
            for _ in 0..3 {
                pay_with("later").enqueue().queue("slow").await.unwrap();
            }
        })
        .await;
    let page = get(address(&bench), "/servers").body;
    for (id, number, what) in [("jobs", 3, "enqueued"), ("failures", 1, "failed")] {
        let title = format!("title=\"{number} {what}\"");
        assert_has(&page, &[&format!("id=\"badge-{id}\" data-live {title}>{number}</span>")]);
    }
    assert_has(&page, &["id=\"badge-retries\" data-live title=\"0 wait for a retry\"></span>"]);
    let footer = page.split("<footer>").nth(1).unwrap();
    assert_has(footer, &["As of <time", "store <code>memory</code>, made in 0s."]);
    // Whatever changes by itself is not read out.
    let first = get(address(&bench), "/").body;
    let said: Vec<_> = first.split("aria-live=\"").skip(1).collect();
    assert_eq!(said.len(), 1, "{first}");
    assert!(first.contains("\" aria-live=\"polite\"><svg"), "{first}");
}

#[tokio::test]
async fn an_app_gives_the_pages_its_name_and_a_way_back() {
    let bench = Bench::with(|builder| {
        let builder = shown(builder).dashboard_title("Acme <jobs>").dashboard_home("/admin?a=1&b=2");
        builder.dashboard_environment("prod-eu").dashboard_environment_colour("green")
    })
    .await;
    let page = get(address(&bench), "/queues").body;
    assert_has(
        &page,
        &[
            "<title>Queues · Acme &lt;jobs&gt;</title>",
            "<span>Acme &lt;jobs&gt;</span>",
            "<span class=\"environment green\">prod-eu</span>",
            "href=\"/admin?a=1&amp;b=2\"",
            "Back to the app",
        ],
    );
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let builder = shown(boltjobs::builder().store(store)).dashboard_home("javascript:alert(1)");
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, Error::Startup(_)), "{error}");
    assert_has(&error.to_string(), &["is no address; begin with `https://`"]);
}
