//! What every page has around it.

use boltjobs_core::{JobId, JobState, Timestamp};
use maud::{DOCTYPE, Markup, html};

use crate::access::{Access, Role};
use crate::link::Base;
use crate::text::{clip, relative};

/// The most characters of a name or a text in a list.
pub(super) const LINE: usize = 300;

/// The pages that each page leads to, with their paths.
const PAGES: [(&str, &str); 5] = [
    ("Overview", "/"),
    ("Jobs", "/jobs"),
    ("Recurring", "/recurring"),
    ("Queues", "/queues"),
    ("Servers", "/servers"),
];

/// Where a page is, and when it was made.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) base: Base,
    pub(crate) now: Timestamp,
    pub(crate) access: Access,
    /// What was done before the page was asked for.
    pub(crate) did: Option<String>,
}

/// What a page says was done, by the name of the action.
const DONE: [(&str, &str); 7] = [
    ("requeue", "The job was requeued."),
    ("delete", "The job was deleted; one that runs is asked to stop."),
    ("trigger", "A job of it was made, out of turn."),
    ("pause", "It is paused."),
    ("resume", "It goes on."),
    ("remove", "It was removed; its jobs stay."),
    ("nothing", "Nothing was done: it had changed since the page was made, or is as you want it already."),
];

impl View {
    /// Puts what a page shows into its frame. `page` is the one of those in the navigation that it belongs to.
    pub(super) fn frame(&self, page: &str, title: &str, body: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) " · boltjobs" }
                    link rel="stylesheet" href=(self.base.path("/style.css"));
                }
                body {
                    a class="skip" href="#content" { "Skip to content" }
                    header {
                        nav aria-label="Pages" {
                            span class="brand" { "boltjobs" }
                            @for (name, path) in PAGES {
                                @let here = (name == page).then_some("page");
                                a href=(self.base.path(path)) aria-current=[here] { (name) }
                            }
                        }
                        // The page with the jobs has its own.
                        @if page != "Jobs" { (self.search_box("")) }
                    }
                    main id="content" {
                        @for (_, done) in DONE.iter().filter(|(did, _)| self.did.as_deref() == Some(*did)) {
                            p class="did" role="status" { (done) }
                        }
                        (body)
                        footer { "As of " time datetime=(self.now) { (self.now) } ". Reload to look again." }
                    }
                }
            }
        }
    }

    /// Makes a box in which one looks for jobs.
    pub(super) fn search_box(&self, query: &str) -> Markup {
        html! {
            form role="search" action=(self.base.path("/jobs")) method="get" {
                input type="search" name="q" value=(query) aria-label="Find jobs"
                    placeholder="state:failed queue:mail text" autocomplete="off" spellcheck="false";
                button type="submit" { "Find" }
            }
        }
    }

    /// Makes a button that does something, for those who may. `fields` say what.
    pub(super) fn button(&self, role: Role, path: &str, fields: &[(&str, &str)], label: &str) -> Markup {
        html! {
            @if self.access.role >= role {
                form class="act" method="post" action=(path) {
                    (self.token())
                    @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                    button type="submit" { (label) }
                }
            }
        }
    }

    /// Makes the field that shows that a form is ours.
    pub(super) fn token(&self) -> Markup {
        html! { input type="hidden" name="token" value=(self.access.token()); }
    }

    /// Makes a page that says one thing.
    pub(crate) fn notice(&self, title: &str, why: &str) -> Markup {
        self.frame("", title, &html! { h1 { (title) } p { (why) } })
    }

    /// Shows an instant, and how far it is from now.
    pub(super) fn instant(&self, at: Timestamp) -> Markup {
        html! { time datetime=(at) title=(at) { (relative(at, self.now)) } }
    }

    /// Leads to a job, under a title or its id.
    pub(super) fn job(&self, id: JobId, title: &str) -> Markup {
        html! { a href=(self.base.item("/jobs/", &id.to_string())) { (clip(title, LINE)) } }
    }

    /// Leads to the jobs that match a query.
    pub(super) fn jobs(&self, query: &str, what: &Markup) -> Markup {
        html! { a href=(self.base.query("/jobs", &[("q", query)])) { (what) } }
    }
}

/// Shows a state: by its word and its sign, and by a colour besides.
pub(super) fn state(state: JobState) -> Markup {
    let sign = match state {
        JobState::Awaiting => "⋯",
        JobState::Scheduled => "◷",
        JobState::Enqueued => "☰",
        JobState::Processing => "▶",
        JobState::Succeeded => "✓",
        JobState::Failed => "✗",
        JobState::Deleted => "⊘",
    };
    html! {
        span class=(format!("state {}", state.as_str().to_lowercase())) {
            span aria-hidden="true" { (sign) } " " (state)
        }
    }
}

/// Makes a table that scrolls by itself where it is too wide.
pub(super) fn table(caption: &str, columns: &[&str], rows: &Markup) -> Markup {
    html! {
        div class="wide" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// Says what a table does not show.
pub(super) fn rest(rows: usize, shown: usize, columns: usize) -> Markup {
    html! {
        @if rows == 0 { tr { td colspan=(columns) { "none" } } }
        @if rows > shown { tr { td colspan=(columns) { (rows - shown) " more" } } }
    }
}
