//! The form in which a job is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use boltjobs_core::store::Handled;
use maud::{Markup, html};

use super::change::differing;
use super::form::Field;
use super::frame::{LINE, View, absolute, table};
use super::job::request;
use super::payload::{doubtful, payload};
use crate::making::{Made, Making};
use crate::text::clip;

/// Offers the requests.
pub(crate) fn choose(view: &View, requests: &BTreeMap<&Arc<str>, &Handled>) -> Markup {
    let body = html! {
        h1 { "New job" }
        @if requests.is_empty() {
            p class="empty" { "No server that is there handles a request. Start one, and load this page again." }
        } @else {
            (table("Of which request?", &["Request", "Type", "Queue"], &html! {
                @for (name, handled) in requests {
                    tr {
                        th scope="row" { a href=(view.base.query("/jobs/new", &[("request", name)])) { (clip(name, LINE)) } }
                        td { @if let Some(shape) = &handled.shape { code { (clip(&shape.ident, LINE)) } } }
                        td { @if let Some(defaults) = &handled.defaults { (clip(&defaults.queue, LINE)) } }
                    }
                }
            }))
        }
    };
    view.frame("Jobs", "New job", &body)
}

/// Shows the form.
pub(crate) fn making(view: &View, making: &Making) -> Markup {
    let name = clip(&making.spec.request, LINE);
    let title = if making.from.is_some() { format!("Copy {name}") } else { format!("New {name}") };
    let body = html! {
        h1 { (title) }
        p class="quiet" {
            @if let Some(from) = &making.from {
                "It keeps the title, tags and concurrency key of " (view.job(from.id, from.spec.title()))
                ", and stands alone: outside of its batch, after nothing, and with no unique key."
            } @else {
                "It has neither a title nor a key, as code of the program makes these. Its queue and its tags are those of the request."
            }
        }
        (form(view, making))
        @if let Some(made) = &making.preview { (preview(making, made)) }
    };
    view.frame("Jobs", &title, &body)
}

fn form(view: &View, making: &Making) -> Markup {
    let typed = &making.typed;
    let text = |name: &'static str, label, value: &str, hint| {
        Field { name, label, hint: Some(hint), fault: making.faults.of(name) }.text(value)
    };
    let from = making.from.as_ref().map(|from| from.id.to_string());
    let of: (&str, &str) = from.as_deref().map_or(("request", &making.spec.request), |from| ("from", from));
    let secrets = if making.spec.sensitive.is_empty() {
        "A handler reads it as if code had enqueued it"
    } else if making.from.is_some() {
        "What is sensitive stays as it is where it is ***"
    } else {
        "What is sensitive is shown as *** once it is enqueued"
    };
    html! {
        form class="fields" method="post" action=(view.base.path("/jobs/new")) {
            (view.token())
            input type="hidden" name="id" value=(making.id);
            input type="hidden" name=(of.0) value=(of.1);
            (payload(making.entries.as_ref(), typed, &making.faults, secrets, &view.base.query("/jobs/new", &[of, ("as", "json")])))
            (text("queue", "Queue", typed.queue.as_deref().unwrap_or_default(), "It is worked by the servers that name it"))
            (text("priority", "Priority", typed.priority.as_deref().unwrap_or_default(), "-100 to 100; higher goes first within the queue"))
            (text("at", "Starts", &making.at, "As in 10m or 2026-01-31T09:00:00Z; nothing for now"))
            div class="actions" {
                // The key for a new line presses the first one, which changes nothing.
                button type="submit" name="action" value="preview" { "Preview" }
                button type="submit" class="main" name="action" value="enqueue" { "Enqueue" }
                a class="button" href=(view.base.path("/jobs")) { "Cancel" }
            }
        }
    }
}

fn preview(making: &Making, made: &Made) -> Markup {
    html! {
        h2 { "What would be enqueued" }
        p {
            "To the queue " code { (made.spec.queue) } ", with priority " (made.spec.priority) ", "
            @match made.start_at { Some(at) => { "to start at " (absolute(at)) } None => "to start at once" } "."
        }
        @if making.from.is_some() { (differing(&made.differences)) }
        (doubtful(&made.doubts))
        (request(making.shape.as_deref(), &made.spec))
    }
}
