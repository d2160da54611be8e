//! What is done to many jobs at once.

use std::borrow::Cow;

use boltjobs_core::job::Job;
use boltjobs_core::operation::{BACK, BACK_FOR, Bulk, NAMED, Operation, Skips, Status};
use maud::{Markup, html};

use super::frame::{LINE, View, live, live_list, state, table};
use crate::access::Role;
use crate::text::{clip, counted, span};

/// How many of the jobs a dry run shows.
pub(crate) const SAMPLE: usize = 10;

/// What would be done, if it were.
#[derive(Debug)]
pub(crate) struct DryRun {
    pub(crate) bulk: Bulk,
    pub(crate) query: String,
    pub(crate) jobs: u64,
    pub(crate) sample: Vec<Job>,
}

/// Shows all operations.
pub(crate) fn operations(view: &View, all: &[Operation]) -> Markup {
    let body = html! {
        h1 { "Operations" }
        (live_list("list", &html! {
            @if all.is_empty() {
                p class="empty" {
                    "Nothing was done to many jobs at once yet. " a href=(view.base.path("/jobs")) { "Find jobs" }
                    ", and choose what to do with all that match."
                }
            } @else { (listed(view, all)) }
        }))
    };
    view.frame("Operations", "Operations", &body)
}

fn listed(view: &View, all: &[Operation]) -> Markup {
    table(
        "Operations, the latest first",
        &["Operation", "State", "Progress", "Who", "Begun"],
        &html! {
            @for operation in all {
                tr {
                    th scope="row" {
                        a href=(view.base.item("/operations/", &operation.id.to_string())) {
                            (what(&operation.bulk)) " " (clip(&which(operation), LINE))
                        }
                    }
                    td { (operation.status.word()) }
                    td { (progress(operation)) }
                    td { (clip(&operation.actor, LINE)) }
                    td { (view.instant(operation.started_at)) }
                }
            }
        },
    )
}

/// Says what is done, and what to.
fn what(bulk: &Bulk) -> String {
    match bulk {
        Bulk::Requeue | Bulk::Delete => bulk.name().to_owned(),
        Bulk::Move(queue) => format!("move to {queue}:"),
        Bulk::Prioritize(priority) => format!("prioritize to {priority}:"),
    }
}

/// Says to which jobs.
fn which(operation: &Operation) -> Cow<'_, str> {
    if operation.marked {
        format!("{} that were marked", counted(operation.planned, "job")).into()
    } else {
        shown(&operation.query).into()
    }
}

fn shown(query: &str) -> &str {
    if query.is_empty() { "all jobs" } else { query }
}

fn progress(operation: &Operation) -> Markup {
    let (looked, planned) = (operation.done + operation.skipped, operation.planned.max(1));
    html! {
        progress max=(planned) value=(looked.min(planned)) aria-label=(format!("{looked} of {planned} jobs")) {}
        " " (operation.done) " done, " (operation.skipped) " skipped of " (operation.planned)
    }
}

/// Shows one operation.
pub(crate) fn operation(view: &View, operation: &Operation) -> Markup {
    let which = which(operation);
    let title = format!("{} {}", what(&operation.bulk), clip(&which, LINE));
    let body = html! {
        (live("operation", &html! {
            h1 { (title) " " span class="badge" { (operation.status.word()) } }
            (told(operation))
            (actions(view, operation))
            p { (progress(operation)) }
            dl {
                dt { "Jobs" }
                dd {
                    @if operation.marked { (which) }
                    @else { (view.jobs(&operation.query, &html! { code { (clip(&which, LINE)) } })) }
                }
                @if let Some(limit) = operation.limit { dt { "At most" } dd { (counted(limit, "job")) } }
                @if operation.careful {
                    dt { "Careful" } dd { "one, then ten, then the others; " (operation.watched) " of those that were watched succeeded" }
                }
                dt { "Who" } dd { (clip(&operation.actor, LINE)) }
                dt { "Begun" } dd { (view.instant(operation.started_at)) }
                @if let Some(ended) = operation.ended_at {
                    dt { "Ended" } dd { (view.instant(ended)) ", after " (span(ended.since(operation.started_at))) }
                }
            }
            (left(view, "Not taken back", &operation.left))
            (skipped(view, operation))
        }))
    };
    view.frame("Operations", &title, &body)
}

fn told(operation: &Operation) -> Markup {
    html! {
        @if operation.held && operation.status == Status::Running {
            p class="why" { "It waits for the next deploy: until a server starts with another version of the program." }
        }
        @match &operation.status {
            Status::Stopped(why) => { p class="alert" { "It goes no further: " (clip(why, LINE)) "." } }
            Status::Undone(jobs) => { p class="did" { (again(&operation.bulk, *jobs)) } }
            Status::Running | Status::Paused | Status::Finished => {}
        }
    }
}

/// Says what jobs are again.
fn again(bulk: &Bulk, jobs: u64) -> String {
    let one = jobs == 1;
    let what = match bulk {
        Bulk::Requeue | Bulk::Delete if one => "waits again",
        Bulk::Requeue | Bulk::Delete => "wait again",
        Bulk::Move(_) if one => "is back in its queue",
        Bulk::Move(_) => "are back in their queues",
        Bulk::Prioritize(_) if one => "has its priority again",
        Bulk::Prioritize(_) => "have their priorities again",
    };
    format!("{} {what}.", counted(jobs, "job"))
}

