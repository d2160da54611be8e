//! Editing a recurring definition: by the form, and over JSON.

use std::net::SocketAddr;
use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs::{Misfire, Overlap};
use boltjobs_core::audit;
use boltjobs_core::recurring::{Definition, RecurringJob};
use boltjobs_tests::Bench;
use serde_json::Value;

use super::actions::{post, token};
use super::{Answer, Block, HOSTILE, address, assert_has, get, shown};

const FORM: &str = "/recurring/night%2Fly/edit";
const PLAIN: &str = "timezone=Europe%2FBerlin&misfire=Skip&overlap=Skip&jitter=30s";

async fn bench(role: DashboardRole) -> Bench {
    let bench = Bench::with(|builder| shown(builder).dashboard_role(role)).await;
    bench.scope(async { Block.recurring("night/ly", cron!("0 3 * * *")).await.unwrap() }).await;
    bench.clock.advance(Duration::from_secs(60));
    bench
}

async fn found(bench: &Bench) -> RecurringJob {
    bench.store.recurring_jobs().await.unwrap().remove(0)
}

/// Returns what a field of a page holds.
fn value<'a>(page: &'a str, name: &str) -> &'a str {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("the page has the field");
    rest.split('"').next().unwrap()
}

/// Opens the form and sends it with what is typed.
fn send(at: SocketAddr, action: &str, typed: &str) -> Answer {
    let seen = get(at, FORM).body;
    let seen = value(&seen, "seen").replace(':', "%3A");
    post(at, FORM, "", &format!("token={}&seen={seen}&action={action}&{typed}", token(at, FORM)))
}

fn json(at: SocketAddr, body: &str) -> (u16, Value) {
    let length = body.len();
    let head = format!(
        "POST /api/recurring/night%2Fly HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\nContent-Length: {length}"
    );
    let answer = super::send(at, &head, body);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[tokio::test]
async fn what_was_typed_is_shown_in_words_with_its_runs_and_then_saved() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let page = get(at, "/recurring/night%2Fly").body;
    assert_has(&page, &["href=\"/recurring/night%2Fly/edit\"", "at 03:00 every day"]);
    assert_has(&get(at, "/recurring").body, &["at 03:00 every day"]);
    let form = get(at, FORM).body;
    assert_eq!(
        (value(&form, "cron"), value(&form, "timezone"), value(&form, "ends_at")),
        ("0 3 * * *", "UTC", "")
    );
    assert_has(&form, &["<option value=\"FireOnce\" selected", "<option value=\"Allow\" selected"]);
    assert!(
        form.find("value=\"preview\"") < form.find("value=\"save\""),
        "Enter presses the first one: {form}"
    );

    let typed = format!(
        "cron=30+7+*+*+MON-FRI&{PLAIN}&starts_at=2026-03-27T00%3A00%3A00Z&ends_at=2026-04-01T12%3A00%3A00%2B02%3A00"
    );
    let page = send(at, "preview", &typed);
    assert_eq!(page.status, 200, "{}", page.body);
    assert_has(
        &page.body,
        &["at 07:30 on Monday to Friday", "Fri 2026-03-27 07:30:00 CET", "Mon 2026-03-30 07:30:00 CEST"],
    );
    assert_has(&page.body, &["Wed 2026-04-01 07:30:00 CEST", " go forward by 1h"]);
    assert!(!page.body.contains("2026-04-02 07:30"), "it ends before: {}", page.body);
    assert_eq!((value(&page.body, "cron"), value(&page.body, "jitter")), ("30 7 * * MON-FRI", "30s"));
    assert_has(&page.body, &["<option value=\"Skip\" selected"]);
    assert_eq!(found(&bench).await.definition.cron.as_str(), "0 3 * * *");

    let before = found(&bench).await;
    let answer = send(at, "save", &typed);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_has(&answer.head, &["location: /recurring/night%2fly?did=edit"]);
    assert_has(
        &get(at, "/recurring/night%2Fly?did=edit").body,
        &["It was changed;", "at 07:30 on Monday to Friday"],
    );
    let after = found(&bench).await;
    let Definition { misfire, overlap, jitter, starts_at, ends_at, spec, .. } = after.definition;
    assert_eq!((misfire, overlap, jitter), (Misfire::Skip, Overlap::Skip, Duration::from_secs(30)));
    let instants = [starts_at, ends_at].map(|at| at.unwrap().to_string());
    assert_eq!(instants, ["2026-03-27T00:00:00Z", "2026-04-01T10:00:00Z"]);
    assert_eq!((spec, after.created_at), (before.definition.spec, before.created_at));
    let entry = &audit::read(&*bench.store, None, 9).await.unwrap().entries[0];
    assert_eq!((&*entry.action, &*entry.target, entry.done), ("edit", "recurring definition night/ly", true));
    let changed: Vec<_> =
        entry.changes.iter().map(|it| (&*it.field, it.before.as_deref(), it.after.as_deref())).collect();
    assert_eq!(
        changed[..3],
        [
            ("cron", Some("0 3 * * *"), Some("30 7 * * MON-FRI")),
            ("timezone", Some("UTC"), Some("Europe/Berlin")),
            ("misfire", Some("FireOnce"), Some("Skip")),
        ]
    );
    assert!(changed.contains(&("jitter", None, Some("30s"))), "{changed:?}");

    let again = send(at, "save", &typed);
    assert_has(&again.head, &["did=nothing"]);
    let typed = "cron=@daily&timezone=UTC&misfire=FireAll&misfire_at_most=7&overlap=CancelPrevious&jitter=&starts_at=&ends_at=";
    assert_eq!(send(at, "save", typed).status, 303);
    let it = found(&bench).await.definition;
    assert_eq!((it.misfire, it.overlap), (Misfire::FireAll { at_most: 7 }, Overlap::CancelPrevious));
    assert_eq!((it.jitter, it.starts_at, it.ends_at), (Duration::ZERO, None, None));
}

