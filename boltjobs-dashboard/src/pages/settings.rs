//! What there is to know of the dashboard itself.

use boltjobs_core::JobState;
use boltjobs_core::store::Keep;
use maud::{Markup, html};
use std::time::Duration;

use super::frame::{LINE, VERSION, View, absolute, table};
use crate::access::{By, Role};
use crate::columns::Columns;
use crate::saved::Saved;
use crate::text::{clip, days};

/// What the page shows beside what every page knows.
#[derive(Debug)]
pub(crate) struct SettingsPage<'a> {
    /// The queries that the browser keeps.
    pub(crate) queries: Vec<Saved>,
    /// Those that the app has for everybody.
    pub(crate) shared: &'a [Saved],
    pub(crate) columns: Columns,
}

/// What each role may do, beside what those before it may.
const ROLES: [(Role, &str); 3] = [
    (Role::Read, "look"),
    (
        Role::Operate,
        "enqueue, requeue, change and delete jobs, steer queues, batches and recurring definitions, silence checks",
    ),
    (Role::Administer, "remove recurring definitions and stop servers"),
];

const THEMES: [(&str, &str); 3] = [("", "That of the system"), ("light", "Light"), ("dark", "Dark")];
const ZONES: [(&str, &str); 2] = [("", "UTC"), ("browser", "That of the browser, with JavaScript")];

/// Shows the page.
pub(crate) fn settings(view: &View, page: &SettingsPage<'_>) -> Markup {
    let body = html! {
        h1 { "Settings" }
        (about(view))
        (roles(view))
        @if view.site.retention.is_some() { (kept(view)) }
        (browser(view, page))
    };
    view.frame("Settings", "Settings", &body)
}

fn about(view: &View) -> Markup {
    html! {
        dl {
            dt { "Version" } dd { "boltjobs " (VERSION) }
            dt { "Store" } dd { code { (clip(&view.store, LINE)) } }
            dt { "Time" } dd { (absolute(view.now)) ", by the clock of the server" }
            @if let Some(name) = &view.environment { dt { "Environment" } dd { (clip(name, LINE)) } }
            dt { "More" }
            dd {
                a href=(view.base.path("/audit")) { "Audit: who did what" } ", "
                a href=(view.base.path("/api/openapi.json")) { "the paths for programs" } ", "
                a href=(view.base.path("/metrics")) { "the metrics" }
            }
        }
    }
}

fn roles(view: &View) -> Markup {
    let known = match view.access.by {
        By::Nothing => "as everybody is, for there are no tokens",
        By::App => "by the app around these pages",
        By::Header => "by the token that was sent",
        By::Session => "by the token of the login",
    };
    html! {
        h2 { "Who you are" }
        p { "You are " strong { (view.access.actor()) } ", " (known) ", and your role is " strong { (view.access.role) } "." }
        (table("Roles", &["Role", "May"], &html! {
            @for (role, may) in ROLES {
                tr {
                    th scope="row" { (role) @if role == view.access.role { " " span class="badge" { "yours" } } }
                    td { (may) @if role > Role::Read { ", too" } }
                }
            }
        }))
    }
}

fn kept(view: &View) -> Markup {
    let states = [JobState::Succeeded, JobState::Failed, JobState::Deleted];
    html! {
        h2 { "How long jobs are kept" }
        (table("Retention", &["Jobs that are", "For", "At most"], &html! {
            @for state in states {
                @if let Some(Keep { age, count }) = view.site.keep(state) {
                    tr {
                        th scope="row" { (state) }
                        td { @if age == Duration::MAX { "ever" } @else { (days(age)) } }
                        td { @if let Some(count) = count { (count) } @else { "any number" } }
                    }
                }
            }
        }))
    }
}

fn browser(view: &View, page: &SettingsPage<'_>) -> Markup {
    let pick = |name: &str, label: &str, all: &[(&str, &str)], chosen: Option<&str>| {
        html! {
            div class="field" {
                label for=(format!("choose-{name}")) { (label) }
                select id=(format!("choose-{name}")) name=(name) {
                    @for (word, means) in all { option value=(word) selected[chosen.unwrap_or_default() == *word] { (means) } }
                }
            }
        }
    };
    let names = |saved: &[Saved]| saved.iter().map(|saved| saved.name.clone()).collect::<Vec<_>>().join(", ");
    html! {
        h2 { "In this browser" }
        form class="fields" method="post" action=(view.base.path("/settings")) {
            (view.token())
            (pick("theme", "Theme", &THEMES, view.choices.theme))
            (pick("zone", "Time zone", &ZONES, view.choices.zone))
            div class="actions" { button type="submit" class="main" { "Keep" } }
        }
        dl {
            dt { "Queries" }
            dd {
                @if page.queries.is_empty() { "none of its own" } @else { (names(&page.queries)) }
                @if !page.shared.is_empty() { "; for everybody: " (names(page.shared)) }
                ". " a href=(view.base.path("/jobs")) { "Save or forget them" }
            }
            dt { "Columns" }
            dd { (page.columns.shown.iter().map(|column| column.2).collect::<Vec<_>>().join(", ")) }
            dt { "Keys" } dd { "With JavaScript, ? lists them and turns them off." }
        }
    }
}