/// Lists the jobs that were skipped, and says how many there were that matched no more.
fn skipped(view: &View, operation: &Operation) -> Markup {
    let looked = operation.done + operation.skipped;
    let unknown = operation.skipped.saturating_sub(operation.skips.total());
    html! {
        (left(view, "Skipped", &operation.skips))
        @if unknown > 0 {
            p class="quiet" { "Why " (counted(unknown, "job")) " were skipped is not known: an earlier release did that." }
        }
        @if operation.status == Status::Finished && operation.limit.is_none() && looked < operation.planned {
            p class="quiet" {
                "When their turn came, " (counted(operation.planned - looked, "job"))
                " fewer matched than at the beginning: what has left the states that were asked for is not even skipped."
            }
        }
    }
}

/// Lists jobs that were left as they were, and why.
fn left(view: &View, title: &str, skips: &Skips) -> Markup {
    html! {
        @if !skips.jobs.is_empty() {
            h2 { (title) }
            ul {
                @for (why, jobs) in &skips.reasons { li { "it " (why) ": " (counted(*jobs, "job")) } }
            }
            (table(&format!("{title}: the jobs"), &["Job", "Why"], &html! {
                @for skipped in &skips.jobs {
                    @let title = if skipped.title.is_empty() { skipped.id.to_string() } else { skipped.title.clone() };
                    tr { th scope="row" { (view.job(skipped.id, &title)) } td { "it " (skipped.why) } }
                }
            }))
            @if skips.total() > skips.jobs.len() as u64 { p class="quiet" { "The first " (NAMED) " are listed." } }
        }
    }
}

fn actions(view: &View, operation: &Operation) -> Markup {
    let path = view.base.item("/operations/", &operation.id.to_string());
    let button = |action, label| view.button(Role::Operate, &path, &[("action", action)], label);
    html! {
        div class="actions" {
            @match operation.status {
                Status::Running => { (button("pause", "Pause")) (button("stop", "Stop")) }
                Status::Paused | Status::Stopped(_) => { (button("resume", "Go on")) }
                Status::Finished | Status::Undone(_) => {}
            }
            @if operation.undo_until().is_some_and(|until| until > view.now) { (button("undo", "Take back")) }
        }
    }
}

/// Shows what would be done, before it is.
pub(crate) fn dry_run(view: &View, plan: &DryRun) -> Markup {
    let name = plan.bulk.name();
    let body = html! {
        h1 { "What to " (name) }
        p {
            strong { (counted(plan.jobs, "job")) } " would be " (name) "d" (led(&plan.bulk)) ": those that match "
            code { (clip(shown(&plan.query), LINE)) } ". Nothing has been done yet."
        }
        p class="quiet" { (consequence(&plan.bulk)) }
        @if plan.jobs > 0 {
            @if view.access.role >= Role::Operate { (go(view, plan)) }
            (table("Some of them, the newest first", &["Job", "State", "Since", "Queue"], &html! {
                @for job in &plan.sample {
                    tr {
                        th scope="row" { (view.job(job.id, job.spec.title())) }
                        td { (state(job.state)) }
                        td { (view.instant(job.since)) }
                        td { (clip(&job.spec.queue, LINE)) }
                    }
                }
            }))
        }
        p class="further" { (view.jobs(&plan.query, &html! { "Back to the jobs" })) }
    };
    view.frame("Operations", "Dry run", &body)
}

/// Makes the button that begins it. It asks no more: the page has told what it does.
fn go(view: &View, plan: &DryRun) -> Markup {
    let (verb, class) = match &plan.bulk {
        Bulk::Requeue => ("Requeue", "main"),
        Bulk::Delete => ("Delete", "main bad"),
        Bulk::Move(_) => ("Move", "main"),
        Bulk::Prioritize(_) => ("Prioritize", "main"),
    };
    html! {
        form class="act" method="post" action=(view.base.path("/operations")) {
            (view.token())
            input type="hidden" name="action" value=(plan.bulk.name());
            input type="hidden" name="to" value=(plan.bulk.to());
            input type="hidden" name="q" value=(plan.query);
            button type="submit" class=(class) { (verb) " " (counted(plan.jobs, "job")) }
        }
    }
}

fn led(bulk: &Bulk) -> Markup {
    html! {
        @match bulk {
            Bulk::Requeue | Bulk::Delete => {}
            Bulk::Move(queue) => { " to the queue " code { (queue) } }
            Bulk::Prioritize(priority) => { " to " code { (priority) } }
        }
    }
}

fn consequence(bulk: &Bulk) -> String {
    match bulk {
        Bulk::Requeue => {
            "Jobs that ended run again from their first attempt; those that wait for a time run now. \
                          Those that run or are enqueued stay as they are."
                .to_owned()
        }
        Bulk::Delete => format!(
            "Jobs that wait can be taken back for {} minutes, up to {BACK} of them; jobs that failed can't, as they would run. \
             Those that run are asked to stop. Those that succeeded stay as they are.",
            BACK_FOR.as_secs() / 60
        ),
        Bulk::Move(_) => format!(
            "Jobs that wait or have failed get another queue, and there the place of their age. Those that run, have succeeded or \
             were deleted stay as they are. {}",
            back_for()
        ),
        Bulk::Prioritize(_) => format!(
            "Jobs that wait or have failed get another priority: higher goes first within a queue. Those that run, have succeeded \
             or were deleted stay as they are. {}",
            back_for()
        ),
    }
}

fn back_for() -> String {
    format!(
        "It can be taken back for {} minutes, up to {BACK} of them: those that are by then still where it has put them.",
        BACK_FOR.as_secs() / 60
    )
}
