//! The first page: whether all is well, and what there is.

use boltjobs_core::deploy::Deploy;
use boltjobs_core::job::ErrorInfo;
use boltjobs_core::throughput::{Throughput, Window};
use maud::{Markup, html};

use super::chart::{chart, zoomed};
use super::first::first;
use super::frame::{LINE, View, live, live_list, rest, sentence, table};
use super::icons::icon;
use super::pause::offer;
use super::silence::snooze;
use super::{queues, recurring, servers};
use crate::overview::{Overview, rated};
use crate::text::{clip, counted};
use crate::verdict::verdict;
use crate::zoom::{SPANS, Zoom};

/// The most queues and servers that are listed; their pages have all of them.
const ROWS: usize = 10;

/// The most recurring definitions that are listed.
const RUNS: usize = 10;

/// Shows how everything stands.
pub(crate) fn overview(view: &View, overview: &Overview, graphs: &Graphs) -> Markup {
    let (verdict, found, is_new) = (verdict(overview), overview.found(), overview.is_new());
    let next = overview.next_runs();
    // What is empty stays where it is, so that the script finds what comes.
    let once = |content: Markup| html! { @if !is_new { (content) } };
    let body = html! {
        // Its sentence is the one thing that is read out when it changes.
        section id="verdict" data-live class="verdict" {
            h1 class=(if verdict.is_well { "well" } else { "unwell" }) aria-live="polite" {
                (icon(if verdict.is_well { "succeeded" } else { "failures" })) " " (verdict.sentence)
            }
            p class="found" {
                (counted(found.servers, "server")) ", " (counted(found.workers, "worker")) ", " (counted(found.requests, "request"))
                @if !overview.recurring.is_empty() {
                    ", " a href=(view.base.path("/recurring")) { (counted(overview.recurring.len() as u64, "recurring definition")) }
                }
            }
            @if !verdict.reasons.is_empty() {
                ul class="reasons" {
                    @for (check, reason) in &verdict.reasons {
                        li {
                            span { (sentence(&reason.text)) } " "
                            (snooze(view, check))
                            a class="button" href=(view.base.query(reason.page, &[("q", &reason.query)])) aria-label=(format!("Look at this: {}", reason.text)) {
                                "Look"
                            }
                        }
                    }
                }
            }
            @if verdict.silenced > 0 {
                p class="quiet" {
                    a href=(view.base.path("/health")) { (counted(verdict.silenced as u64, "more thing")) } ", silenced for a while."
                }
            }
        }
        (live("first", &html! { @if is_new { (first(view, overview)) } }))
        (live("states", &once(queues::states(view, &overview.counts.states))))
        (live("graphs", &once(graphed(view, graphs))))
        (live("queues", &once(queues::listed(view, &rated(overview.queues.clone(), &overview.rates), None, ROWS, false))))
        (live("pause", &once(offer(view, overview.queues.iter()))))
        (live("servers", &servers::listed(view, &overview.servers, None, ROWS)))
        (live_list("failed", &once(failed(view, overview))))
        (live("next", &html! { @if !is_new || !next.is_empty() { (recurring::upcoming(view, &next, RUNS)) } }))
    };
    view.frame("Overview", "Overview", &body)
}

/// What came and ended: second by second in the last minute, and in a span that is chosen.
#[derive(Debug)]
pub(crate) struct Graphs {
    pub(crate) minute: (Window, Throughput),
    pub(crate) zoom: Zoom,
    pub(crate) history: Throughput,
    /// When the program became another one, the latest first.
    pub(crate) deploys: Vec<Deploy>,
}

fn graphed(view: &View, graphs: &Graphs) -> Markup {
    html! {
        div class="graphs" {
            (chart("The last minute", &graphs.minute.0, &graphs.minute.1, &graphs.deploys))
            div {
                (zoomed(view, &graphs.zoom, &graphs.history, &graphs.deploys))
                nav class="tabs" aria-label="Span of the graph" {
                    @for (span, _, _) in SPANS {
                        a href=(view.base.query("/", &[("span", span)])) aria-current=[(Some(span) == graphs.zoom.name).then_some("page")] {
                            "Last " (span)
                        }
                    }
                }
            }
        }
    }
}

fn failed(view: &View, overview: &Overview) -> Markup {
    let error = |error: Option<&ErrorInfo>| error.map(ToString::to_string).unwrap_or_default();
    table(
        "Failed jobs, those that were enqueued last",
        &["Job", "Error", "Failed"],
        &html! {
            @for job in &overview.failed {
                tr {
                    th scope="row" { (view.job(job.id, job.spec.title())) }
                    td { (clip(&error(job.last_error()), LINE)) }
                    td { (view.instant(job.since)) }
                }
            }
            (rest(overview.failed.len(), usize::MAX, 3))
        },
    )
}