#[tokio::test]
async fn what_becomes_of_runs_where_clocks_change_is_chosen_and_seen() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let typed = |dst: &str| format!("cron=30+2+28-30+3+*&{PLAIN}&dst={dst}&starts_at=&ends_at=");
    for (dst, says) in [("OncePerDay", "Sun 2026-03-29 03:00:00 CEST"), ("SkipGap", "Sun 2027-03-28")] {
        let page = send(at, "preview", &typed(dst));
        assert_eq!((page.status, page.body.contains(says)), (200, dst == "OncePerDay"), "{}", page.body);
        assert_has(&page.body, &[&format!("<option value=\"{dst}\" selected")]);
    }
    assert_eq!(send(at, "save", &typed("Elapsed")).status, 303);
    assert_eq!(found(&bench).await.definition.dst, Dst::Elapsed);
    let entry = &audit::read(&*bench.store, None, 9).await.unwrap().entries[0];
    let change = entry.changes.iter().find(|it| it.field == "dst").unwrap();
    assert_eq!((change.before.as_deref(), change.after.as_deref()), (Some("OncePerDay"), Some("Elapsed")));
    // Whoever's form does not have the field leaves it.
    assert_eq!(send(at, "save", &format!("cron=@daily&{PLAIN}")).status, 303);
    assert_eq!(found(&bench).await.definition.dst, Dst::Elapsed);
    assert_has(
        &send(at, "preview", &typed("Never")).body,
        &["there is no <code>Never</code>; use <code>OncePerDay</code>"],
    );
}

#[tokio::test]
async fn what_can_not_be_read_is_told_beside_its_field_and_kept() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let before = found(&bench).await;
    let typed = "cron=0+24+*+*+*&timezone=Oslo&misfire=FireAll&misfire_at_most=many&overlap=Best&jitter=5&starts_at=soon&ends_at=";
    for action in ["preview", "save"] {
        let page = send(at, action, typed);
        assert_eq!(page.status, 400);
        let whys = [
            ("cron", "invalid hour `24` in cron `0 24 * * *`; write 0 to 23"),
            ("timezone", "did you mean `Europe/Oslo`?"),
            ("misfire_at_most", "as in `10`, and not `many`"),
            ("overlap", "there is no `Best`; use `Allow`"),
            ("jitter", "add a unit"),
            ("starts_at", "write an instant, as in `2026-01-31T09:00:00Z`, and not `soon`"),
        ];
        for (field, why) in whys {
            let told = page
                .body
                .split(&format!("id=\"edit-{field}-why\">"))
                .nth(1)
                .expect("it is told beside the field");
            let told = told.split("</p>").next().unwrap().replace("<code>", "`").replace("</code>", "`");
            assert!(told.contains(why), "{field}: {told}");
        }
        assert_eq!((value(&page.body, "cron"), value(&page.body, "starts_at")), ("0 24 * * *", "soon"));
        assert_eq!((value(&page.body, "jitter"), value(&page.body, "misfire_at_most")), ("5", "many"));
        assert!(!page.body.contains("Next runs"), "{}", page.body);
    }
    for (typed, why) in [
        ("misfire=FireAll&misfire_at_most=0&overlap=Allow", "with 0 none would be made up for"),
        (
            "misfire=Skip&overlap=Allow&starts_at=2030-01-01T00:00:00Z&ends_at=2029-01-01T00:00:00Z",
            "it would end before it starts",
        ),
    ] {
        let page = send(at, "save", &format!("cron=@daily&timezone=UTC&{typed}"));
        assert_eq!(page.status, 400);
        assert_has(&page.body, &[why]);
    }
    let hostile: String = HOSTILE.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let page = send(
        at,
        "preview",
        &format!("cron={hostile}&timezone={hostile}&misfire=Skip&overlap=Skip&ends_at={hostile}"),
    );
    assert!(!page.body.contains("<script>") && !page.body.contains("<img"), "{}", page.body);
    assert_eq!(found(&bench).await, before);
}

