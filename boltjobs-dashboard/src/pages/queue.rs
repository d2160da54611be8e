//! One queue.

use boltjobs_core::JobState;
use boltjobs_core::store::{JobFilter, Limits};
use maud::{Markup, html};

use super::frame::{LINE, View, live, table};
use super::limit::limit;
use super::queues::{acts, delete_waiting, emptied, rate};
use super::times::times;
use crate::overview::RATED;
use crate::queue::{Key, Queue, STATES};
use crate::text::{clip, counted};

/// Shows what is known of a queue.
pub(crate) fn queue(view: &View, queue: &Queue) -> Markup {
    let info = &queue.info;
    let name = clip(&info.name, LINE);
    let parts = queue.sample.requests.iter().map(|(request, seen)| (&**request, seen));
    let parts = parts.filter(|_| queue.sample.requests.len() > 1);
    let body = html! {
        h1 { "Queue " (name) }
        (live("state", &html! {
            @if let Some(since) = info.paused_since { p { span class="badge" { "paused " (view.instant(since)) } } }
            div class="actions" { (acts(view, info, "queue")) (delete_waiting(view, info)) }
            (facts(view, queue))
        }))
        (live("times", &times(&queue.sample.all, parts)))
        (live("requests", &requests(view, queue)))
        (live("next", &next(view, queue)))
        (live("keys", &keys(queue)))
        (limit(view, queue))
        p { a href=(view.base.path("/queues")) { "All queues" } }
    };
    view.frame("Queues", &format!("Queue {name}"), &body)
}

fn facts(view: &View, queue: &Queue) -> Markup {
    let (info, flow) = (&queue.info, &queue.flow);
    let of =
        |state| JobFilter { states: vec![state], queues: vec![info.name.clone()], ..JobFilter::default() };
    html! {
        dl {
            @for state in STATES {
                dt { (state) }
                dd { (view.jobs(&of(state).to_string(), &html! { (info.counts.get(state)) })) }
            }
            dt { "Oldest wait" }
            dd { @if let Some(oldest) = info.oldest { (view.instant(oldest)) } @else { "none" } }
            dt { "In and out a minute" }
            dd { (rate(flow.enqueued)) " and " (rate(flow.ended())) ", within the last " (RATED) " minutes" }
            dt { "Empty in" }
            dd { (emptied(info.counts.get(JobState::Enqueued), flow)) }
            dt { "Limit" }
            dd { @if let Some(at_most) = info.limit { (at_most) " at once" } @else { "none" } }
            dt { "Servers" }
            dd { (info.servers) }
        }
    }
}

fn requests(view: &View, queue: &Queue) -> Markup {
    let columns = ["Request", "Enqueued", "Scheduled", "Processing", "Failed", "Limits of its handler"];
    html! {
        (table("Requests of the queue", &columns, &html! {
            @for request in &queue.requests {
                @let filter = JobFilter {
                    queues: vec![queue.info.name.clone()], requests: vec![request.name.clone()], ..JobFilter::default()
                };
                tr {
                    th scope="row" { (view.jobs(&filter.to_string(), &html! { (clip(&request.name, LINE)) })) }
                    @for (state, jobs) in &request.counts {
                        @let filter = JobFilter { states: vec![*state], ..filter.clone() };
                        td class="number" { @if *jobs == 0 { "0" } @else { (view.jobs(&filter.to_string(), &html! { (jobs) })) } }
                    }
                    td {
                        a href=(view.base.item("/requests/", &request.name)) { (limits(&request.limits)) }
                        @if request.is_set { " " span class="badge" { "edited" } }
                    }
                }
            }
            @if queue.requests.is_empty() { tr { td colspan=(columns.len()) { "none" } } }
            @if queue.left_out > 0 { tr { td colspan=(columns.len()) { (queue.left_out) " more with fewer jobs" } } }
        }))
    }
}

/// Says what jobs of a handler are held to.
pub(crate) fn limits(limits: &Limits) -> String {
    if !limits.is_any() {
        return "none".to_owned();
    }
    let parts = [
        limits.concurrency.map(|most| format!("{most} at once")),
        limits.per_key.map(|most| format!("{most} of a key at once")),
        limits.rate.map(|rate| rate.to_string()),
        limits.rate_per_key.map(|rate| format!("{rate} of a key")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn keys(queue: &Queue) -> Markup {
    let most = queue.keys.iter().map(|key| key.jobs).max().unwrap_or(1);
    html! {
        @if !queue.keys.is_empty() {
            (table("Keys with most jobs", &["Key", "Jobs", "Running", "At once"], &html! {
                @for key in &queue.keys {
                    tr {
                        th scope="row" { code { (clip(&key.name, LINE)) } }
                        td class="number" { (key.jobs) (bar(key, most)) }
                        td class="number" { (key.running) }
                        td class="number" { @if let Some(limit) = key.limit { (limit) } @else { "any" } }
                    }
                }
            }))
            p class="quiet" {
                "Of the " (counted(queue.looked_at as u64, "job")) " that wait for a worker or run and were enqueued last. At once: how many of "
                "a key may run, by what the handlers are held to."
            }
        }
    }
}

/// Draws how many jobs a key has beside the one that has most, and how many of them run. The numbers say the same.
fn bar(key: &Key, most: usize) -> Markup {
    let (jobs, running) = (key.jobs * 100 / most.max(1), key.running * 100 / most.max(1));
    html! {
        svg class="segments" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" {
            rect class="segment enqueued" width=(jobs.max(1)) height="1" {}
            rect class="segment processing" width=(running) height="1" {}
        }
    }
}

/// Lists the jobs that a claim would take first.
fn next(view: &View, queue: &Queue) -> Markup {
    let (jobs, looked_at) = &queue.next;
    html! {
        @if !jobs.is_empty() {
            (table("Next to be claimed", &["Job", "Request", "Priority", "Ready"], &html! {
                @for job in jobs {
                    tr {
                        th scope="row" { (view.job(job.id, job.spec.title())) }
                        td { (clip(&job.spec.request, LINE)) }
                        td class="number" { (job.spec.priority) }
                        td { (view.instant(job.since)) }
                    }
                }
            }))
            p class="quiet" {
                "In the order of a claim: by priority, then first come, first served; a limit, a key or a server that can't run one may let others "
                "pass. Of the " (counted(*looked_at as u64, "waiting job")) " that were enqueued first."
            }
        }
    }
}
