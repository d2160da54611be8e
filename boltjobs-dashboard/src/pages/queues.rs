//! The queues.

use std::time::Duration;

use boltjobs_core::store::{JobFilter, QueueInfo};
use boltjobs_core::throughput::Flow;
use boltjobs_core::{JobState, Timestamp};
use maud::{Markup, html};

use super::frame::{Card, LINE, View, cards, cards_under, live, rest, state};
use super::pause::offer;
use super::sorting::{By, Sorted};
use crate::access::Role;
use crate::overview::RATED;
use crate::text::{clip, span};

/// The most queues that are listed.
const ROWS: usize = 1_000;

/// A queue with what came and ended in it within the last minutes.
pub(crate) type Rated = (QueueInfo, Flow);

/// The columns by which queues can be sorted. A queue of which no job waits has waited the shortest.
pub(crate) const BY: [By<Rated>; 9] = [
    By("Queue", "name", |(a, _), (b, _)| a.name.cmp(&b.name)),
    By("Enqueued", "enqueued", |a, b| of(a, JobState::Enqueued).cmp(&of(b, JobState::Enqueued))),
    By("Scheduled", "scheduled", |a, b| of(a, JobState::Scheduled).cmp(&of(b, JobState::Scheduled))),
    By("Processing", "processing", |a, b| of(a, JobState::Processing).cmp(&of(b, JobState::Processing))),
    By("Failed", "failed", |a, b| of(a, JobState::Failed).cmp(&of(b, JobState::Failed))),
    By("Oldest wait", "wait", |(a, _), (b, _)| {
        let since = |queue: &QueueInfo| queue.oldest.unwrap_or(Timestamp::MAX);
        since(b).cmp(&since(a))
    }),
    By("In/min", "in", |(_, a), (_, b)| a.enqueued.cmp(&b.enqueued)),
    By("Out/min", "out", |(_, a), (_, b)| a.ended().cmp(&b.ended())),
    By("Servers", "servers", |(a, _), (b, _)| a.servers.cmp(&b.servers)),
];

fn of((queue, _): &Rated, state: JobState) -> u64 {
    queue.counts.get(state)
}

/// Shows all queues.
pub(crate) fn queues(view: &View, queues: &[Rated], sorted: &Sorted) -> Markup {
    let body = html! {
        h1 { "Queues" }
        (live("list", &html! {
            @if queues.is_empty() {
                p class="empty" {
                    "No queue yet: there is one as soon as a job is enqueued to it, or a server works it."
                }
            } @else { (offer(view, queues.iter().map(|(queue, _)| queue))) (listed(view, queues, Some(sorted), ROWS, true)) }
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
    queues: &[Rated],
    sorted: Option<&Sorted>,
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
    let rows = queues.iter().take(shown).map(|(queue, flow)| row(view, queue, flow, actions));
    let rest = rest(queues.len(), shown, columns.len());
    match sorted {
        Some(sorted) => {
            cards_under("Queues", &sorted.head(view, "/queues", &columns, &BY), &columns, rows, &rest)
        }
        None => cards("Queues", &columns, rows, &rest),
    }
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
    match empty_in(waiting, flow) {
        _ if waiting == 0 => "–".to_owned(),
        Some(time) => format!("about {}", span(time)),
        None if flow.ended() < flow.enqueued => "it grows".to_owned(),
        None => "it stays".to_owned(),
    }
}

/// Returns when the queue is empty, if it goes on so; `None` where it is not.
pub(crate) fn empty_in(waiting: u64, flow: &Flow) -> Option<Duration> {
    let less = flow.ended().checked_sub(flow.enqueued).filter(|less| *less > 0)?;
    let seconds = (RATED as u64 * 60).saturating_mul(waiting) / less;
    Some(Duration::from_secs(if waiting == 0 { 0 } else { seconds.max(1) }))
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
