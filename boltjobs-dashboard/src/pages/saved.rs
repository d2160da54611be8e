//! The box in which one types what jobs to find, with the queries that are kept.

use boltjobs_core::store::JobFilter;
use maud::{Markup, html};

use super::frame::View;
use crate::saved::{NAME, Saved};

/// The queries that are shown above a list.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    /// Those that the app has for everybody.
    pub(crate) shared: &'a [Saved],
    /// Those of this browser.
    pub(crate) own: Vec<Saved>,
    /// What can be chosen in the box.
    pub(crate) words: Vec<String>,
}

impl Kept<'_> {
    /// Shows the box with what was typed, and the queries. `filter` is what it means; it can be kept unless it is everything.
    pub(super) fn box_with(&self, view: &View, typed: &str, filter: Option<&JobFilter>) -> Markup {
        let all = || self.shared.iter().chain(&self.own);
        let can_be_kept = filter.is_some_and(|filter| {
            *filter != JobFilter::default() && all().all(|saved| saved.filter != *filter)
        });
        html! {
            div class="find" {
                (view.search_box(typed, &self.words))
                @if can_be_kept { (save(view, typed)) }
            }
            @if all().next().is_some() {
                nav class="saved" aria-label="Saved queries" {
                    ul {
                        @for saved in self.shared { li { (link(view, saved, filter)) } }
                        @for saved in &self.own { li { (link(view, saved, filter)) (forget(view, saved, typed)) } }
                    }
                }
            }
        }
    }
}

fn save(view: &View, typed: &str) -> Markup {
    html! {
        form class="save" method="post" action=(view.base.path("/queries")) {
            (view.token())
            input type="hidden" name="action" value="save";
            input type="hidden" name="q" value=(typed);
            input type="text" name="name" maxlength=(NAME) required aria-label="Name of the query"
                placeholder="Name" autocomplete="off";
            button type="submit" { "Save" }
        }
    }
}

fn link(view: &View, saved: &Saved, filter: Option<&JobFilter>) -> Markup {
    let current = (filter == Some(&saved.filter)).then_some("page");
    html! {
        a href=(view.base.query("/jobs", &[("q", &saved.query)])) title=(saved.query) aria-current=[current] { (saved.name) }
    }
}

/// Lets go of a query of this browser; what is shown stays.
fn forget(view: &View, saved: &Saved, typed: &str) -> Markup {
    html! {
        form method="post" action=(view.base.path("/queries")) {
            (view.token())
            input type="hidden" name="action" value="forget";
            input type="hidden" name="name" value=(saved.name);
            input type="hidden" name="q" value=(typed);
            button type="submit" aria-label=(format!("Remove the query {}", saved.name)) { "×" }
        }
    }
}
