//! Jobs as text, to be copied.

use boltjobs_core::JobId;
use maud::{Markup, html};

use super::frame::View;
use crate::copying::As;
use crate::text::counted;

/// The most characters that a page shows: half of it would be of no use.
const LONGEST: usize = 1_000_000;

/// Jobs that are to be copied.
#[derive(Debug)]
pub(crate) struct Copies<'a> {
    pub(crate) kind: As,
    pub(crate) ids: &'a [JobId],
    pub(crate) text: String,
    /// How many of the jobs are there.
    pub(crate) found: usize,
}

/// Shows the text, and offers it as a file.
pub(crate) fn copied(view: &View, copies: &Copies<'_>) -> Markup {
    let Copies { kind, ids, text, found } = copies;
    let title = format!("{} as {}", counted(*found as u64, "job"), kind.word());
    let gone = (ids.len() - found) as u64;
    let length = text.chars().count();
    let body = html! {
        h1 { (title) }
        @if gone > 0 { p class="quiet" { (counted(gone, "job")) " more: not there any more, as the retention is over." } }
        form class="act actions" method="post" action=(view.base.path("/jobs/copy")) {
            (view.token())
            @for id in *ids { input type="hidden" name="job" value=(id); }
            input type="hidden" name="as" value=(kind.name());
            input type="hidden" name="file" value="1";
            // The answer is a file, so that this page stays, and its button with it.
            button type="submit" { "Download" }
        }
        @if length <= LONGEST { pre { code data-as=(kind.name()) { (text) } } }
        @else { p class="quiet" { "It has " (counted(length as u64, "character")) ": download it." } }
        p class="further" { a href=(view.base.path("/jobs")) { "Back to the jobs" } }
    };
    view.frame("Jobs", &title, &body)
}

/// Makes the buttons that copy the jobs that are marked.
pub(super) fn buttons(view: &View) -> Markup {
    html! {
        @for kind in As::ALL {
            button type="submit" name="as" value=(kind.name()) formaction=(view.base.path("/jobs/copy")) {
                "Copy as " (kind.word())
            }
            " "
        }
    }
}
