//! Recurring definitions.

use std::time::Duration;

use boltjobs_core::Timestamp;
use boltjobs_core::cron::{Dst, Zone};
use boltjobs_core::recurring::{Definition, Misfire, Overlap, RecurringJob, Run, RunOutcome};
use boltjobs_core::shape::Shape;
use boltjobs_core::store::JobFilter;
use chrono::Offset as _;
use maud::{Markup, html};

use super::frame::{LINE, View, live, press, rest, table, table_under};
use super::icons::icon;
use super::job::request;
use super::sorting::{By, Sorted};
use crate::access::Role;
use crate::edit::{DSTS, target};
use crate::text::{clip, counted, span};

/// The most definitions that are listed.
const ROWS: usize = 1_000;

/// How many of the latest runs a list shows.
const LATEST: usize = 10;

/// How many of the next runs are shown.
const NEXT: usize = 10;

/// The columns by which definitions can be sorted. What never fires comes after everything.
pub(crate) const BY: [By<RecurringJob>; 3] = [
    By("Definition", "id", |a, b| a.definition.id.cmp(&b.definition.id)),
    By("Time zone", "zone", |a, b| a.definition.zone.as_str().cmp(b.definition.zone.as_str())),
    By("Next", "next", |a, b| a.next.unwrap_or(Timestamp::MAX).cmp(&b.next.unwrap_or(Timestamp::MAX))),
];

/// Shows all definitions.
pub(crate) fn recurring(view: &View, all: &[RecurringJob], sorted: &Sorted) -> Markup {
    let body = html! {
        h1 { "Recurring" }
        (live("list", &html! {
            @if all.is_empty() {
                div class="empty" {
                    p { "No recurring definition yet. This is how one is made, at its request:" }
                    pre { code { "#[request(recurring(id = \"nightly\", cron = \"0 3 * * *\", timezone = \"Europe/Berlin\"))]" } }
                }
            } @else { (with_marks(view, &listed(view, all, sorted))) }
        }))
    };
    view.frame("Recurring", "Recurring", &body)
}

fn listed(view: &View, all: &[RecurringJob], sorted: &Sorted) -> Markup {
    let columns =
        ["Definition", "Job", "Cron", "Time zone", "Next", "Latest runs, the last one last", "Created"];
    table_under(
        "Definitions",
        &sorted.head(view, "/recurring", &columns, &BY),
        &html! {
            @for recurring in all.iter().take(ROWS) {
                tr {
                    th scope="row" { (mark(view, &recurring.definition)) (named(view, &recurring.definition)) (marks(recurring)) }
                    td { (clip(recurring.definition.spec.title(), LINE)) }
                    td { (cron(&recurring.definition)) }
                    td { (clip(recurring.definition.zone.as_str(), LINE)) }
                    td { @if let Some(next) = recurring.next { (view.instant(next)) } @else { "never: " (why_never(view, recurring)) } }
                    td { (latest(view, &recurring.runs)) }
                    td { (view.instant(recurring.created_at)) }
                }
            }
            (rest(all.len(), ROWS, columns.len()))
        },
    )
}

/// Says why a definition has no next run.
fn why_never(view: &View, recurring: &RecurringJob) -> &'static str {
    let definition = &recurring.definition;
    match definition.ends_at {
        _ if recurring.paused => "it is paused",
        _ if definition.error().is_some() => "it can't be read",
        Some(end) if end <= view.now => "it has ended",
        Some(_) => "it has no further run before its end",
        None => "its cron has no further run",
    }
}

/// Makes the box by which a definition is marked, for those who may do anything with it.
fn mark(view: &View, definition: &Definition) -> Markup {
    html! {
        @if view.access.role >= Role::Operate {
            input type="checkbox" name="id" value=(definition.id) aria-label=(format!("Mark {}", clip(&definition.id, LINE)));
            " "
        }
    }
}

/// Puts the rows into a form that acts on those that are marked, for those who may.
fn with_marks(view: &View, rows: &Markup) -> Markup {
    html! {
        @if view.access.role >= Role::Operate {
            form class="bulk" method="post" action=(view.base.path("/recurring")) {
                (view.token())
                (rows)
                p class="actions" {
                    span class="marked" { "With those that are marked: " }
                    (press("trigger", "Run now", Some("action"))) " "
                    (press("pause", "Pause", Some("action"))) " "
                    (press("resume", "Resume", Some("action")))
                    @if view.access.role >= Role::Administer { " " (press("remove", "Remove", Some("action"))) }
                }
            }
        } @else { (rows) }
    }
}

/// Shows what came of an action, for each definition.
pub(crate) fn recurring_acted(view: &View, action: &str, acted: &[(String, Option<bool>)]) -> Markup {
    let done = acted.iter().filter(|(_, done)| *done == Some(true)).count();
    let body = html! {
        h1 { "Recurring" }
        p class="did" role="status" { (action) ": " (done) " of " (counted(acted.len() as u64, "definition")) }
        (table("What came of it", &["Definition", "Done"], &html! {
            @for (id, done) in acted {
                tr {
                    th scope="row" { a href=(view.base.item("/recurring/", id)) { (clip(id, LINE)) } }
                    td {
                        @match done {
                            Some(true) => "done",
                            Some(false) => "not done: it is so already",
                            None => "not done: it is not there",
                        }
                    }
                }
            }
        }))
        p { a href=(view.base.path("/recurring")) { "Back to all of them" } }
    };
    view.frame("Recurring", "Recurring", &body)
}

