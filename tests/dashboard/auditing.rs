//! Who did what: found, and taken away as a file.

use std::time::Duration;

use boltjobs::DashboardRole;
use boltjobs::prelude::*;
use boltjobs_core::audit::{self, AuditEntry};
use boltjobs_tests::Bench;
use serde_json::{Value, json};

use super::{HOSTILE, HOUR, address, assert_has, get, pay_with, send, shown};

async fn bench() -> Bench {
    let bench = Bench::with(shown).await;
    let now = bench.clock_now();
    let entry = |actor: &str, action: &str, target: &str, detail: &str| AuditEntry {
        at: now,
        actor: actor.to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        done: true,
        detail: detail.to_owned(),
        changes: Vec::new(),
        trace: None,
    };
    let mut entries: Vec<_> =
        (0..150).map(|number| entry("ada", "pause", &format!("queue q{number}"), "")).collect();
    entries.push(entry("grace", "silence", "check `x`", "until, \"well\""));
    entries.push(entry("=cmd|'/c calc'!A1", "requeue", HOSTILE, "+1"));
    audit::write(&*bench.store, &entries, now).await.unwrap();
    bench
}

#[tokio::test]
async fn entries_are_found_by_who_what_and_text() {
    let bench = bench().await;
    let at = address(&bench);
    let rows = |path: &str| get(at, path).body.matches("<tr>").count() - 1;
    assert_eq!((rows("/audit"), rows("/audit?who=GRACE"), rows("/audit?what=silence&q=well")), (100, 1, 1));
    assert_eq!(rows("/audit?q=q14"), 11, "q14 and q140 to q149");
    let page = get(at, "/audit?who=ada").body;
    let next = page.split("rel=\"next\" href=\"").nth(1).expect("there are more").split('"').next().unwrap();
    assert!(next.starts_with("/audit?who=ada&amp;after=audit"), "{next}");
    assert_eq!(rows(&next.replace("&amp;", "&")), 50);
    assert_has(
        &page,
        &[
            "value=\"ada\"",
            "Show all",
            "/audit?who=ada&amp;what=pause",
            "/audit/export?who=ada&amp;format=csv",
        ],
    );
    for (q, says) in [("%27%3E%3Cimg", "Nothing more matches."), ("%22%3E%3Cimg", "this quote has no end")] {
        let page = get(at, &format!("/audit?who=%3Cscript%3E&q={q}")).body;
        assert_has(&page, &[says, "value=\"&lt;script&gt;\""]);
        assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
    }
}

#[tokio::test]
async fn all_that_match_are_one_file() {
    let bench = bench().await;
    let at = address(&bench);
    let file = get(at, "/audit/export?format=csv");
    assert_has(
        &file.head,
        &["content-disposition: attachment; filename=\"boltjobs-audit.csv\"", "content-type: text/csv"],
    );
    let rows: Vec<_> = file.body.split("\r\n").collect();
    assert_eq!(
        (rows.len(), rows[0], rows[153]),
        (154, "at,actor,action,target,done,detail,trace,changes", "")
    );
    assert!(rows[1].starts_with("2026-01-01T00:00:00Z,'=cmd|'/c calc'!A1,requeue,"), "{}", rows[1]);
    assert!(rows[1].ends_with(",true,'+1,,"), "{}", rows[1]);
    assert_eq!(rows[2], "2026-01-01T00:00:00Z,grace,silence,check `x`,true,\"until, \"\"well\"\"\",,");

    let file = get(at, "/audit/export?format=jsonl&who=ada&q=q14");
    assert_has(&file.head, &["filename=\"boltjobs-audit.jsonl\"", "content-type: application/jsonl"]);
    let lines: Vec<Value> = file.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (lines.len(), &lines[0]["target"], &lines[10]["target"]),
        (11, &"queue q149".into(), &"queue q14".into())
    );
    assert_eq!(lines[0]["at"], "2026-01-01T00:00:00Z");

    for (query, shown) in [("", "``"), ("?format=xls", "`xls`")] {
        let refused = get(at, &format!("/audit/export{query}"));
        assert_eq!(refused.status, 400);
        assert_has(&refused.body, &[&format!("There is no format {shown}; use `csv` or `jsonl`.")]);
    }
    bench.store.close().await.unwrap();
    assert_eq!(get(at, "/audit/export?format=csv").status, 503);
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Changes a job, with a card that nobody is to see, in a trace, and returns its id.
async fn changed(bench: &Bench) -> JobId {
    let at = address(bench);
    let id = bench.scope(async { pay_with("ada").schedule_in(HOUR).await.unwrap().id() }).await;
    let body =
        json!({ "action": "change", "queue": "slow", "payload": { "note": HOSTILE, "card": "s3cret-9" } });
    let (body, head) = (body.to_string(), "Content-Type: application/json\r\nContent-Length");
    let trace = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01");
    let head = format!("POST /api/jobs/{id} HTTP/1.1\r\nHost: {at}\r\n{trace}\r\n{head}: {}", body.len());
    assert_eq!(send(at, &head, &body).status, 200);
    id
}

