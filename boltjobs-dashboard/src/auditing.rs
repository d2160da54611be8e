//! Who did what, under its paths: a page of it, and all of it as a file.

use std::fmt::Write as _;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use boltjobs_core::Timestamp;
use boltjobs_core::audit::{self, AuditChange, AuditEntry, AuditFilter, AuditPage, KEPT};
use boltjobs_core::query::QueryError;
use boltjobs_core::text::shown;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::pages::{self, AUDIT_ROWS};
use crate::refused::Refused;
use crate::routes::{Asked, html};
use crate::text::as_sentence;

/// Which entries are asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    pub(crate) who: String,
    #[serde(default)]
    pub(crate) what: String,
    /// A text, a range of time and a trace, as they are typed.
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    format: String,
}

impl Wanted {
    /// Reads which entries are meant.
    fn filter(&self, now: Timestamp) -> Result<AuditFilter, QueryError> {
        let [who, what] = [&self.who, &self.what].map(|said| said.trim().to_owned());
        Ok(AuditFilter { who, what, ..AuditFilter::typed(&self.q)? }.at(now))
    }

    /// Says whether it asks for anything in particular.
    pub(crate) fn asks(&self) -> bool {
        [&self.who, &self.what, &self.q].iter().any(|said| !said.trim().is_empty())
    }
}

pub(crate) async fn audit(asked: Asked, Query(wanted): Query<Wanted>) -> Response {
    if let Err(error) = wanted.filter(asked.now()) {
        let page = html(pages::unreadable_audit(asked.view(), &wanted, &error));
        return (StatusCode::BAD_REQUEST, page).into_response();
    }
    let page = find(&asked, &wanted).await;
    asked.answer(page.map(|page| pages::audit(asked.view(), &wanted, &page)))
}

/// Finds what people asked for.
pub(crate) async fn find(asked: &Asked, wanted: &Wanted) -> Result<AuditPage, Refused> {
    let after = Some(&*wanted.after).filter(|after| !after.is_empty());
    let filter = wanted.filter(asked.now()).map_err(|error| unreadable(&error))?;
    Ok(audit::find(asked.store(), &filter, after.map(Into::into), AUDIT_ROWS).await?)
}

fn unreadable(error: &QueryError) -> Refused {
    Refused::Illegal(as_sentence(&error.to_string()))
}

/// Sends everything that matches as a file; no more is there than the store keeps.
pub(crate) async fn export(asked: Asked, Query(wanted): Query<Wanted>) -> Response {
    let (kind, write): (_, fn(&[AuditEntry]) -> String) = match &*wanted.format {
        "csv" => ("text/csv; charset=utf-8; header=present", csv),
        "jsonl" => ("application/jsonl", json_lines),
        other => {
            let why = format!("There is no format `{}`; use `csv` or `jsonl`.", shown(other));
            return asked.answer(Err(Refused::Illegal(why)));
        }
    };
    let found = async {
        let filter = wanted.filter(asked.now()).map_err(|error| unreadable(&error))?;
        Ok::<_, Refused>(audit::find(asked.store(), &filter, None, KEPT).await?)
    };
    match found.await {
        Ok(page) => {
            let name = format!("attachment; filename=\"boltjobs-audit.{}\"", wanted.format);
            ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], write(&page.entries))
                .into_response()
        }
        Err(refused) => asked.answer(Err(refused)),
    }
}

/// Returns an entry as JSON.
pub(crate) fn value(entry: &AuditEntry) -> Value {
    json!({
        "at": entry.at.to_string(),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "done": entry.done,
        "detail": entry.detail,
        "changes": changes(entry),
        "trace": entry.trace.as_deref(),
    })
}

fn changes(entry: &AuditEntry) -> Value {
    let each = |it: &AuditChange| json!({ "field": it.field, "before": it.before, "after": it.after });
    entry.changes.iter().map(each).collect()
}

fn json_lines(entries: &[AuditEntry]) -> String {
    entries.iter().fold(String::new(), |mut lines, entry| {
        // It can't fail for a String.
        let _ = writeln!(lines, "{}", value(entry));
        lines
    })
}

/// Writes entries as RFC 4180 has it.
fn csv(entries: &[AuditEntry]) -> String {
    let header = "at,actor,action,target,done,detail,trace,changes\r\n".to_owned();
    entries.iter().fold(header, |mut rows, entry| {
        let AuditEntry { at, actor, action, target, done, detail, trace, .. } = entry;
        let [actor, action, target, detail] = [actor, action, target, detail].map(|text| cell(text));
        let trace = trace.as_deref().unwrap_or_default();
        let changes = if entry.changes.is_empty() { String::new() } else { changes(entry).to_string() };
        let changes = cell(&changes);
        let _ = write!(rows, "{at},{actor},{action},{target},{done},{detail},{trace},{changes}\r\n");
        rows
    })
}

/// Writes a text as one cell. One that begins as a formula does gets an apostrophe, so that no spreadsheet runs it.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let cell = format!("{guard}{text}");
    let plain = !cell.contains(['"', ',', '\r', '\n']);
    if plain { cell } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_text_and_no_formula() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"x\"\nto it", "\"say \"\"x\"\"\nto it\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("=HYPERLINK(\"http://evil.example\",1)", "\"'=HYPERLINK(\"\"http://evil.example\"\",1)\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
    }
}
