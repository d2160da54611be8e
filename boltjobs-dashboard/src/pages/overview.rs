//! The first page: whether all is well, and what there is.

use boltjobs_core::JobState;
use boltjobs_core::job::ErrorInfo;
use boltjobs_core::store::{QueueInfo, QueueOrder, ServerInfo};
use maud::{Markup, html};

use super::frame::{frame, instant, state};
use crate::overview::Overview;
use crate::text::{clip, names};
use crate::verdict::verdict;

/// The most queues and servers that are listed.
const ROWS: usize = 100;

/// The most recurring definitions that are listed.
const RUNS: usize = 10;

/// The most characters of a title or an error in a list.
const LINE: usize = 300;

/// Shows how everything stands.
pub(crate) fn overview(overview: &Overview) -> Markup {
    let verdict = verdict(overview);
    let body = html! {
        h1 class=(if verdict.reasons.is_empty() { "well" } else { "unwell" }) { (verdict.sentence) }
        @if !verdict.reasons.is_empty() {
            ul { @for reason in &verdict.reasons { li { (reason) } } }
        }
        (counters(overview))
        (queues(overview))
        (servers(overview))
        (failed(overview))
        (next_runs(overview))
        footer { "Store " code { (overview.location) } ", as of " (overview.now) ". Reload to look again." }
    };
    frame("Overview", &body)
}

fn counters(overview: &Overview) -> Markup {
    html! {
        table {
            caption { "Jobs" }
            thead { tr { @for each in JobState::ALL { th scope="col" { (state(each)) } } } }
            tbody { tr { @for each in JobState::ALL { td { (overview.counts.states.get(each)) } } } }
        }
    }
}

fn queues(overview: &Overview) -> Markup {
    html! {
        table {
            caption { "Queues" }
            thead {
                tr {
                    @for title in ["Queue", "Enqueued", "Scheduled", "Processing", "Oldest wait", "Limit", "Servers"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody {
                @for queue in overview.queues.iter().take(ROWS) { (queue_row(queue, overview)) }
                (rest(overview.queues.len(), ROWS, 7))
            }
        }
    }
}

fn queue_row(queue: &QueueInfo, overview: &Overview) -> Markup {
    html! {
        tr {
            th scope="row" {
                (queue.name)
                @if let Some(since) = queue.paused_since { " (paused " (instant(since, overview.now)) ")" }
            }
            @for each in [JobState::Enqueued, JobState::Scheduled, JobState::Processing] {
                td { (queue.counts.get(each)) }
            }
            td { @if let Some(oldest) = queue.oldest { (instant(oldest, overview.now)) } @else { "none" } }
            td { @if let Some(limit) = queue.limit { (limit) } @else { "none" } }
            td { (queue.servers) }
        }
    }
}

fn servers(overview: &Overview) -> Markup {
    html! {
        table {
            caption { "Servers" }
            thead {
                tr {
                    @for title in ["Server", "Workers", "Queues", "Requests", "Started", "Heartbeat"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody {
                @for server in overview.servers.iter().take(ROWS) {
                    tr {
                        th scope="row" { (server.offer.server) }
                        td { (server.offer.workers) }
                        td { (worked(server)) }
                        td { (server.offer.handles.len()) }
                        td { (instant(server.started_at, overview.now)) }
                        td { (instant(server.heartbeat, overview.now)) }
                    }
                }
                (rest(overview.servers.len(), ROWS, 6))
            }
        }
    }
}

fn worked(server: &ServerInfo) -> String {
    let named = match &server.offer.queues {
        QueueOrder::All => None,
        QueueOrder::Strict(queues) => names(queues.iter().map(|queue| &**queue)),
        QueueOrder::Weighted(weights) => names(weights.iter().map(|(queue, _)| &**queue)),
    };
    named.unwrap_or_else(|| "all".to_owned())
}

fn failed(overview: &Overview) -> Markup {
    let error = |error: Option<&ErrorInfo>| error.map(ToString::to_string).unwrap_or_default();
    html! {
        table {
            caption { "Failed jobs, those that were enqueued last" }
            thead { tr { @for title in ["Job", "Error", "Failed"] { th scope="col" { (title) } } } }
            tbody {
                @for job in &overview.failed {
                    tr {
                        th scope="row" { a href={ "/jobs/" (job.id) } { (clip(job.spec.title(), LINE)) } }
                        td { (clip(&error(job.last_error()), LINE)) }
                        td { (instant(job.since, overview.now)) }
                    }
                }
                (rest(overview.failed.len(), usize::MAX, 3))
            }
        }
    }
}

fn next_runs(overview: &Overview) -> Markup {
    let runs = overview.next_runs();
    html! {
        table {
            caption { "Next recurring runs" }
            thead { tr { @for title in ["Definition", "Cron", "Time zone", "Next"] { th scope="col" { (title) } } } }
            tbody {
                @for (recurring, next) in runs.iter().take(RUNS) {
                    tr {
                        th scope="row" { (clip(&recurring.definition.id, LINE)) }
                        td { code { (recurring.definition.cron) } }
                        td { (recurring.definition.zone) }
                        td { (instant(*next, overview.now)) }
                    }
                }
                (rest(runs.len(), RUNS, 4))
            }
        }
    }
}

/// Says what a table does not show.
fn rest(rows: usize, shown: usize, columns: usize) -> Markup {
    html! {
        @if rows == 0 { tr { td colspan=(columns) { "none" } } }
        @if rows > shown { tr { td colspan=(columns) { (rows - shown) " more" } } }
    }
}
