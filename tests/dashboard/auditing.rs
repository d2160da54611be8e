//! Who did what: found, and taken away as a file.

use boltjobs_core::audit::{self, AuditEntry};
use boltjobs_tests::Bench;
use serde_json::Value;

use super::{HOSTILE, address, assert_has, get, shown};

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
    let page = get(at, "/audit?who=%3Cscript%3E&q=%22%3E%3Cimg").body;
    assert_has(&page, &["Nothing more matches.", "value=\"&lt;script&gt;\""]);
    assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
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
    assert_eq!((rows.len(), rows[0], rows[153]), (154, "at,actor,action,target,done,detail", ""));
    assert!(rows[1].starts_with("2026-01-01T00:00:00Z,'=cmd|'/c calc'!A1,requeue,"), "{}", rows[1]);
    assert!(rows[1].ends_with(",true,'+1"), "{}", rows[1]);
    assert_eq!(rows[2], "2026-01-01T00:00:00Z,grace,silence,check `x`,true,\"until, \"\"well\"\"\"");

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
