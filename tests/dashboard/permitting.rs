//! What an app says of each action, beyond the roles.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use boltjobs::prelude::*;
use boltjobs::{DashboardIdentity, DashboardRole};
use boltjobs_tests::Bench;

use super::access::{bearer, guarded, is_json, request};
use super::table::{For, TABLE};
use super::{Block, HOUR, address, assert_has, pay_with};

const ADMINISTER: &str = "administer-0123456789abcdef";

async fn bench(permit: impl Fn(&DashboardIdentity, &str, &str) -> bool + Send + Sync + 'static) -> Bench {
    let bench = Bench::with(|builder| guarded(builder).dashboard_permit(permit)).await;
    bench.scope(async { Block.recurring("x", Cron::daily()).await.unwrap() }).await;
    bench
}

#[tokio::test]
async fn the_app_is_asked_about_everything_that_a_role_may_do_and_what_it_denies_is_not_done() {
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let heard = Arc::clone(&asked);
    let bench = bench(move |who, action, target| {
        assert_eq!(who.name(), "administer");
        heard.lock().unwrap().insert((action.to_owned(), target.to_owned()));
        false
    })
    .await;
    let at = address(&bench);
    let acts = TABLE.iter().filter(|(_, asked, _, may, _)| {
        asked.starts_with("POST") && matches!(may, For::Role(role) if *role > DashboardRole::Read)
    });
    for (_, path, form, _, ok) in acts {
        let answer = request(at, path, "localhost", &bearer(ADMINISTER), form);
        // What is not there, or was not seen as it is, is told before anybody is asked.
        let refused = answer.status == 403 || [404, 409].contains(ok) && answer.status == *ok;
        assert!(refused, "{path} {form}: {} {}", answer.status, answer.body);
        if answer.status == 403 {
            assert_has(&answer.body, &["The app does not let `administer` "]);
            assert_eq!(answer.head.contains("application/json"), is_json(form), "{path}");
        }
    }
    let asked = asked.lock().unwrap().clone();
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (action, target) in [
        ("requeue", format!("job {id}")),
        ("delete", format!("job {id}")),
        ("trigger", "recurring definition y".to_owned()),
        ("pause", "recurring definition y".to_owned()),
        ("resume", "recurring definition y".to_owned()),
        ("remove", "recurring definition y".to_owned()),
        ("edit", "recurring definition x".to_owned()),
        ("backfill", "recurring definition x".to_owned()),
        ("pause", "queue x".to_owned()),
        ("resume", "queue x".to_owned()),
        ("limit", "queue x".to_owned()),
        ("unlimit", "queue x".to_owned()),
        ("limit", "request x".to_owned()),
        ("unlimit", "request x".to_owned()),
        ("silence", "check `no queue grows`".to_owned()),
        ("unsilence", "failure 0123456789abcdef".to_owned()),
        ("cancel", format!("batch {id}")),
        ("run", "demo".to_owned()),
        ("fail", "demo".to_owned()),
        ("delete", "jobs that match `queue:none`".to_owned()),
    ] {
        assert!(asked.contains(&(action.to_owned(), target.clone())), "{action} {target}: {asked:?}");
    }
    let queues = bench.store.queues(bench.clock_now()).await.unwrap();
    assert!(queues.iter().all(|queue| queue.paused_since.is_none() && queue.set.is_none()), "{queues:?}");
    let recurring = bench.store.recurring_jobs().await.unwrap();
    assert!(recurring.len() == 1 && recurring[0].runs.is_empty() && !recurring[0].paused, "{recurring:?}");
}

#[tokio::test]
async fn a_button_for_what_the_app_denies_is_not_there_and_others_are() {
    let bench = bench(|who, action, target| {
        who.name() == "administer" && (action, target) != ("pause", "queue payments") && action != "edit"
    })
    .await;
    let at = address(&bench);
    let job = bench
        .scope(async {
            pay_with("x").schedule_in(HOUR).queue("payments").await.unwrap();
            pay_with("x").schedule_in(HOUR).queue("mail").await.unwrap().id()
        })
        .await;
    let shown =
        |token: &str, path: &str| request(at, &format!("GET {path}"), "localhost", &bearer(token), "").body;
    let page = shown(ADMINISTER, "/queues");
    assert!(
        page.contains("action=\"/queues/mail\"") && !page.contains("action=\"/queues/payments\""),
        "{page}"
    );
    let page = shown(ADMINISTER, "/recurring/x");
    assert!(
        page.contains(">Run now</button>")
            && page.contains("Backfill…")
            && !page.contains("/recurring/x/edit"),
        "{page}"
    );
    let path = format!("/jobs/{job}");
    assert!(shown(ADMINISTER, &path).contains(">Run now</button>"));
    assert!(!shown("operate-0123456789abcdef", &path).contains(">Run now</button>"), "it is somebody else");
    let answer = request(at, "POST /queues/payments", "localhost", &bearer(ADMINISTER), "action=pause");
    assert_has(&answer.body, &["The app does not let `administer` pause queue payments; nothing was done."]);
    assert_eq!(
        request(at, "POST /queues/mail", "localhost", &bearer(ADMINISTER), "action=pause").status,
        303
    );
}
