//! The queues.

use std::time::Duration;

use boltjobs_core::JobState;
use boltjobs_core::store::{JobFilter, QueueInfo};
use boltjobs_core::throughput::Flow;
use maud::{Markup, html};

use super::frame::{Card, LINE, View, cards, live, rest, state};
use super::pause::offer;
use crate::access::Role;
use crate::overview::{RATED, Rates};
use crate::text::{clip, span};

/// The most queues that are listed.
const ROWS: usize = 1_000;

/// Shows all queues.
pub(crate) fn queues(view: &View, queues: &[QueueInfo], rates: &Rates) -> Markup {
    let body = html! {
        h1 { "Queues" }
        (live("list", &html! {
            @if queues.is_empty() {
                p class="empty" {
                    "No queue yet: there is one as soon as a job is enqueued to it, or a server works it."
                }
            } @else { (offer(view, queues)) (listed(view, queues, rates, ROWS, true)) }
        }))
        @if !queues.is_empty() {
            p class="quiet" {
                "The oldest wait is that of the job that has been ready the longest. Rates are those of the last " (RATED) " minutes. A "
                "limit is how many of its jobs may run at once over all servers, as they say or as was set on the page of the queue."
            }
        }
    };
    view.frame("Queues", "Queues", &body)
}

/// Lists the first queues, with or without what can be done with them.
pub(super) fn listed(
    view: &View,
    queues: &[QueueInfo],
    rates: &Rates,
    shown: usize,
    actions: bool,
) -> Markup {
    let mut columns = vec![
        "Queue",
        "Enqueued",
        "Scheduled",
        "Processing",
        "Failed",
        "Oldest wait",
        "In/min",
        "Out/min",
        "Empty in",
        "Mean run",
        "Limit",
        "Servers",
    ];
    let actions = actions && view.access.role >= Role::Operate;
    if actions {
        columns.push("Actions");
    }
    let rows = queues
        .iter()
        .take(shown)
        .map(|queue| row(view, queue, &rates.get(&queue.name).copied().unwrap_or_default(), actions));
    cards("Queues", &columns, rows, &rest(queues.len(), shown, columns.len()))
}

fn row(view: &View, queue: &QueueInfo, flow: &Flow, actions: bool) -> Card {
    let filter = JobFilter { queues: vec![queue.name.clone()], ..JobFilter::default() };
    let about = html! {
        a href=(view.base.item("/queues/", &queue.name)) { (clip(&queue.name, LINE)) }
        @if let Some(since) = queue.paused_since {
            " " span class="badge" { "paused " (view.instant(since)) }
        }
    };
    let states = [JobState::Enqueued, JobState::Scheduled, JobState::Processing, JobState::Failed];
    let counted = states.map(|state| {
        let filter = JobFilter { states: vec![state], ..filter.clone() };
        html! {
            @if queue.counts.get(state) == 0 { "0" }
            @else { (view.jobs(&filter.to_string(), &html! { (queue.counts.get(state)) })) }
        }
    });
    let mut cells = Vec::from(counted);
    cells.extend([
        html! { @if let Some(oldest) = queue.oldest { (view.instant(oldest)) } @else { "none" } },
        html! { (rate(flow.enqueued)) },
        html! { (rate(flow.ended())) },
        html! { (emptied(queue.counts.get(JobState::Enqueued), flow)) },
        html! { @if let Some(run) = flow.mean_run() { (span(run)) } @else { "–" } },
        html! {
            @if let Some(limit) = queue.limit { (limit) } @else { "none" }
            @if queue.set.is_some() { " " span class="badge" { "set" } }
        },
        html! { (queue.servers) },
    ]);
    if actions {
        cells.push(acts(view, queue, "queues"));
    }
    Card { about, cells }
}

/// Makes what can be done with a queue.
pub(super) fn acts(view: &View, queue: &QueueInfo, from: &str) -> Markup {
    let (action, label) =
        if queue.paused_since.is_some() { ("resume", "Resume") } else { ("pause", "Pause") };
    view.button(
        Role::Operate,
        &view.base.item("/queues/", &queue.name),
        &[("action", action), ("from", from)],
        label,
    )
}

/// Leads to a look at what would be deleted, if all that waits in a queue were.
pub(super) fn delete_waiting(view: &View, queue: &QueueInfo) -> Markup {
    let states = vec![JobState::Enqueued, JobState::Scheduled];
    let waits = states.iter().any(|state| queue.counts.get(*state) > 0);
    let waiting = JobFilter { queues: vec![queue.name.clone()], states, ..JobFilter::default() };
    let link = view.base.query("/operations/new", &[("action", "delete"), ("q", &waiting.to_string())]);
    html! {
        @if waits && view.access.role >= Role::Operate { a class="button" href=(link) { "Delete waiting…" } }
    }
}

/// Writes how many a minute there were, of those within the last [`RATED`] ones.
pub(super) fn rate(jobs: u64) -> String {
    let tenths = jobs * 10 / RATED as u64;
    if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() }
}

/// Says when the queue is empty, if it goes on as within the last minutes.
pub(super) fn emptied(waiting: u64, flow: &Flow) -> String {
    match flow.ended().checked_sub(flow.enqueued) {
        _ if waiting == 0 => "–".to_owned(),
        None => "it grows".to_owned(),
        Some(0) => "it stays".to_owned(),
        Some(less) => {
            let seconds = (RATED as u64 * 60).saturating_mul(waiting) / less;
            format!("about {}", span(Duration::from_secs(seconds.max(1))))
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
                    (view.jobs(&filter.to_string(), &html! { (counts.get(each)) }))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_empty_when_more_goes_than_comes() {
        assert_eq!([0, 1, 99, 100, 12_345].map(rate), ["0.0", "0.1", "9.9", "10", "1234"]);
        let flow = |enqueued, succeeded| Flow { enqueued, succeeded, ..Flow::default() };
        assert_eq!(emptied(0, &flow(1, 9)), "–");
        assert_eq!(emptied(60, &flow(10, 10)), "it stays");
        assert_eq!(emptied(60, &flow(9, 4)), "it grows");
        assert_eq!(emptied(60, &flow(10, 70)), "about 10m");
    }
}
