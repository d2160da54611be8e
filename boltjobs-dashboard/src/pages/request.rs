//! One request, and the limits of its handler with the form in which they are set.

use boltjobs_core::handler_limit::{Limit, LimitKind};
use boltjobs_core::store::JobFilter;
use maud::{Markup, html};

use super::form::{Field, field, id};
use super::frame::{LINE, View, live, sentence, table};
use super::times::times;
use crate::access::Role;
use crate::queue::STATES;
use crate::replay::Replay;
use crate::request::Request;
use crate::sample::SAMPLE;
use crate::text::{clip, counted, names, span};

/// Shows what is known of a request.
pub(crate) fn request(view: &View, request: &Request) -> Markup {
    let name = clip(request.name(), LINE);
    let body = html! {
        h1 { "Request " (name) }
        (live("state", &facts(view, request)))
        (live("times", &times(&request.seen, std::iter::empty())))
        h2 { "Limits" }
        (live("limits", &limits(view, request)))
        @if view.access.role >= Role::Operate { (form(view, request)) }
        p class="further" { a href=(view.base.path("/queues")) { "All queues" } }
    };
    view.frame("Queues", &format!("Request {name}"), &body)
}

fn facts(view: &View, request: &Request) -> Markup {
    let of = |states| {
        let filter =
            JobFilter { states, requests: request.says.names().cloned().collect(), ..JobFilter::default() };
        filter.to_string()
    };
    html! {
        div class="actions" {
            a class="button" href=(view.base.query("/jobs", &[("q", &of(Vec::new()))])) { "Its jobs" }
            @if request.servers > 0 && view.access.role >= Role::Operate {
                a class="button" href=(view.base.query("/jobs/new", &[("request", request.name())])) { "New job…" }
            }
        }
        dl {
            @for state in STATES {
                dt { (state) }
                dd { (view.jobs(&of(vec![state]), &html! { (request.counts.get(state)) })) }
            }
            @if let Some(older) = names(request.says.aliases.iter().map(|name| &**name)) {
                dt { "Older names" } dd { (sentence(&clip(&older, LINE))) }
            }
            @if let Some(version) = request.version { dt { "Version" } dd { (version) } }
            dt { "Servers" } dd { (request.servers) }
        }
    }
}

/// Says what a limit is about.
fn about(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::Concurrency => "jobs at once",
        LimitKind::ConcurrencyPerKey => "jobs of a concurrency key at once",
        LimitKind::RateLimit => "starts",
        LimitKind::RateLimitPerKey => "starts of a concurrency key",
    }
}

/// Lists what its handler is held to, by the code and by what was set.
fn limits(view: &View, request: &Request) -> Markup {
    let place = view.base.item("/requests/", request.name());
    html! {
        (table("What its handler is held to", &["Limit", "Holds", "The code says", "Set by", "Actions"], &html! {
            @for kind in LimitKind::ALL {
                @let set = request.set.iter().find(|set| set.limit.kind() == kind);
                @let code = kind.of(&request.says);
                tr {
                    th scope="row" { code { (kind) } " " span class="quiet" { (about(kind)) } }
                    td {
                        @if let Some(set) = set { strong { (set.limit) } " " span class="badge" { "edited" } }
                        @else if let Some(code) = code { (code) }
                        @else { "none" }
                    }
                    td { @if let Some(code) = code { (code) } @else { "none" } }
                    td { @if let Some(set) = set { (clip(&set.actor, LINE)) " " (view.instant(set.at)) } @else { "–" } }
                    td {
                        @if set.is_some() {
                            (view.button(
                                Role::Operate, &place, &[("action", "unlimit"), ("limit", kind.as_str())],
                                &format!("Put {kind} back"),
                            ))
                        } @else { "–" }
                    }
                }
            }
        }))
    }
}

fn form(view: &View, request: &Request) -> Markup {
    let place = view.base.item("/requests/", request.name());
    let typed = &request.typed;
    let select = html! {
        select id=(id("limit")) name="limit" {
            @for kind in LimitKind::ALL {
                option value=(kind) selected[typed.limit == kind.as_str()] { (kind) " (" (about(kind)) ")" }
            }
        }
    };
    html! {
        // It is asked for by GET, and changes nothing.
        form class="fields" method="get" action=(place) {
            (field("limit", "Another limit", None, None, &select))
            (Field {
                name: "value",
                label: "What it shall be",
                hint: Some(
                    "A number for what runs at once, a rate as 100/1m or 100/1m, burst = 10 for starts. It holds on every server and over \
                     restarts, until it is put back; what runs goes on"
                ),
                fault: request.fault.as_deref(),
            }.text(&typed.value))
            div class="actions" { button type="submit" { "Preview" } }
        }
        @if let (Some(limit), Some(found)) = (&request.wanted, &request.what_if) {
            (preview(limit, found))
            @let (kind, value) = (limit.kind(), limit.to_string());
            (view.button(
                Role::Operate, &place, &[("action", "limit"), ("limit", kind.as_str()), ("value", &value)],
                &format!("Set {kind} to {value}"),
            ))
        }
    }
}

fn preview(limit: &Limit, found: &Replay) -> Markup {
    let starts = || counted(found.starts as u64, "start");
    html! {
        @if found.starts == 0 {
            p { "No start of its jobs is known from the last hour, so there is nothing to tell what that would mean." }
        } @else {
            p {
                "Of the " (starts()) " of its jobs that are known from the last hour, "
                @if found.later == 0 { strong { "none" } " would have been later" }
                @else {
                    strong { (found.later) } " would have been later, by up to " strong { (span(found.longest)) }
                }
                " with " code { (limit.kind()) " = " (limit) } "."
            }
            p class="quiet" {
                "They are begun anew under it, in their order, each for as long as it ran: those of the up to " (SAMPLE) " jobs that were "
                "enqueued last. What else holds jobs back does not come into it."
            }
        }
    }
}