fn named(view: &View, definition: &Definition) -> Markup {
    html! { a href=(view.base.item("/recurring/", &definition.id)) { (clip(&definition.id, LINE)) } }
}

/// Shows a cron expression, and says when it fires.
pub(super) fn cron(definition: &Definition) -> Markup {
    html! {
        code { (clip(definition.cron.as_str(), LINE)) }
        @if let Ok(cron) = definition.cron.read() { " " span class="words" { (clip(&cron.in_words(), LINE)) } }
    }
}

fn marks(recurring: &RecurringJob) -> Markup {
    html! {
        @if recurring.paused { " " span class="badge" { "paused" } }
        @if recurring.definition.error().is_some() { " " span class="badge bad" { "can't be read" } }
    }
}

/// Shows the latest runs as signs, each of which leads to its job.
fn latest(view: &View, runs: &[Run]) -> Markup {
    html! {
        @for run in &runs[runs.len().saturating_sub(LATEST)..] {
            @let (sign, word) = outcome(run.outcome);
            @let class = format!("tick {sign}");
            @let label = format!("{word}, {}", run.scheduled_for);
            @if let Some(job) = run.job {
                a class=(class) href=(view.base.item("/jobs/", &job.to_string())) title=(label) aria-label=(label) { (icon(sign)) }
            } @else {
                span class=(class) title=(label) role="img" aria-label=(label) { (icon(sign)) }
            }
            " "
        }
        @if runs.is_empty() { "none" }
    }
}

/// Returns the sign and the word of an outcome.
fn outcome(outcome: RunOutcome) -> (&'static str, &'static str) {
    match outcome {
        RunOutcome::Unfinished => ("processing", "has not ended"),
        RunOutcome::Succeeded => ("succeeded", "succeeded"),
        RunOutcome::Failed => ("failed", "failed"),
        RunOutcome::Deleted => ("deleted", "deleted"),
        RunOutcome::Skipped => ("skipped", "skipped"),
    }
}

/// Lists the definitions that fire next.
pub(super) fn upcoming(view: &View, runs: &[(&RecurringJob, Timestamp)], shown: usize) -> Markup {
    let columns = ["Definition", "Cron", "Time zone", "Next"];
    table(
        "Next recurring runs",
        &columns,
        &html! {
            @for (recurring, next) in runs.iter().take(shown) {
                tr {
                    th scope="row" { (named(view, &recurring.definition)) }
                    td { (cron(&recurring.definition)) }
                    td { (clip(recurring.definition.zone.as_str(), LINE)) }
                    td { (view.instant(*next)) }
                }
            }
            (rest(runs.len(), shown, columns.len()))
        },
    )
}

/// Shows one definition.
pub(crate) fn definition(view: &View, recurring: &RecurringJob, shape: Option<&Shape>) -> Markup {
    let definition = &recurring.definition;
    let title = clip(&definition.id, LINE);
    let body = html! {
        (live("head", &html! {
            h1 { (title) (marks(recurring)) }
            @if let Some(error) = definition.error() {
                p class="alert" role="alert" { "It never fires: " (clip(error, LINE)) ". Add it again to mend it." }
            }
            (actions(view, recurring))
        }))
        (live("facts", &facts(view, recurring)))
        (request(shape, &definition.spec))
        (live("next", &upcoming_of(view, recurring)))
        (live("runs", &runs(view, &recurring.runs)))
    };
    view.frame("Recurring", &title, &body)
}

fn actions(view: &View, recurring: &RecurringJob) -> Markup {
    let path = view.base.item("/recurring/", &recurring.definition.id);
    let button = |role, action, label| view.button(role, &path, &[("action", action)], label);
    html! {
        div class="actions" {
            (button(Role::Operate, "trigger", "Run now"))
            @let target = target(&recurring.definition.id);
            @if view.access.may(Role::Operate, "edit", &target) { a class="button" href=(format!("{path}/edit")) { "Edit" } }
            @if view.access.may(Role::Operate, "backfill", &target) {
                a class="button" href=(format!("{path}/backfill")) { "Backfill…" }
            }
            @if recurring.paused { (button(Role::Operate, "resume", "Resume")) }
            @else { (button(Role::Operate, "pause", "Pause")) }
            (button(Role::Administer, "remove", "Remove"))
        }
    }
}

