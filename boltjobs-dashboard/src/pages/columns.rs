//! The columns of a list of jobs, and the form that chooses them.

use std::time::Duration;

use boltjobs_core::JobState;
use boltjobs_core::deploy::latest_server;
use boltjobs_core::job::{Job, RowData};
use boltjobs_core::store::Explanation;
use maud::{Markup, html};

use super::error::backtrace;
use super::frame::{LINE, View, state};
use crate::choices::{ABSOLUTE, COMPACT};
use crate::columns::{ALL, Column, Columns};
use crate::text::{clip, counted, span};

/// The most characters of a backtrace in a list.
const TRACE: usize = 4_000;

/// Shows what a column tells of a job, which may have been asked why it waits.
pub(super) fn cell(view: &View, job: &Job, why: Option<&Explanation>, column: Column) -> Markup {
    let (waited, ran) = spans(job);
    let span_of = |lasted: Option<Duration>| html! { @if let Some(lasted) = lasted { (span(lasted)) } };
    match column {
        Column::State => html! { (state(job.state)) },
        Column::What => html! { (now(view, job)) },
        Column::Why => html! {
            @match (job.state, why) {
                (_, Some(why)) => { (clip(&why.to_string(), LINE)) }
                // No more of them are asked about in one look.
                (JobState::Enqueued, None) => { "open it to see why" }
                _ => {}
            }
        },
        Column::Since => html! { (view.instant(job.since)) },
        Column::Due => html! { @if let Some(due) = job.due { (view.instant(due)) } },
        Column::Queue => html! { (clip(&job.spec.queue, LINE)) },
        Column::Request => html! { (clip(&job.spec.request, LINE)) },
        Column::Attempt => html! { (job.attempt) },
        Column::Priority => html! { (job.spec.priority) },
        Column::Created => html! { (view.instant(job.created_at)) },
        Column::Tags => html! { (clip(&job.spec.tags.join(", "), LINE)) },
        Column::Waited => span_of(waited),
        Column::Ran => span_of(ran),
        Column::Server => {
            html! { @if let Some(server) = latest_server(job) { (clip(&server, LINE)) } }
        }
        Column::Error => {
            html! { @if let Some(error) = job.last_error() { (clip(&error.to_string(), LINE)) } }
        }
    }
}

/// Returns how long the latest attempt that ended had waited, and how long it ran, as far as it is known.
fn spans(job: &Job) -> (Option<Duration>, Option<Duration>) {
    let ended = job.history.iter().rev().find_map(|row| match &row.data {
        RowData::Succeeded { waited, ran, .. } => Some((Some(*waited), Some(*ran))),
        RowData::Ended { ran, .. } => Some((None, Some(*ran))),
        RowData::None | RowData::Scheduled { .. } | RowData::Processing { .. } => None,
    });
    ended.unwrap_or_default()
}

/// Says what is to be known of a job in its state.
fn now(view: &View, job: &Job) -> Markup {
    let row = job.history.last();
    let reason = row.and_then(|row| row.reason.as_deref());
    html! {
        @match (job.state, row.map(|row| &row.data)) {
            (JobState::Awaiting, _) => { "waits for " (counted(job.waits_for.len() as u64, "parent")) }
            (JobState::Scheduled, Some(RowData::Scheduled { due })) => {
                "due " (view.instant(*due))
                @if let Some(reason) = reason { ": " (clip(reason, LINE)) }
            }
            (JobState::Processing, Some(RowData::Processing { server, worker, .. })) => {
                "on " (clip(server, LINE)) ", worker " (worker)
                @if job.cancel.is_some() { ", asked to stop" }
            }
            (JobState::Succeeded, Some(RowData::Succeeded { waited, ran, .. })) => {
                "ran " (span(*ran)) ", waited " (span(*waited))
            }
            (JobState::Failed, _) if job.last_error().is_some() => { (failed(job)) }
            (JobState::Failed | JobState::Deleted, _) => {
                @if let Some(error) = row.and_then(|row| row.error.as_deref()) { (clip(&error.message, LINE)) }
                @else if let Some(reason) = reason { (clip(reason, LINE)) }
            }
            _ => { @if let Some(reason) = reason { (clip(reason, LINE)) } }
        }
    }
}

/// Shows the error of a job in a line that opens to its type, its server and where it came from.
fn failed(job: &Job) -> Markup {
    html! {
        @if let Some(error) = job.last_error() {
            details class="error" {
                summary { (clip(&error.message, LINE)) }
                p {
                    code { (clip(&error.kind, LINE)) }
                    @if let Some(server) = latest_server(job) { " on " (clip(&server, LINE)) }
                }
                @if !error.causes.is_empty() { ol { @for cause in &error.causes { li { (clip(cause, LINE)) } } } }
                @if let Some(trace) = &error.backtrace { (backtrace(&clip(trace, TRACE))) }
            }
        }
    }
}

/// Asks which columns there are to be; the browser keeps them.
pub(super) fn chooser(view: &View, typed: &str, columns: &Columns) -> Markup {
    html! {
        details class="columns" {
            summary { "Columns and rows" }
            form class="actions" method="post" action=(view.base.path("/columns")) {
                (view.token())
                input type="hidden" name="q" value=(typed);
                @for each in ALL {
                    label {
                        input type="checkbox" name="columns" value=(each.1) checked[columns.shown.contains(&each)];
                        " " (each.2)
                    }
                }
                @for (name, value, chosen, text) in [
                    ("density", COMPACT, view.choices.density, "Close rows"),
                    ("times", ABSOLUTE, view.choices.times, "Times as dates"),
                ] {
                    label {
                        input type="checkbox" name=(name) value=(value) checked[chosen == Some(value)];
                        " " (text)
                    }
                }
                button type="submit" { "Show" }
            }
        }
    }
}
