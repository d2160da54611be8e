//! One server.

use boltjobs_core::order::{LOGS_FOR, Order, WorkOrder};
use boltjobs_core::store::Duty;
use maud::{Markup, html};

use super::frame::{LINE, View, absolute, lasting, live, sentence, table};
use super::log::LEVELS;
use super::servers::{badges, worked};
use crate::access::Role;
use crate::server::Server;
use crate::text::{bytes, clip, counted, span};

/// The most slots that are listed.
const SLOTS: usize = 500;

/// Shows one server, and what each of its slots runs.
pub(crate) fn server(view: &View, server: &Server) -> Markup {
    let name = clip(&server.info.offer.server, LINE);
    let body = html! {
        h1 { "Server " (name) }
        (live("state", &html! {
            p { (badges(view, &server.info)) }
            @if server.is_lost { (lost()) }
            @if let Some(order) = &server.orders.work { (ordered(view, server, order)) }
            @if !server.is_lost { (actions(view, server)) }
            (facts(view, server))
        }))
        (live("slots", &slots(view, server)))
        @if !server.is_lost { (logs(view, server)) }
        p { a href=(view.base.path("/servers")) { "All servers" } }
    };
    view.frame("Servers", &format!("Server {name}"), &body)
}

fn lost() -> Markup {
    html! {
        p class="alert" {
            "It has not been heard of for a whole lease: its process ended without a word, or stands still. What it ran goes back to "
            "its place, and is run again, as soon as another server is heard of."
        }
    }
}

/// Says what it was ordered to do, and whether it does so by now.
fn ordered(view: &View, server: &Server, order: &WorkOrder) -> Markup {
    let vitals = &server.info.offer.vitals;
    html! {
        p {
            "Ordered to " (match order.order { Order::Quiet => "be quiet", Order::Stop => "stop" }) " by " (clip(&order.actor, LINE)) " "
            (view.instant(order.at)) "."
            @if vitals.duty == Duty::Works { " It does so with its next heartbeat at the latest." }
            @else if order.order == Order::Stop && !vitals.stoppable { " " (not_stoppable()) }
        }
    }
}

fn not_stoppable() -> Markup {
    sentence(
        "Its program does not wait for that order, neither in `run_until_signal()` nor in `until_ordered_to_stop()`: it claims \
         nothing more, and stays.",
    )
}

fn actions(view: &View, server: &Server) -> Markup {
    let path = view.base.item("/servers/", &server.info.offer.server);
    let order = server.orders.work.as_ref().map(|it| it.order);
    let button = |action, label| view.button(Role::Operate, &path, &[("action", action)], label);
    html! {
        div class="actions" {
            @if order.is_none() { (button("quiet", "Quiet")) } @else { (button("resume", "Resume")) }
            @if order != Some(Order::Stop) && view.access.role >= Role::Administer {
                a class="button" href=(format!("{path}/stop")) { "Stop…" }
            }
        }
    }
}

fn facts(view: &View, server: &Server) -> Markup {
    let (info, vitals) = (&server.info, &server.info.offer.vitals);
    html! {
        dl {
            @if let Some(version) = &vitals.version { dt { "Version" } dd { code { (clip(version, LINE)) } } }
            dt { "Workers" } dd { (info.running) " of " (info.offer.workers) " busy" }
            dt { "Queues" } dd { (sentence(&worked(info))) }
            dt { "Requests" } dd { (info.offer.requests().count()) }
            @if let Some(resident) = vitals.resident { dt { "Memory" } dd { (bytes(resident)) } }
            @if let Some(lag) = vitals.lag { dt { "Lag" } dd { (span(lag)) } }
            dt { "Lease" } dd { (span(info.offer.lease)) }
            dt { "Started" } dd { (view.instant(info.started_at)) }
            dt { "Heartbeat" } dd { (view.instant(info.heartbeat)) }
        }
    }
}

fn slots(view: &View, server: &Server) -> Markup {
    let (running, listed) = (server.info.running as usize, server.slots.len().min(SLOTS));
    html! {
        (table("What its workers run", &["Worker", "Job", "Request", "For"], &html! {
            @for (slot, since, job) in server.slots.iter().take(SLOTS) {
                tr {
                    th scope="row" { (slot) }
                    td { (view.job(job.id, job.spec.title())) }
                    td { (clip(&job.spec.request, LINE)) }
                    td { (lasting(*since, view.now)) @if job.cancel.is_some() { ", asked to stop" } }
                }
            }
            @if server.slots.is_empty() { tr { td colspan="4" { "none" } } }
        }))
        @if running > listed {
            p class="quiet" { (counted((running - listed) as u64, "more job")) " of it are not listed." }
        }
    }
}

/// Says up to which level it keeps logs, and asks for another for a while.
fn logs(view: &View, server: &Server) -> Markup {
    let path = view.base.item("/servers/", &server.info.offer.server);
    let order = server.orders.log.as_ref().filter(|it| it.until > view.now);
    html! {
        h2 { "Logs" }
        (live("logs", &html! {
            p {
                @if let Some(order) = order {
                    "Until " (absolute(order.until)) " the logs of its jobs have what their handlers log up to " (order.level) ", as "
                    (clip(&order.actor, LINE)) " has ordered."
                } @else {
                    "The logs of its jobs have what their handlers log up to the level of its " code { "log_level(..)" } ", which is INFO "
                    "where nothing is set."
                }
            }
        }))
        @if view.access.role >= Role::Operate {
            form class="actions" method="post" action=(path) {
                (view.token())
                input type="hidden" name="action" value="log";
                label {
                    "Keep more, up to "
                    select name="level" {
                        @for (name, _, level) in LEVELS.iter().rev() { option value=(name) selected[*name == "debug"] { (level) } }
                    }
                }
                button type="submit" { "For " (span(LOGS_FOR)) }
            }
        }
    }
}

/// Says what it means to stop a server, before it is done.
pub(crate) fn stop_server(view: &View, server: &Server) -> Markup {
    let (info, name) = (&server.info, clip(&server.info.offer.server, LINE));
    let path = view.base.item("/servers/", &info.offer.server);
    let body = html! {
        h1 { "Stop " (name) "?" }
        @if info.offer.vitals.stoppable {
            p {
                strong { (counted(u64::from(info.running), "running job")) } " may go on for its shutdown timeout; what runs longer is told "
                "to stop, goes back to its place, and is run again by another server. Then its process goes on behind "
                code { "run_until_signal()" } ", which for most programs is their end. Whatever starts programs anew may start this one, too."
            }
            p class="quiet" { "If it is the one that shows this page, the page goes with it." }
        } @else {
            p { (not_stoppable()) }
        }
        form class="act" method="post" action=(path) {
            (view.token())
            input type="hidden" name="action" value="stop";
            button type="submit" class="main bad" { "Stop " (name) }
        }
        p class="further" { a href=(path) { "Back to the server" } }
    };
    view.frame("Servers", "Stop a server", &body)
}
