//! The form in which a recurring definition is edited.

use boltjobs_core::recurring::RecurringJob;
use maud::{Markup, html};

use super::form::{Field, field, id};
use super::frame::{LINE, View};
use super::recurring::{cron, upcoming_of};
use crate::edit::{DSTS, Faults, MISFIRES, OVERLAPS, Typed};
use crate::text::clip;

/// What the form shows.
#[derive(Debug)]
pub(crate) struct EditPage<'a> {
    recurring: &'a RecurringJob,
    pub(crate) typed: Typed,
    pub(crate) faults: Faults,
    /// Whether it is another one than whoever typed has seen.
    pub(crate) changed: bool,
    /// What would be, if it were saved.
    pub(crate) preview: Option<RecurringJob>,
}

impl<'a> EditPage<'a> {
    pub(crate) fn new(recurring: &'a RecurringJob, typed: Typed) -> Self {
        Self { recurring, typed, faults: Faults::default(), changed: false, preview: None }
    }
}

/// Shows the form; for a definition that the code declares, where it is changed instead.
pub(crate) fn edit(view: &View, page: &EditPage<'_>) -> Markup {
    let definition = &page.recurring.definition;
    let title = clip(&definition.id, LINE);
    let place = view.base.item("/recurring/", &definition.id);
    let body = html! {
        h1 { "Edit " (title) }
        @if let Some(by) = &definition.declared_by {
            p {
                "It is declared by the crate " code { (clip(by, LINE)) } ", whose next start would set it back. Change it there: "
                "in the " code { "#[request(recurring(..))]" } " of " code { (clip(&definition.spec.request, LINE)) } "."
            }
            p { a href=(place) { "Back to it" } }
        } @else {
            @if page.changed { (changed(view, page.recurring)) }
            (form(view, page, &place))
            @if let Some(preview) = &page.preview {
                h2 { "What was typed" }
                p { (cron(&preview.definition)) }
                @if preview.paused { p { "It is paused: these are the runs that there would be if it went on now." } }
                (upcoming_of(view, preview))
            }
        }
    };
    view.frame("Recurring", &format!("Edit {title}"), &body)
}

fn changed(view: &View, recurring: &RecurringJob) -> Markup {
    let definition = &recurring.definition;
    html! {
        p class="alert" role="alert" {
            span {
                "Nothing was saved: it was changed " (view.instant(recurring.updated_at)) ", after this form was made. Now it is "
                code { (clip(definition.cron.as_str(), LINE)) } " in " (clip(definition.zone.as_str(), LINE))
                ". To put what you typed in its place, save once more."
            }
        }
    }
}

fn form(view: &View, page: &EditPage<'_>, place: &str) -> Markup {
    let overlaps = OVERLAPS.map(|(name, _, means)| (name, means));
    let dsts = DSTS.map(|(name, _, means)| (name, means));
    html! {
        form class="fields pairs" method="post" action=(format!("{place}/edit")) {
            (view.token())
            input type="hidden" name="seen" value=(page.recurring.updated_at);
            (text(page, "cron", "Cron", "As in 0 3 * * MON-FRI, @daily or @every 90s"))
            (text(page, "timezone", "Time zone", "An IANA name, as in Europe/Berlin"))
            (pick(page, "dst", "When clocks change", &dsts))
            (pick(page, "misfire", "Missed runs", &MISFIRES))
            (text(page, "misfire_at_most", "How many of them at most", "Only where the latest ones are made up for"))
            (pick(page, "overlap", "While one runs", &overlaps))
            (text(page, "jitter", "Put off by up to", "A span, as in 30s or 5m; nothing for not at all"))
            (text(page, "starts_at", "Starts", "An instant, as in 2026-01-31T09:00:00Z; nothing for now"))
            (text(page, "ends_at", "Ends", "An instant, as in 2026-12-31T17:00:00+01:00; nothing for never"))
            div class="actions" {
                // The key for a new line presses the first one, which changes nothing.
                button type="submit" name="action" value="preview" { "Preview" }
                button type="submit" class="main" name="action" value="save" { "Save" }
                a class="button" href=(place) { "Cancel" }
            }
        }
    }
}

fn text(page: &EditPage<'_>, name: &str, label: &str, hint: &str) -> Markup {
    Field { name, label, hint: Some(hint), fault: page.faults.of(name) }.text(page.typed.text(name))
}

fn pick(page: &EditPage<'_>, name: &str, label: &str, choices: &[(&str, &str)]) -> Markup {
    field(name, label, None, page.faults.of(name), &choice(page, name, choices, page.typed.text(name)))
}

fn choice(page: &EditPage<'_>, name: &str, choices: &[(&str, &str)], chosen: &str) -> Markup {
    let wrong = page.faults.of(name).is_some();
    html! {
        select id=(id(name)) name=(name) aria-invalid=[wrong.then_some("true")]
            aria-describedby=[wrong.then(|| format!("{}-why", id(name)))] {
            @for (value, means) in choices { option value=(value) selected[*value == chosen] { (means) } }
        }
    }
}
