//! Pausing all queues at once.

use boltjobs_core::JobState;
use boltjobs_core::store::QueueInfo;
use maud::{Markup, html};

use super::frame::{LINE, View, rest, table};
use crate::access::Role;
use crate::text::{clip, counted};

/// The most queues that are listed; all of them are meant.
const ROWS: usize = 1_000;

/// Leads to a look at what would be paused or resumed, for those who may.
pub(super) fn offer<'a>(view: &View, queues: impl Iterator<Item = &'a QueueInfo> + Clone) -> Markup {
    let (all, paused) = (queues.clone().count(), queues.filter(|queue| queue.paused_since.is_some()).count());
    // A key presses the only button of a page that has it.
    let link = |action: &str, label: &str, key: Option<&str>| {
        html! {
            form class="act" method="get" action=(view.base.path("/pause")) {
                input type="hidden" name="action" value=(action);
                button type="submit" data-key=[key] { (label) }
            }
        }
    };
    html! {
        @if view.access.role >= Role::Operate && all > 0 {
            div class="actions" {
                @if paused < all { (link("pause", "Pause all queues…", Some("P"))) }
                @if paused > 0 { (link("resume", "Resume all queues…", (paused == all).then_some("P"))) }
            }
        }
    }
}

/// Shows which queues would be paused or resumed.
pub(crate) fn pause(view: &View, pause: bool, queues: &[QueueInfo]) -> Markup {
    let (action, verb) = if pause { ("pause", "Pause") } else { ("resume", "Resume") };
    let columns = ["Queue", "Enqueued", "Processing"];
    let body = html! {
        h1 { (verb) " all queues?" }
        @if queues.is_empty() {
            p class="empty" { "There is no queue to " (action) "." }
        } @else {
            p {
                @if pause { "None of their jobs starts until they are resumed, on any server. What runs is run to its end, and jobs can be enqueued as ever." }
                @else { "Their jobs start again, in their old order: those of queues that were paused one by one, too." }
            }
            (table("Queues that are meant", &columns, &html! {
                @for queue in queues.iter().take(ROWS) {
                    tr {
                        th scope="row" { (clip(&queue.name, LINE)) }
                        @for state in [JobState::Enqueued, JobState::Processing] { td class="number" { (queue.counts.get(state)) } }
                    }
                }
                (rest(queues.len(), ROWS, columns.len()))
            }))
            form class="act" method="post" action=(view.base.path("/pause")) {
                (view.token())
                input type="hidden" name="action" value=(action);
                @for queue in queues { input type="hidden" name="queue" value=(queue.name); }
                button type="submit" class="main" { (verb) " " (counted(queues.len() as u64, "queue")) }
            }
        }
        p class="further" { a href=(view.base.path("/queues")) { "Back to the queues" } }
    };
    view.frame("Queues", &format!("{verb} all queues"), &body)
}
