//! Jobs that failed, and are tried again.

use boltjobs_core::job::Job;
use maud::{Markup, html};

use super::frame::{LINE, View, live_list, table};
use super::jobs::{JobsPage, further, mark, with_marks};
use crate::text::clip;

/// Up to how many jobs are put into the order of their next attempts.
pub(crate) const SORTED: usize = 500;

/// Shows the jobs that wait for another attempt, the next one first.
pub(crate) fn soonest(view: &View, jobs: &[Job]) -> Markup {
    let note = html! {
        @if !jobs.is_empty() {
            nav class="further" aria-label="More jobs" {
                a href=(view.base.query("/retries", &[("order", "newest")])) { "By when they were enqueued" }
            }
        }
    };
    shown(view, jobs, &note)
}

/// Shows some of the jobs that wait for another attempt, by when they were enqueued.
pub(crate) fn retries(view: &View, listed: &JobsPage) -> Markup {
    let note = html! {
        (further(view, listed, "/retries", &[]))
        p class="quiet" { "Up to " (SORTED) " jobs can be listed by their " a href=(view.base.path("/retries")) { "next attempt" } "." }
    };
    shown(view, &listed.page.jobs, &note)
}

fn shown(view: &View, jobs: &[Job], note: &Markup) -> Markup {
    let body = html! {
        h1 { "Retries" }
        (live_list("list", &html! {
            @if jobs.is_empty() {
                p class="empty" { "No job waits for another attempt." }
            } @else { (with_marks(view, "Run now", &rows(view, jobs))) }
        }))
        (note)
    };
    view.frame("Retries", "Retries", &body)
}

fn rows(view: &View, jobs: &[Job]) -> Markup {
    table(
        "Jobs that wait for another attempt",
        &["Job", "Error", "Attempts", "Next attempt", "Failed", "Enqueued"],
        &html! {
            @for job in jobs {
                tr {
                    th scope="row" { (mark(job)) (view.job(job.id, job.spec.title())) }
                    td { (clip(&job.last_error().map(ToString::to_string).unwrap_or_default(), LINE)) }
                    td class="number" { (job.attempt) }
                    td { @if let Some(due) = job.due { (view.instant(due)) } }
                    td { (view.instant(job.since)) }
                    td { (view.instant(job.created_at)) }
                }
            }
        },
    )
}
