//! The page that asks whether something was meant.

use boltjobs_core::Timestamp;
use boltjobs_core::job::Job;
use maud::{Markup, html};

use super::form::Field;
use super::frame::{LINE, View, state, table};
use crate::text::{clip, counted};

/// The actions that are asked about.
pub(crate) const SURE: [&str; 3] = ["delete", "remove", "cancel"];

/// What is asked.
#[derive(Debug, Default)]
pub(crate) struct Asking<'a> {
    pub(crate) action: &'a str,
    /// What is meant, if it is no job.
    pub(crate) name: Option<&'a str>,
    /// Where the form goes, and where whoever did not mean it does.
    pub(crate) path: String,
    pub(crate) back: String,
    /// What the form says besides.
    pub(crate) fields: Vec<(&'a str, &'a str)>,
    /// How many jobs are concerned, and some of them.
    pub(crate) jobs: u64,
    pub(crate) sample: Vec<Job>,
    /// When a definition would fire next.
    pub(crate) next: Option<Timestamp>,
}

/// Asks whether something was meant, and shows what it would be done to.
pub(crate) fn asking(view: &View, it: &Asking<'_>) -> Markup {
    let (heading, label, what, caption, page) = texts(it);
    let to = match it.action {
        "move" => Some(("To the queue", "Within it each has the place of its age")),
        "prioritize" => Some(("To the priority", "-100 to 100; higher goes first within the queue")),
        _ => None,
    };
    let bad = if to.is_none() { " bad" } else { "" };
    let body = html! {
        h1 { (heading) }
        p { (what) @if let Some(next) = it.next { " Its next run would be " (view.instant(next)) "." } }
        p { "Nothing has been done yet." }
        form class="fields" method="post" action=(view.base.path(&it.path)) {
            (view.token())
            input type="hidden" name="action" value=(it.action);
            @for (name, value) in &it.fields { input type="hidden" name=(name) value=(value); }
            @if let Some((label, hint)) = to {
                (Field { name: "to", label, hint: Some(hint), fault: None }.text(""))
            }
            div class="actions" {
                button type="submit" class=(format!("main{bad}")) { (label) }
                a class="button" href=(view.base.path(&it.back)) { "Back" }
            }
        }
        @if !it.sample.is_empty() {
            (table(caption, &["Job", "State", "Queue", "Request"], &html! {
                @for job in &it.sample {
                    tr {
                        th scope="row" { (view.job(job.id, job.spec.title())) }
                        td { (state(job.state)) }
                        td { (clip(&job.spec.queue, LINE)) }
                        td { (clip(&job.spec.request, LINE)) }
                    }
                }
                @let more = it.jobs.saturating_sub(it.sample.len() as u64);
                @if more > 0 { tr { td colspan="4" { (more) " more" } } }
            }))
        }
    };
    view.frame(page, &heading, &body)
}

/// Returns the heading, the word on the button, what would happen, what the table has, and to which page it belongs.
fn texts(it: &Asking<'_>) -> (String, String, &'static str, &'static str, &'static str) {
    let jobs = counted(it.jobs, "job");
    let name = clip(it.name.unwrap_or_default(), LINE);
    match it.action {
        "cancel" => (
            format!("Cancel {}?", if name.is_empty() { "the batch" } else { &*name }),
            format!("Cancel {jobs}"),
            "What has not started of it is deleted, and what runs is asked to stop. That is not taken back.",
            "Its jobs that have not ended",
            "Batches",
        ),
        "remove" => (
            format!("Remove {name}?"),
            "Remove".to_owned(),
            "It fires no more. The jobs that it has made stay.",
            "The latest jobs that it has made",
            "Recurring",
        ),
        "delete" => (
            format!("Delete {jobs}?"),
            format!("Delete {jobs}"),
            "Those that run are asked to stop. What was deleted can be requeued for as long as it is kept.",
            "What would be deleted",
            "Jobs",
        ),
        "move" => (
            format!("Move {jobs}"),
            "Move".to_owned(),
            "Those that wait or have failed go to another queue; the others stay as they are.",
            "What would be moved",
            "Jobs",
        ),
        _ => (
            format!("Prioritize {jobs}"),
            "Prioritize".to_owned(),
            "Those that wait or have failed get another priority; the others stay as they are.",
            "What would be prioritized",
            "Jobs",
        ),
    }
}