#[tokio::test]
async fn an_edit_is_a_table_of_what_was_before_and_after_and_leads_to_its_trace() {
    let bench = Bench::with(|builder| {
        shown(builder)
            .dashboard_role(DashboardRole::Operate)
            .dashboard_link("Tempo", "https://tempo.example/trace/{trace_id}")
            .dashboard_link("Logs", "https://logs.example/{trace_id}/{job}")
    })
    .await;
    let at = address(&bench);
    let id = changed(&bench).await;
    let page = get(at, "/audit").body;
    assert_has(
        &page,
        &[
            "2 changes",
            "<caption>What was changed</caption>",
            "<code>queue</code>",
            "<code>default</code></td><td><code>slow</code>",
            "<code>payload.note</code>",
            "href=\"https://tempo.example/trace/4bf92f3577b34da6a3ce929d0e0e4736\">Tempo</a>",
            "/audit?q=trace%3A4bf92f3577b34da6a3ce929d0e0e4736",
        ],
    );
    assert!(!page.contains("logs.example") && !page.contains("<script>alert"), "{page}");
    let value: Value = serde_json::from_str(&get(at, "/api/audit").body).unwrap();
    let entry = &value["entries"][0];
    assert_eq!((&entry["trace"], &entry["target"]), (&TRACE.into(), &format!("job {id}").into()));
    assert_eq!(entry["changes"][0], json!({ "field": "queue", "before": "default", "after": "slow" }));
    assert_eq!(entry["changes"].as_array().unwrap().len(), 2, "the card is none of them");
    let csv = get(at, "/audit/export?format=csv").body;
    assert_has(&csv, &[TRACE, "\"\"field\"\":\"\"queue\"\""]);
    let lines = get(at, "/audit/export?format=jsonl").body;
    assert_has(&lines, &[TRACE, "\"field\":\"payload.note\""]);
    for told in [page, value.to_string(), csv, lines] {
        assert!(!told.contains("s3cret"), "{told}");
    }

    let rows =
        |query: &str| get(at, &format!("/audit?q={query}")).body.matches("<th scope=\"row\"><time").count();
    for (query, found) in
        [("trace:4BF92F35", 1), ("trace:5", 0), ("slow", 1), ("payload.note", 1), ("fast", 0)]
    {
        assert_eq!(rows(query), found, "{query}");
    }
    let other = json!({ "action": "change", "payload": { "note": HOSTILE, "card": "s3cret-8" } }).to_string();
    let head = format!(
        "POST /api/jobs/{id} HTTP/1.1\r\nHost: {at}\r\ntraceparent: {HOSTILE}\r\nContent-Type: application/json\r\nContent-Length: {}",
        other.len()
    );
    assert_eq!(send(at, &head, &other).status, 200);
    let told = audit::read(&*bench.store, None, 1).await.unwrap().entries.remove(0);
    assert_eq!((&*told.detail, told.changes.len()), ("what is sensitive in its payload", 0));
    assert_eq!(told.trace, None, "what is no trace is not kept");
}

#[tokio::test]
async fn entries_are_found_by_a_range_of_time_as_jobs_are() {
    let bench = bench().await;
    let at = address(&bench);
    bench.clock.advance(Duration::from_hours(2));
    let now = bench.clock_now();
    let late = AuditEntry {
        at: now,
        actor: "eve".to_owned(),
        action: "stop".to_owned(),
        target: "server x".to_owned(),
        done: true,
        detail: String::new(),
        changes: Vec::new(),
        trace: None,
    };
    audit::write(&*bench.store, &[late], now).await.unwrap();
    let rows =
        |query: &str| get(at, &format!("/audit?q={query}")).body.matches("<tr>").count().saturating_sub(1);
    assert_eq!((rows("after:1h"), rows("before:1h"), rows("before:1h+grace")), (1, 100, 0));
    assert_eq!((rows("before:2026-01-01T02:00:00Z+q149"), rows("after:2h+q149")), (1, 1));
    let page = get(at, "/audit?q=before:1h").body;
    assert_has(&page, &["<option value=\"after:1d\">", "value=\"before:1h\"", "Show all"]);
    let next = page.split("rel=\"next\" href=\"").nth(1).expect("there are more").split('"').next().unwrap();
    assert_eq!(get(at, &next.replace("&amp;", "&")).body.matches("<tr>").count() - 1, 52);
    let value: Value = serde_json::from_str(&get(at, "/api/audit?q=after:1h").body).unwrap();
    assert_eq!(value["entries"].as_array().unwrap().len(), 1);
    let file = get(at, "/audit/export?format=jsonl&q=after:1h");
    assert_eq!(file.body.lines().count(), 1);
    let page = get(at, "/audit?q=after:soon");
    assert_eq!(page.status, 400);
    assert_has(&page.body, &["can't be read at character 1", "`soon` is no time", "value=\"after:soon\""]);
    for path in ["/api/audit?q=colour:red", "/audit/export?format=csv&q=colour:red"] {
        let refused = get(at, path);
        assert_eq!(refused.status, 400);
        assert_has(&refused.body, &["there is no key `colour`"]);
    }
}
