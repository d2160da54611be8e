//! The page on which one makes up for runs of a recurring definition.

use std::ops::Range;

use boltjobs_core::Timestamp;
use boltjobs_core::cron::Zone;
use boltjobs_core::recurring::{Backfilled, Overlap, RecurringJob};
use maud::{Markup, html};

use super::form::Field;
use super::frame::{LINE, View, press, rest, table};
use super::recurring::{clocks, cron, local, moved};
use crate::backfill::Typed;
use crate::edit::Faults;
use crate::text::{clip, counted};

/// What the page shows.
#[derive(Debug)]
pub(crate) struct BackfillPage<'a> {
    pub(crate) recurring: &'a RecurringJob,
    pub(crate) typed: Typed,
    pub(crate) faults: Faults,
    /// Whether it is another one than whoever asked has seen.
    pub(crate) late: bool,
    /// What would be done, once there is a range.
    pub(crate) planned: Option<(Range<Timestamp>, Vec<Backfilled>)>,
}

/// Shows the form, and below it what would be done.
pub(crate) fn backfill(view: &View, page: &BackfillPage<'_>) -> Markup {
    let definition = &page.recurring.definition;
    let title = clip(&definition.id, LINE);
    let place = view.base.item("/recurring/", &definition.id);
    let text = |name, label, hint, value| {
        Field { name, label, hint: Some(hint), fault: page.faults.of(name) }.text(value)
    };
    let body = html! {
        h1 { "Backfill " (title) }
        p { (cron(definition)) " in " (clip(definition.zone.as_str(), LINE)) }
        p {
            "Makes the jobs of runs that are past, as if each had fired at its time. They are ready at once, in their order: what "
            "the definition says of missed runs, of runs that overlap and of putting off does not count."
        }
        p {
            @match definition.overlap {
                Overlap::Allow => "The schedule goes on beside them.",
                Overlap::Skip => "While any of them has not ended, the schedule skips its own runs.",
                Overlap::CancelPrevious => "Those that have not ended when the schedule fires next are cancelled by it.",
            }
        }
        form class="fields pairs" method="get" action=(format!("{place}/backfill")) {
            (text("from", "From", "A day, as in 2026-01-31, in the time zone of the definition; or an instant, as in 2026-01-31T09:00:00Z", &page.typed.from))
            (text("to", "To", "Where it ends; what is due then is not in it. At most 1,000 runs", &page.typed.to))
            div class="actions" {
                button type="submit" { "Show the runs" }
                a class="button" href=(place) { "Cancel" }
            }
        }
        @if page.late {
            p class="alert" role="alert" {
                span {
                    "Nothing was done: the definition was changed " (view.instant(page.recurring.updated_at))
                    ", after this page was made. Below is what it would do now."
                }
            }
        }
        @if let Some((range, runs)) = &page.planned { (planned(view, page.recurring, range, runs, &place)) }
    };
    view.frame("Recurring", &format!("Backfill {title}"), &body)
}

fn planned(
    view: &View,
    recurring: &RecurringJob,
    range: &Range<Timestamp>,
    runs: &[Backfilled],
    place: &str,
) -> Markup {
    let new = runs.iter().filter(|run| run.is_new).count() as u64;
    let zone = recurring.definition.zone.read().copied().unwrap_or(Zone::UTC);
    html! {
        h2 { "What would be done" }
        p {
            (counted(runs.len() as u64, "run")) " from " (range.start) " to " (range.end) ": "
            (counted(new, "job")) " to enqueue"
            @if new < runs.len() as u64 { ", as the others are there" } "."
        }
        @if new > 0 {
            form class="act" method="post" action=(format!("{place}/backfill")) {
                (view.token())
                input type="hidden" name="seen" value=(recurring.updated_at);
                input type="hidden" name="from" value=(range.start);
                input type="hidden" name="to" value=(range.end);
                (press("backfill", &format!("Enqueue {}", counted(new, "job")), Some("action")))
            }
        }
        (table("Runs", &["In its time zone", "UTC", "Clocks", "Its job"], &html! {
            @for (at, run) in runs.iter().enumerate() {
                @let before = if at == 0 { range.start } else { runs[at - 1].scheduled_for };
                tr {
                    th scope="row" { (local(zone, run.scheduled_for)) }
                    td { (run.scheduled_for) }
                    td { (clocks(moved(zone, before, run.scheduled_for))) }
                    td { @if run.is_new { "to be enqueued" } @else { (view.job(run.job, "there already")) } }
                }
            }
            (rest(runs.len(), usize::MAX, 4))
        }))
    }
}
