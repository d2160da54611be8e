//! The page of one job.

use boltjobs_core::Timestamp;
use boltjobs_core::job::{ErrorInfo, HistoryRow, Job, RowData};
use boltjobs_core::mask::masked;
use boltjobs_core::store::Explanation;
use maud::{Markup, html};

use super::frame::{frame, instant, state};
use crate::text::{clip, span};

/// The most characters of a payload, an error or a backtrace.
const BLOCK: usize = 50_000;

/// The most characters of any other text that a program chose.
const LINE: usize = 1_000;

/// What the page shows.
#[derive(Debug)]
pub(crate) struct JobPage {
    pub(crate) job: Job,
    pub(crate) explanation: Explanation,
    pub(crate) now: Timestamp,
}

/// Shows one job.
pub(crate) fn job(page: &JobPage) -> Markup {
    let JobPage { job, explanation, now } = page;
    let title = clip(job.spec.title(), LINE);
    let payload = format!("{:#}", masked(&job.spec));
    let body = html! {
        h1 { (title) " " (state(job.state)) }
        p { strong { "Why: " } (clip(&explanation.to_string(), BLOCK)) "." }
        (facts(job, *now))
        h2 { "Request" }
        pre { (clip(&payload, BLOCK)) }
        @if let Some(error) = job.last_error() { (last_error(error)) }
        (history(job, *now))
        footer { "As of " (now) ". Reload to look again." }
    };
    frame(&title, &body)
}

fn facts(job: &Job, now: Timestamp) -> Markup {
    let spec = &job.spec;
    let given = [
        ("Unique key", spec.unique.as_ref().map(|unique| unique.key.to_string())),
        ("Concurrency key", spec.concurrency_key.as_ref().map(ToString::to_string)),
        ("Recurring", spec.occurrence.as_ref().map(|occurrence| occurrence.recurring.to_string())),
        ("Batch", spec.batch.map(|batch| batch.to_string())),
        ("Tags", (!spec.tags.is_empty()).then(|| spec.tags.join(", "))),
        ("Asked to stop", job.cancel.clone()),
    ];
    html! {
        dl {
            dt { "Id" } dd { code { (job.id) } }
            dt { "Request" } dd { (spec.request) ", version " (spec.version) }
            dt { "Queue" } dd { (spec.queue) ", priority " (spec.priority) }
            dt { "Attempts" } dd { (job.attempt) }
            dt { "Enqueued" } dd { (instant(job.created_at, now)) }
            @if let Some(due) = job.due { dt { "Due" } dd { (instant(due, now)) } }
            @if let Some(expires) = job.expires { dt { "Expires" } dd { (instant(expires, now)) } }
            @for (name, value) in &given {
                @if let Some(value) = value { dt { (name) } dd { (clip(value, LINE)) } }
            }
            @for (name, value) in &spec.meta { dt { (clip(name, LINE)) } dd { (clip(value, LINE)) } }
        }
    }
}

fn last_error(error: &ErrorInfo) -> Markup {
    html! {
        h2 { "Last error" }
        p { code { (error.kind) } }
        pre { (clip(&error.message, BLOCK)) }
        @if !error.causes.is_empty() {
            h3 { "Caused by" }
            ol { @for cause in &error.causes { li { (clip(cause, LINE)) } } }
        }
        @if let Some(backtrace) = &error.backtrace {
            details { summary { "Backtrace" } pre { (clip(backtrace, BLOCK)) } }
        }
    }
}

fn history(job: &Job, now: Timestamp) -> Markup {
    let rows = &job.history;
    // What came after the first row is not known any more, nor is how long it lasted.
    let gap = (job.forgotten_rows > 0).then_some(0);
    html! {
        table {
            caption { "History" }
            thead { tr { @for title in ["State", "When", "For", "What happened"] { th scope="col" { (title) } } } }
            tbody {
                @for (at, row) in rows.iter().enumerate() {
                    tr {
                        th scope="row" { (state(row.state)) }
                        td { (instant(row.at, now)) }
                        td { @if gap != Some(at) { (lasted(row, rows.get(at + 1), now)) } }
                        td { (what(row)) }
                    }
                    @if gap == Some(at) { tr { td colspan="4" { (job.forgotten_rows) " rows were let go" } } }
                }
            }
        }
    }
}

/// Says how long a job was in a state; nothing for how long it has ended.
fn lasted(row: &HistoryRow, next: Option<&HistoryRow>, now: Timestamp) -> String {
    let end = next.map(|next| next.at).or((!row.state.is_final()).then_some(now));
    end.map(|end| span(end.since(row.at))).unwrap_or_default()
}

fn what(row: &HistoryRow) -> Markup {
    html! {
        @match &row.data {
            RowData::None => {}
            RowData::Scheduled { due } => { "due " (due) " " }
            RowData::Processing { server, worker, attempt, .. } => {
                "attempt " (attempt) " on " (server) ", worker " (worker) " "
            }
            RowData::Succeeded { waited, ran, .. } => { "waited " (span(*waited)) ", ran " (span(*ran)) " " }
            RowData::Ended { server, ran } => { "ran " (span(*ran)) " on " (server) " " }
        }
        @if let Some(reason) = &row.reason { div { (clip(reason, LINE)) } }
        @if let Some(error) = &row.error { div { (clip(&error.message, LINE)) } }
    }
}
