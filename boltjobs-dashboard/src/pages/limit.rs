//! The limit of a queue: what it is, and the form in which it is set, once what it would have meant is seen.

use boltjobs_core::queue_limit::MOST;
use maud::{Markup, html};

use super::form::Field;
use super::frame::{LINE, View, live};
use crate::access::Role;
use crate::limiting::WhatIf;
use crate::queue::Queue;
use crate::text::{clip, counted, span};

/// Shows the limit, and for operators the form.
pub(super) fn limit(view: &View, queue: &Queue) -> Markup {
    let info = &queue.info;
    let place = view.base.item("/queues/", &info.name);
    html! {
        h2 { "Limit" }
        (live("limit", &html! {
            @if let Some(set) = &info.set {
                p {
                    strong { (set.at_most) " at once" } ", set by " (clip(&set.actor, LINE)) " " (view.instant(set.at))
                    ". What the servers say does not count meanwhile."
                }
                (view.button(Role::Operate, &place, &[("action", "unlimit"), ("from", "queue")], "Remove the limit"))
            } @else if let Some(at_most) = info.limit {
                p { strong { (at_most) " at once" } ", as the servers say." }
            } @else {
                p { "None: as many of its jobs run at once as there are workers for them." }
            }
        }))
        @if view.access.role >= Role::Operate {
            @let hint = format!(
                "How many of its jobs may run at once, 1 to {MOST}. It holds on every server and over restarts, until it is removed; \
                 what runs goes on"
            );
            // It is asked for by GET, and changes nothing.
            form class="fields" method="get" action=(place) {
                (Field {
                    name: "limit",
                    label: "Another limit",
                    hint: Some(&hint),
                    fault: queue.fault.as_deref(),
                }.text(&queue.typed))
                div class="actions" { button type="submit" { "Preview" } }
            }
            @if let Some(at_most) = queue.wanted {
                (preview(queue.what_if.as_ref()))
                @let number = at_most.to_string();
                (view.button(
                    Role::Operate, &place, &[("action", "limit"), ("limit", &number), ("from", "queue")],
                    &format!("Set it to {at_most} at once"),
                ))
            }
        }
    }
}

fn preview(found: Option<&WhatIf>) -> Markup {
    html! {
        @if let Some(found) = found {
            p {
                (counted(found.jobs, "job")) " of it succeeded in the last hour: " (span(found.mean)) " each on average, "
                (span(found.work)) " together. With " (found.at_most) " at once that takes " strong { (span(found.takes)) }
                " at least: busy for " strong { (found.busy) " %" } " of the hour."
                @if found.busy >= 100 { " It would not have been done within the hour." }
            }
            p class="quiet" {
                "What they ran together, by the limit; and that by an hour. Attempts that failed, other limits and the workers that there "
                "are do not come into it."
            }
        } @else {
            p { "No job of it succeeded in the last hour, so there is nothing to tell what that would mean." }
        }
    }
}