#[tokio::test]
async fn what_others_have_changed_meanwhile_is_told_before_it_is_saved_over() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let seen = value(&get(at, FORM).body, "seen").replace(':', "%3A");
    bench.client().recurring("night/ly").edit().cron("0 5 * * *").await.unwrap();
    let form = |seen: &str| format!("token={}&seen={seen}&action=save&cron=@weekly&{PLAIN}", token(at, FORM));
    let page = post(at, FORM, "", &form(&seen));
    assert_eq!(page.status, 409);
    assert_has(
        &page.body,
        &["Nothing was saved: it was changed", "<code>0 5 * * *</code>", "value=\"@weekly\""],
    );
    assert_eq!(found(&bench).await.definition.cron.as_str(), "0 5 * * *");
    assert!(!audit::read(&*bench.store, None, 9).await.unwrap().entries[0].done);
    // The page that says so has seen it.
    let seen = value(&page.body, "seen").replace(':', "%3A");
    assert_eq!(post(at, FORM, "", &form(&seen)).status, 303);
    assert_eq!(found(&bench).await.definition.cron.as_str(), "@weekly");
}

#[tokio::test]
async fn a_definition_that_the_code_declares_says_where_it_is_changed() {
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let seen = get(at, FORM).body;
    let (seen, token) = (value(&seen, "seen").replace(':', "%3A"), token(at, FORM));
    let declared = Definition { declared_by: Some("reports".into()), ..found(&bench).await.definition };
    bench.store.put_recurring(declared, bench.clock_now()).await.unwrap();
    let before = found(&bench).await;
    let page = get(at, FORM);
    assert_eq!(page.status, 200);
    assert_has(&page.body, &["declared by the crate <code>reports</code>", "<code>block</code>"]);
    assert!(!page.body.contains("name=\"cron\""), "{}", page.body);
    let answer = post(at, FORM, "", &format!("token={token}&seen={seen}&action=save&cron=@weekly&{PLAIN}"));
    assert_eq!(answer.status, 409);
    assert_has(&answer.body, &["declared by the crate <code>reports</code>"]);
    let (status, value) = json(at, r#"{"action":"edit","cron":"@weekly"}"#);
    assert_eq!((status, value["error"].as_str().unwrap().contains("crate `reports`")), (409, true));
    assert_eq!(found(&bench).await, before);
}

#[tokio::test]
async fn readers_have_no_form_and_over_json_only_what_is_named_changes() {
    let reading = bench(DashboardRole::Read).await;
    let at = address(&reading);
    assert!(!get(at, "/recurring/night%2Fly").body.contains("/edit"));
    assert_eq!(get(at, FORM).status, 403);
    let bench = bench(DashboardRole::Operate).await;
    let at = address(&bench);
    let before = found(&bench).await.definition;
    let (status, value) =
        json(at, r#"{"action":"edit","timezone":"Europe/Oslo","ends_at":"2030-01-01T00:00:00Z"}"#);
    assert_eq!((status, &value["done"]), (200, &true.into()));
    let after = found(&bench).await.definition;
    assert_eq!((after.zone.as_str(), after.ends_at.is_some()), ("Europe/Oslo", true));
    assert_eq!(Definition { zone: before.zone.clone(), ends_at: None, ..after }, before);
    let calls = [
        (r#"{"action":"edit","ends_at":null,"misfire":"FireAll","misfire_at_most":9}"#, 200, ""),
        (r#"{"action":"edit","misfire_at_most":3,"jitter_seconds":0.25}"#, 200, ""),
        (r#"{"action":"edit","cron":"0 24 * * *","overlap":"No"}"#, 400, "`cron`: invalid hour `24`"),
        (r#"{"action":"edit","starts_at":"soon"}"#, 400, "`starts_at`: write an instant"),
        (
            r#"{"action":"edit","starts_at":"2030-01-01T00:00:00Z","ends_at":"2029-01-01T00:00:00Z"}"#,
            400,
            "`ends_at`",
        ),
        (
            r#"{"action":"edit","misfire":"Skip","misfire_at_most":3}"#,
            400,
            "it is for `FireAll`, and not for `Skip`",
        ),
        (r#"{"action":"edit","jitter_seconds":-1}"#, 400, "`jitter_seconds`"),
        (r#"{"action":"edit","dst":"Never"}"#, 400, "`dst`: there is no `Never`; use `OncePerDay`"),
        (r#"{"action":"edit","dst":"SkipGap"}"#, 200, ""),
        (r#"{"action":"edit","payload":{}}"#, 400, "unknown field `payload`"),
        (r#"{"action":"pause","cron":"@daily"}"#, 400, "`cron` is for `edit`, and not for `pause`"),
        (
            r#"{"action":"edit","cron":"@weekly","updated_at":"2026-01-01T00:00:00Z"}"#,
            409,
            "it was changed at",
        ),
    ];
    for (body, expected, why) in calls {
        let (status, value) = json(at, body);
        assert_eq!(status, expected, "{body}: {value}");
        assert!(value["error"].as_str().unwrap_or_default().contains(why), "{body}: {value}");
    }
    let it = found(&bench).await.definition;
    assert_eq!((it.misfire, it.jitter), (Misfire::FireAll { at_most: 3 }, Duration::from_millis(250)));
    assert_eq!((it.cron.as_str(), it.ends_at, it.starts_at), ("0 3 * * *", None, None));
}
