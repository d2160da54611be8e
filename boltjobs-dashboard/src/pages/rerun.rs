//! The page that says what of a batch would run again.

use boltjobs_core::batch::BatchStatus;
use boltjobs_core::rerun::Rerun;
use maud::{Markup, html};

use super::frame::{LINE, View, press, rest, state, table};
use crate::rerunning::Beginning;
use crate::text::{clip, counted};

/// The most jobs that are listed.
const LISTED: usize = 100;

/// Shows what would run again, with the button that does it.
pub(crate) fn rerun(view: &View, status: &BatchStatus, plan: &Rerun, from: &Beginning) -> Markup {
    let batch = &status.batch;
    let title = if batch.name.is_empty() { "batch".into() } else { clip(&batch.name, LINE) };
    let place = view.base.item("/batches/", &batch.id.to_string());
    let jobs = plan.jobs();
    let body = html! {
        h1 { "Run again: " (title) }
        p {
            @if from.from.is_empty() { "The jobs that failed" } @else { "The job" }
            ", and whatever in the batch comes after: new jobs are made of them, with the same payloads, in a new batch. What has ended "
            "stays as it is. Batches in this one do not run again."
        }
        form class="act actions" method="post" action=(format!("{place}/rerun")) {
            (view.token())
            input type="hidden" name="from" value=(from.from);
            (press("rerun", &format!("Run {} again", counted(jobs.len() as u64, "job")), Some("action")))
            a class="button" href=(place) { "Cancel" }
        }
        (table("What would run again, oldest first", &["Job", "Now", "Request"], &html! {
            @for job in jobs.iter().take(LISTED) {
                tr {
                    th scope="row" { (view.job(job.id, &clip(job.spec.title(), LINE))) }
                    td { (state(job.state)) }
                    td { (clip(&job.spec.request, LINE)) }
                }
            }
            (rest(jobs.len(), LISTED, 3))
        }))
    };
    view.frame("Batches", &format!("Run again: {title}"), &body)
}
