//! The form in which a job is changed.

use boltjobs_core::audit::AuditChange;
use boltjobs_core::job::Job;
use maud::{Markup, html};

use super::form::Field;
use super::frame::{LINE, View, state, table};
use super::payload::{doubtful, payload};
use crate::change::{OPEN, Typed};
use crate::changing::can_requeue;
use crate::edit::Faults;
use crate::fields::Entries;
use crate::text::clip;

/// What another payload means.
const HINT: &str = "What is sensitive stays as it is where it is ***. Another payload begins anew: attempts are counted from none, and \
                    steps and log go";

/// What the form shows.
#[derive(Debug)]
pub(crate) struct ChangePage<'a> {
    job: &'a Job,
    pub(crate) typed: Typed,
    /// The fields of its payload, where these are typed.
    pub(crate) entries: Option<Entries>,
    pub(crate) faults: Faults,
    /// Whether it is another one than whoever typed has seen.
    pub(crate) late: bool,
    /// What would be another way, if it were saved.
    pub(crate) preview: Option<Vec<AuditChange>>,
    /// What speaks against the payload.
    pub(crate) doubts: Vec<String>,
}

impl<'a> ChangePage<'a> {
    pub(crate) fn new(job: &'a Job, typed: Typed) -> Self {
        let (faults, doubts) = (Faults::default(), Vec::new());
        Self { job, typed, entries: None, faults, late: false, preview: None, doubts }
    }
}

/// Shows the form; for a job that can't be changed, why.
pub(crate) fn change(view: &View, page: &ChangePage<'_>) -> Markup {
    let job = page.job;
    let title = clip(job.spec.title(), LINE);
    let place = view.base.item("/jobs/", &job.id.to_string());
    let body = html! {
        h1 { "Change " (title) " " (state(job.state)) }
        @if OPEN.contains(&job.state) {
            @if page.late {
                p class="alert" role="alert" {
                    "Nothing was saved: the job was changed, or moved on, after this form was made. To put what you typed in its \
                     place, save once more."
                }
            }
            (form(view, page, &place))
            @if let Some(differences) = &page.preview { (preview(page, differences)) }
        } @else {
            p { "A job can be changed while it waits, and when it has failed. This one is " (job.state) " by now." }
            p { a href=(place) { "Back to it" } }
        }
    };
    view.frame("Jobs", &format!("Change {title}"), &body)
}

fn form(view: &View, page: &ChangePage<'_>, place: &str) -> Markup {
    let (job, typed) = (page.job, &page.typed);
    let text = |name: &'static str, label, value: &Option<String>, hint| {
        Field { name, label, hint: Some(hint), fault: page.faults.of(name) }
            .text(value.as_deref().unwrap_or_default())
    };
    html! {
        form class="fields" method="post" action=(format!("{place}/edit")) {
            (view.token())
            input type="hidden" name="seen" value=(job.revision);
            input type="hidden" name="state" value=(job.state);
            (text("queue", "Queue", &typed.queue, "Within it the job has the place of its age"))
            (text("priority", "Priority", &typed.priority, "-100 to 100; higher goes first within the queue"))
            (payload(page.entries.as_ref(), typed, &page.faults, HINT, &format!("{place}/edit?as=json")))
            div class="actions" {
                // The key for a new line presses the first one, which changes nothing.
                button type="submit" name="action" value="preview" { "Preview" }
                button type="submit" class="main" name="action" value="save" { "Save" }
                @if can_requeue(job.state) {
                    button type="submit" class="main" name="action" value="requeue" { "Save and run now" }
                }
                a class="button" href=(place) { "Cancel" }
            }
        }
    }
}

fn preview(page: &ChangePage<'_>, differences: &[AuditChange]) -> Markup {
    html! {
        (differing(differences))
        (doubtful(&page.doubts))
    }
}

/// Lists what would be another way.
pub(super) fn differing(differences: &[AuditChange]) -> Markup {
    html! {
        @if differences.is_empty() {
            p { "Nothing would be another way that can be shown." }
        } @else {
            (changes("What would be another way", ["What", "Now", "Then"], differences))
        }
    }
}

/// Lists what is or would be another way, with what it is before and after that.
pub(super) fn changes(caption: &str, titles: [&str; 3], changes: &[AuditChange]) -> Markup {
    table(
        caption,
        &titles,
        &html! {
            @for each in changes {
                tr {
                    th scope="row" { code { (clip(&each.field, LINE)) } }
                    td { (value(each.before.as_deref())) }
                    td { (value(each.after.as_deref())) }
                }
            }
        },
    )
}

fn value(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { code { (clip(text, LINE)) } } @else { "not there" } }
}
