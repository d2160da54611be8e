//! The queues.

use boltjobs_core::JobState;
use boltjobs_core::store::{JobFilter, QueueInfo};
use maud::{Markup, html};

use super::frame::{LINE, View, live, rest, state, table};
use crate::access::Role;
use crate::query;
use crate::text::clip;

/// The most queues that are listed.
const ROWS: usize = 1_000;

/// Shows all queues.
pub(crate) fn queues(view: &View, queues: &[QueueInfo]) -> Markup {
    let body = html! {
        h1 { "Queues" }
        (live("list", &html! {
            @if queues.is_empty() {
                p class="empty" {
                    "No queue yet: there is one as soon as a job is enqueued to it, or a server works it."
                }
            } @else { (listed(view, queues, ROWS, true)) }
        }))
        @if !queues.is_empty() {
            p class="quiet" {
                "The oldest wait is that of the job that has been ready the longest. A limit is that of the servers that work the "
                "queue, each for itself."
            }
        }
    };
    view.frame("Queues", "Queues", &body)
}

/// Lists the first queues, with or without what can be done with them.
pub(super) fn listed(view: &View, queues: &[QueueInfo], shown: usize, actions: bool) -> Markup {
    let columns =
        ["Queue", "Enqueued", "Scheduled", "Processing", "Failed", "Oldest wait", "Limit", "Servers"];
    let rows = html! {
        @for queue in queues.iter().take(shown) { (row(view, queue, actions)) }
        (rest(queues.len(), shown, columns.len()))
    };
    table("Queues", &columns, &rows)
}

fn row(view: &View, queue: &QueueInfo, actions: bool) -> Markup {
    let filter = JobFilter { queues: vec![queue.name.clone()], ..JobFilter::default() };
    html! {
        tr {
            th scope="row" {
                (view.jobs(&query::write(&filter), &html! { (clip(&queue.name, LINE)) }))
                @if let Some(since) = queue.paused_since {
                    " " span class="badge" { "paused " (view.instant(since)) }
                }
                @let (action, label) = if queue.paused_since.is_some() { ("resume", "Resume") } else { ("pause", "Pause") };
                @if actions {
                    (view.button(Role::Operate, &view.base.item("/queues/", &queue.name), &[("action", action)], label))
                }
            }
            @for each in [JobState::Enqueued, JobState::Scheduled, JobState::Processing, JobState::Failed] {
                @let filter = JobFilter { states: vec![each], ..filter.clone() };
                td class="number" {
                    @if queue.counts.get(each) == 0 { "0" }
                    @else { (view.jobs(&query::write(&filter), &html! { (queue.counts.get(each)) })) }
                }
            }
            td { @if let Some(oldest) = queue.oldest { (view.instant(oldest)) } @else { "none" } }
            td { @if let Some(limit) = queue.limit { (limit) } @else { "none" } }
            td class="number" { (queue.servers) }
        }
    }
}

/// Lists how many jobs there are in each state.
pub(super) fn states(view: &View, counts: &boltjobs_core::store::StateCounts) -> Markup {
    html! {
        h2 class="unseen" { "Jobs by state" }
        ul class="stats" {
            @for each in JobState::ALL {
                @let filter = JobFilter { states: vec![each], ..JobFilter::default() };
                li {
                    (state(each)) " "
                    (view.jobs(&query::write(&filter), &html! { (counts.get(each)) }))
                }
            }
        }
    }
}