fn facts(view: &View, recurring: &RecurringJob) -> Markup {
    let definition = &recurring.definition;
    html! {
        dl {
            dt { "Cron" } dd { (cron(definition)) }
            dt { "Time zone" } dd { (clip(definition.zone.as_str(), LINE)) }
            @let jobs = JobFilter { requests: vec![definition.spec.request.clone()], ..JobFilter::default() };
            dt { "Request" }
            dd { (view.jobs(&jobs.to_string(), &html! { (clip(&definition.spec.request, LINE)) })) }
            dt { "Queue" } dd { (clip(&definition.spec.queue, LINE)) }
            dt { "When clocks change" } dd { (changing(definition.dst)) }
            dt { "Missed runs" } dd { (missed(definition.misfire)) }
            dt { "While one runs" } dd { (meanwhile(definition.overlap)) }
            @if definition.jitter > Duration::ZERO { dt { "Put off by up to" } dd { (span(definition.jitter)) } }
            @if let Some(start) = definition.starts_at { dt { "Starts" } dd { (view.instant(start)) } }
            @if let Some(end) = definition.ends_at { dt { "Ends" } dd { (view.instant(end)) } }
            dt { "Declared by" }
            dd { @if let Some(by) = &definition.declared_by { "the crate " code { (by) } } @else { "a program, as it ran" } }
            dt { "Added" } dd { (view.instant(recurring.created_at)) }
            dt { "Changed" } dd { (view.instant(recurring.updated_at)) }
        }
    }
}

fn changing(dst: Dst) -> String {
    let means = DSTS.into_iter().find(|(_, known, _)| *known == dst).map_or("", |(_, _, means)| means);
    let mut letters = means.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_lowercase(), letters.as_str()))
}

fn missed(misfire: Misfire) -> String {
    match misfire {
        Misfire::FireOnce => "one run makes up for all of them".to_owned(),
        Misfire::FireAll { at_most } => format!("the latest {at_most} are made up for"),
        Misfire::Skip => "they are left out".to_owned(),
    }
}

fn meanwhile(overlap: Overlap) -> &'static str {
    match overlap {
        Overlap::Allow => "the next one runs beside it",
        Overlap::Skip => "the next one is skipped",
        Overlap::CancelPrevious => "it is cancelled when the next one comes",
    }
}

/// Returns the next runs of a definition; none while it is paused.
pub(crate) fn next_runs(recurring: &RecurringJob) -> Vec<Timestamp> {
    let after = |last: &Timestamp| recurring.definition.next_after(*last);
    std::iter::successors(recurring.next, after).take(NEXT).collect()
}

/// Lists the next runs of a definition.
pub(super) fn upcoming_of(view: &View, recurring: &RecurringJob) -> Markup {
    let definition = &recurring.definition;
    let zone = definition.zone.read().copied().unwrap_or(Zone::UTC);
    let next = next_runs(recurring);
    table(
        "Next runs",
        &["In its time zone", "UTC", "When", "Clocks"],
        &html! {
            @for (at, run) in next.iter().enumerate() {
                @let before = if at == 0 { view.now } else { next[at - 1] };
                tr {
                    th scope="row" { (local(zone, *run)) }
                    td { (run) }
                    td { (view.instant(*run)) }
                    td { (clocks(moved(zone, before, *run))) }
                }
            }
            (rest(next.len(), NEXT, 4))
        },
    )
}

/// Returns an instant as the clocks of a zone show it.
pub(crate) fn local(zone: Zone, at: Timestamp) -> String {
    at.to_datetime().with_timezone(&zone.tz()).format("%a %Y-%m-%d %H:%M:%S %Z").to_string()
}

/// Returns by how many seconds the clocks of a zone go forward from one instant to another.
pub(crate) fn moved(zone: Zone, from: Timestamp, to: Timestamp) -> i64 {
    let clocks = |at: Timestamp| at.to_datetime().with_timezone(&zone.tz());
    let offset = |at| i64::from(clocks(at).offset().fix().local_minus_utc());
    offset(to) - offset(from)
}

/// Says what becomes of the clocks before a run.
pub(super) fn clocks(moved: i64) -> Markup {
    let by = span(Duration::from_secs(moved.unsigned_abs()));
    let way = if moved > 0 { "forward" } else { "back" };
    html! { @if moved != 0 { (icon("scheduled")) " go " (way) " by " (by) " before it" } }
}

fn runs(view: &View, runs: &[Run]) -> Markup {
    table(
        "Latest runs",
        &["For", "Fired", "Late by", "What came of it", "Ran"],
        &html! {
            @for run in runs.iter().rev() {
                @let (sign, word) = outcome(run.outcome);
                tr {
                    th scope="row" {
                        @if let Some(job) = run.job { (view.job(job, &run.scheduled_for.to_string())) }
                        @else { (run.scheduled_for) }
                        @if run.triggered { " " span class="badge" { "by hand" } }
                    }
                    td { (view.instant(run.fired_at)) }
                    td { @if let Some(late) = late(run) { (span(late)) } }
                    td { span class=(format!("tick {sign}")) { (icon(sign)) } " " (word) }
                    td { @if let Some(ran) = run.ran { (span(ran)) } }
                }
            }
            (rest(runs.len(), usize::MAX, 5))
        },
    )
}

/// Returns how long after its time a run was fired; nothing for one that somebody asked for.
pub(crate) fn late(run: &Run) -> Option<Duration> {
    (!run.triggered).then(|| run.fired_at.since(run.scheduled_for))
}
