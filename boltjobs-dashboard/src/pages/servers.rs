//! The servers.

use std::collections::BTreeSet;

use boltjobs_core::store::{Duty, QueueOrder, ServerInfo};
use maud::{Markup, html};

use super::frame::{Card, LINE, View, cards, cards_under, live, rest, sentence, table};
use super::sorting::{By, Sorted};
use crate::health::is_late;
use crate::server::{Servers, is_unheard};
use crate::text::{bytes, clip, counted, names, span};

/// The most servers that are listed.
const ROWS: usize = 1_000;

/// The most requests that are listed of a server.
const REQUESTS: usize = 200;

/// The most slots that are drawn.
const SLOTS: u32 = 100;

/// The columns by which servers can be sorted.
pub(crate) const BY: [By<ServerInfo>; 7] = [
    By("Server", "name", |a, b| a.offer.server.cmp(&b.offer.server)),
    By("Version", "version", |a, b| a.offer.vitals.version.cmp(&b.offer.vitals.version)),
    By("Workers", "busy", |a, b| a.running.cmp(&b.running)),
    By("Memory", "memory", |a, b| a.offer.vitals.resident.cmp(&b.offer.vitals.resident)),
    By("Lag", "lag", |a, b| a.offer.vitals.lag.cmp(&b.offer.vitals.lag)),
    By("Started", "started", |a, b| a.started_at.cmp(&b.started_at)),
    By("Heartbeat", "heartbeat", |a, b| a.heartbeat.cmp(&b.heartbeat)),
];

/// Shows all servers, and what each of them handles.
pub(crate) fn servers(view: &View, all: &Servers, sorted: &Sorted) -> Markup {
    let servers = &all.here;
    let body = html! {
        h1 { "Servers" }
        (live("list", &html! {
            @if servers.is_empty() {
                p class="empty" {
                    "No server is there: jobs are accepted, and nothing runs them. Start one with "
                    code { "boltjobs::start()" } "."
                }
            } @else {
                (mixed(servers))
                (listed(view, servers, Some(sorted), ROWS))
                @for server in servers.iter().take(ROWS) { (handled(server)) }
            }
            @if !all.lost.is_empty() { (lost(view, &all.lost)) }
        }))
        @if !servers.is_empty() {
            p class="quiet" {
                "Memory is that of the process. The lag is how late the runtime of the handlers came to something that it was to do "
                "at once; it is measured once for each heartbeat. A version is what " code { "builder().version(..)" } " or "
                code { "BOLTJOBS_VERSION" } " says."
            }
        }
    };
    view.frame("Servers", "Servers", &body)
}

/// Says when several versions of the program are running.
fn mixed(servers: &[ServerInfo]) -> Markup {
    let told = servers.iter().filter_map(|server| server.offer.vitals.version.as_deref());
    let versions: BTreeSet<_> = told.collect();
    let named = names(versions.iter().copied()).unwrap_or_default();
    html! {
        @if versions.len() > 1 {
            p class="alert" {
                span { (versions.len()) " versions are running: " (sentence(&named)) ". While a release is rolled out that is as it should be." }
            }
        }
    }
}

/// Lists the first servers.
pub(super) fn listed(view: &View, servers: &[ServerInfo], sorted: Option<&Sorted>, shown: usize) -> Markup {
    let columns =
        ["Server", "Version", "Workers", "Queues", "Requests", "Memory", "Lag", "Started", "Heartbeat"];
    let rows = servers.iter().take(shown).map(|server| row(view, server));
    let rest = rest(servers.len(), shown, columns.len());
    match sorted {
        Some(sorted) => {
            cards_under("Servers", &sorted.head(view, "/servers", &columns, &BY), &columns, rows, &rest)
        }
        None => cards("Servers", &columns, rows, &rest),
    }
}

fn row(view: &View, server: &ServerInfo) -> Card {
    let vitals = &server.offer.vitals;
    let cells = vec![
        html! { @if let Some(version) = &vitals.version { code { (clip(version, LINE)) } } @else { "–" } },
        slots(server),
        sentence(&worked(server)),
        html! { (server.offer.requests().count()) },
        html! { (vitals.resident.map_or_else(|| "–".to_owned(), bytes)) },
        html! {
            @match vitals.lag {
                None => { "–" }
                Some(lag) => { (span(lag)) @if is_late(server) { " " span class="badge bad" { "blocked" } } }
            }
        },
        view.instant(server.started_at),
        html! {
            (view.instant(server.heartbeat))
        },
    ];
    Card { about: html! { (link(view, server)) " " (badges(view, server)) }, cells }
}

fn link(view: &View, server: &ServerInfo) -> Markup {
    let name = &server.offer.server;
    html! { a href=(view.base.item("/servers/", name)) { (clip(name, LINE)) } }
}

/// Says what is out of the ordinary: that it is quiet or stops, keeps more of the logs, or was possibly aborted.
pub(super) fn badges(view: &View, server: &ServerInfo) -> Markup {
    let vitals = &server.offer.vitals;
    html! {
        @if is_unheard(server, view.now) { span class="badge bad" { "possibly aborted" } " " }
        @if vitals.duty != Duty::Works { span class="badge" { (vitals.duty.word()) } " " }
        @if let Some((level, _)) = vitals.logs.filter(|(_, until)| *until > view.now) { span class="badge" { "logs up to " (level) } }
    }
}

/// Lists those that ended without a word.
fn lost(view: &View, lost: &[ServerInfo]) -> Markup {
    html! {
        h2 { "Possibly aborted" }
        (table("Servers that ended without a word", &["Server", "Version", "Last heard of", "Still its jobs"], &html! {
            @for server in lost {
                tr {
                    th scope="row" { (link(view, server)) }
                    td { @if let Some(version) = &server.offer.vitals.version { code { (clip(version, LINE)) } } @else { "–" } }
                    td { (view.instant(server.heartbeat)) }
                    td class="number" { (server.running) }
                }
            }
        }))
        p class="quiet" {
            "They were not heard of for a whole lease, and have not said that they end. What they ran goes back to its place when "
            "another server is heard of. They are listed for a day, and not over a restart of the process that has the store."
        }
    }
}

/// Says how many jobs a server runs of those that it may, and draws it where they are few.
fn slots(server: &ServerInfo) -> Markup {
    let (busy, all) = (server.running, server.offer.workers);
    html! {
        span class="number" { (busy) " of " (all) " busy" }
        @if all <= SLOTS {
            span class="slots" aria-hidden="true" {
                @for slot in 0..all { span class=[(slot < busy).then_some("busy")] {} }
            }
        }
    }
}

pub(super) fn worked(server: &ServerInfo) -> String {
    let named = match &server.offer.queues {
        QueueOrder::All => None,
        QueueOrder::Strict(queues) => names(queues.iter().map(|queue| &**queue)),
        QueueOrder::Weighted(weights) => names(weights.iter().map(|(queue, _)| &**queue)),
    };
    named.unwrap_or_else(|| "all".to_owned())
}

fn handled(server: &ServerInfo) -> Markup {
    let handles: Vec<_> = server.offer.requests().collect();
    html! {
        details {
            summary { (clip(&server.offer.server, LINE)) " handles " (counted(handles.len() as u64, "request")) }
            ul {
                @for (request, handled) in handles.iter().take(REQUESTS) {
                    li { code { (clip(request, LINE)) } ", version " (handled.version) }
                }
                @if handles.len() > REQUESTS { li { (handles.len() - REQUESTS) " more" } }
            }
        }
    }
}
