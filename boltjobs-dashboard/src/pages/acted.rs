//! What came of what was done to jobs.

use boltjobs_core::JobId;
use boltjobs_core::job::Job;
use boltjobs_core::operation::{BACK_FOR, Operation};
use maud::{Markup, html};

use super::frame::{View, state, table};
use crate::access::Role;
use crate::text::counted;

/// A job that was acted on.
#[derive(Debug)]
pub(crate) struct Acted {
    pub(crate) id: JobId,
    pub(crate) done: bool,
    /// What it is by now, if it is still known.
    pub(crate) job: Option<Job>,
}

/// Shows what came of an action, for each job.
pub(crate) fn acted(view: &View, action: &str, acted: &[Acted], operation: Option<&Operation>) -> Markup {
    let why = |id: JobId| operation?.skips.jobs.iter().find(|skipped| skipped.id == id);
    let done = acted.iter().filter(|acted| acted.done).count();
    let rows = html! {
        @for each in acted {
            tr {
                th scope="row" {
                    (view.job(each.id, &each.job.as_ref().map_or_else(|| each.id.to_string(), |job| job.spec.title().to_owned())))
                }
                td {
                    @if each.done { "done" }
                    @else if let Some(skipped) = why(each.id) { "not done: it " (skipped.why) }
                    @else { "not done: its state does not allow it" }
                }
                td { @if let Some(job) = &each.job { (state(job.state)) } @else { "it is not known" } }
            }
        }
    };
    let body = html! {
        h1 { "Jobs" }
        p class="did" role="status" { (action) ": " (done) " of " (counted(acted.len() as u64, "job")) }
        @if action == "delete" && done > 0 && view.access.role >= Role::Operate {
            form class="act" method="post" action=(view.base.path("/jobs")) {
                (view.token())
                @for each in acted.iter().filter(|acted| acted.done) { input type="hidden" name="job" value=(each.id); }
                button type="submit" name="action" value="requeue" { "Take back: requeue those that were deleted" }
            }
        }
        @if let Some(operation) = operation { (back(view, operation)) }
        (table("What came of it", &["Job", "Done", "State by now"], &rows))
    };
    view.frame("Jobs", "Jobs", &body)
}

/// Offers to take back what was done to jobs that were marked.
fn back(view: &View, operation: &Operation) -> Markup {
    let path = view.base.item("/operations/", &operation.id.to_string());
    html! {
        @if operation.undo_until().is_some_and(|until| until > view.now) {
            div class="actions" { (view.button(Role::Operate, &path, &[("action", "undo")], "Take back")) }
            p class="quiet" {
                "It can be taken back for " (BACK_FOR.as_secs() / 60) " minutes, also from " a href=(path) { "its page" } "."
            }
        }
    }
}
