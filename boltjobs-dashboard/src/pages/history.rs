//! The history of a job, and how long it was in each state.

use std::time::Duration;

use boltjobs_core::job::{HistoryRow, Job, RowData};
use maud::{Markup, html};

use super::error::error;
use super::frame::{View, absolute, lasting, state, table};
use crate::code::Versions;
use crate::text::{clip, span};

/// The most characters of a text that a program chose.
const LINE: usize = 1_000;

/// How many errors before the last one can be read in full. The last one stands above.
const IN_FULL: usize = 10;

/// Shows each row, with how long the job was in the state.
pub(super) fn history(view: &View, job: &Job, versions: &Versions) -> Markup {
    let rows = &job.history;
    // What came after the first row is not known any more, nor is how long it lasted.
    let gap = (job.forgotten_rows > 0).then_some(0);
    let lasted =
        |at: usize| rows.get(at + 1).filter(|_| gap != Some(at)).map(|next| next.at.since(rows[at].at));
    let still = rows.last().filter(|last| !last.state.is_final()).map(|last| view.now.since(last.at));
    let longest = (0..rows.len()).filter_map(lasted).chain(still).max().unwrap_or_default();
    let errors: Vec<_> = (0..rows.len()).filter(|at| rows[*at].error.is_some()).collect();
    let in_full = |at: usize| {
        let latest = errors.iter().rev().position(|each| *each == at);
        latest.is_some_and(|latest| (1..=IN_FULL).contains(&latest))
    };
    table(
        "History",
        &["State", "When", "For", "What happened"],
        &html! {
            @for (at, row) in rows.iter().enumerate() {
                tr {
                    th scope="row" { (state(row.state)) }
                    td { (view.instant(row.at)) }
                    td {
                        @match (lasted(at), still) {
                            (Some(lasted), _) => { (span(lasted)) (bar(row, lasted, longest)) }
                            (None, Some(still)) if at + 1 == rows.len() => { (lasting(row.at, view.now)) (bar(row, still, longest)) }
                            // Nothing for how long it has ended.
                            (None, _) => {}
                        }
                    }
                    td { (what(row, versions, in_full(at))) }
                }
                @if gap == Some(at) { tr { td colspan="4" { (job.forgotten_rows) " rows were let go" } } }
            }
        },
    )
}

/// Draws how long the job was in a state, beside the longest time that it was in one. The text before it says the same.
fn bar(row: &HistoryRow, lasted: Duration, longest: Duration) -> Markup {
    let percent = lasted.as_micros() * 100 / longest.as_micros().max(1);
    html! {
        @if !lasted.is_zero() {
            svg class="segments" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" {
                rect class=(format!("segment {}", row.state.as_str().to_lowercase())) width=(percent.max(1)) height="1" {}
            }
        }
    }
}

fn what(row: &HistoryRow, versions: &Versions, in_full: bool) -> Markup {
    html! {
        @match &row.data {
            RowData::None => {}
            RowData::Scheduled { due } => { "due " (absolute(*due)) " " }
            RowData::Processing { server, worker, attempt, epoch } => {
                "attempt " (attempt) " on " (server) ", worker " (worker) ", lease " (epoch)
                @if let Some(version) = versions.get(server) { ", version " code { (clip(version, LINE)) } }
                " "
            }
            RowData::Succeeded { waited, ran, .. } => { "waited " (span(*waited)) ", ran " (span(*ran)) " " }
            RowData::Ended { server, ran } => { "ran " (span(*ran)) " on " (server) " " }
        }
        @if let Some(reason) = &row.reason { div { (clip(reason, LINE)) } }
        @if let Some(failed) = &row.error {
            @if in_full { details { summary { (clip(&failed.message, LINE)) } (error(failed)) } }
            @else { div { (clip(&failed.message, LINE)) } }
        }
    }
}
