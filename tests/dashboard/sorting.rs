//! Small tables in the order of a column.

use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};

use super::{Block, HOUR, address, assert_has, get, pay_with, shown};

/// Says whether the parts stand on a page in this order.
#[track_caller]
fn assert_order(page: &str, parts: &[&str]) {
    let body = page.split("<tbody>").nth(1).expect("there is a table");
    let places: Vec<_> = parts.iter().map(|part| body.find(part)).collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{parts:?} are at {places:?} in {page}"
    );
}

#[tokio::test]
async fn queues_definitions_failures_batches_and_servers_are_sorted_by_a_link() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    bench
        .scope(async {
            for (queue, jobs) in [("a", 1), ("b", 3), ("c", 2)] {
                for _ in 0..jobs {
                    pay_with("x").schedule_in(HOUR).queue(queue).await.unwrap();
                }
            }
            for (note, jobs) in [("no money", 1), ("no account", 2)] {
                for _ in 0..jobs {
                    patiently(pay_with(note).enqueue().await.unwrap().wait()).await.unwrap_err();
                }
                Batch::new(note).extend((0..jobs).map(|_| pay_with("well"))).submit().await.unwrap();
            }
            Block.recurring("late", cron!("0 9 * * *")).await.unwrap();
            Block.recurring("soon", cron!("0 3 * * *")).await.unwrap();
        })
        .await;
    for (path, parts) in [
        ("/queues?sort=-scheduled", &["/queues/b\"", "/queues/c\"", "/queues/a\""][..]),
        ("/queues?sort=scheduled", &["/queues/a\"", "/queues/c\"", "/queues/b\""]),
        ("/queues?sort=-name", &["/queues/c\"", "/queues/b\"", "/queues/a\""]),
        ("/failures?sort=-failed", &["no account", "no money"]),
        ("/failures?sort=failed", &["no money", "no account"]),
        ("/recurring", &["/recurring/late", "/recurring/soon"]),
        ("/recurring?sort=next", &["/recurring/soon", "/recurring/late"]),
        ("/batches?sort=-jobs", &["no account", "no money"]),
        ("/batches?sort=jobs", &["no money", "no account"]),
        ("/servers?sort=-busy", &[bench.server.name()]),
    ] {
        assert_order(&get(at, path).body, parts);
    }
    let page = get(at, "/queues?sort=-scheduled").body;
    assert_has(&page, &["aria-sort=\"descending\"><a href=\"/queues?sort=scheduled\">Scheduled ↓</a>"]);
    assert_has(&page, &["<th scope=\"col\"><a href=\"/queues?sort=-failed\">Failed</a>"]);
    for path in ["/queues", "/servers", "/failures", "/recurring", "/batches"] {
        let refused = get(at, &format!("{path}?sort=%3Cb%3E"));
        assert_eq!(refused.status, 400, "{path}");
        assert_has(&refused.body, &["There is no order `&lt;b&gt;`; use `"]);
    }
    assert!(!get(at, "/").body.contains("sort="), "the first page lists the first ones only");
}
