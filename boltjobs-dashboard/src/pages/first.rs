//! What the first page shows while there is no job: how to make one.

use boltjobs_core::JobState;
use boltjobs_core::demo;
use boltjobs_core::job::Job;
use boltjobs_core::literal::enqueue_code;
use maud::{Markup, html};

use super::frame::View;
use crate::access::{By, Role};
use crate::demo::queue;
use crate::overview::Overview;

/// What to write where no server handles anything.
const BEGINNING: &str = "#[request]
struct Greet {
    name: String,
}

#[handler]
async fn greet(request: Greet) {
    println!(\"Hello, {}!\", request.name);
}";

/// Shows how to enqueue a request of the program, and offers to run a demo.
pub(super) fn first(view: &View, overview: &Overview) -> Markup {
    let requests = || overview.servers.iter().flat_map(|server| server.offer.requests());
    // One whose fields are known tells more.
    let request = requests().find(|(_, handled)| handled.shape.is_some()).or_else(|| requests().next());
    html! {
        div class="empty" {
            h2 { "No job yet" }
            @match request {
                Some((name, handled)) => {
                    p { "This enqueues one, anywhere in the program:" }
                    pre { code { (enqueue_code(handled.shape.as_deref(), name)) } }
                }
                None => {
                    p { "Write a request and its handler, and start the program again:" }
                    pre { code { (BEGINNING) } }
                }
            }
            @if queue(&overview.servers).is_some() { (offered(view)) }
        }
    }
}

fn offered(view: &View) -> Markup {
    html! {
        @if view.access.role >= Role::Operate {
            div class="actions" {
                (view.button(Role::Operate, &view.base.path("/demo"), &[("action", "run")], "Run a demo job"))
            }
            p { "It takes two seconds, and does nothing but report how far it is." }
        } @else {
            p {
                "To run a demo job here, "
                @match view.access.by {
                    By::Nothing => {
                        "start with " code { "dashboard_role(DashboardRole::Operate)" } " or "
                        code { "BOLTJOBS_DASHBOARD_ROLE=operate" } "."
                    }
                    By::App | By::Header | By::Session => { "have a role of " code { "operate" } "; yours is " code { "read" } "." }
                }
            }
        }
    }
}

/// Says on the page of a demo what there is to see next. `again` says whether another one would be run.
pub(super) fn hint(view: &View, job: &Job, again: bool) -> Markup {
    let acts = again && view.access.role >= Role::Operate;
    html! {
        @if demo::is(&job.spec.request) {
            div class="hint" {
                p {
                    @if job.state == JobState::Failed {
                        "It failed, as it was asked to: see " (failures(view)) "."
                    } @else if acts {
                        // Without the script there are no keys.
                        noscript { "Make " } span class="keyed" { "Press " kbd { "?" } " for keys, or make " }
                        "one fail to see " (failures(view)) "."
                    } @else {
                        span class="keyed" { "Press " kbd { "?" } " for keys." }
                    }
                }
                @if acts {
                    (view.button(Role::Operate, &view.base.path("/demo"), &[("action", "fail")], "Make one fail"))
                }
            }
        }
    }
}

fn failures(view: &View) -> Markup {
    html! { a href=(view.base.path("/failures")) { "Failures" } }
}
