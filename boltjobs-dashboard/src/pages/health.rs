//! What is looked after, and what was found.

use boltjobs_core::silence::Subject;
use maud::{Markup, html};

use super::frame::{View, live, sentence};
use super::icons::icon;
use super::silence;
use crate::health::{Check, Severity};
use crate::text::counted;

/// Shows every check: those that need somebody first, then those that are silenced.
pub(crate) fn health(view: &View, checks: &[Check]) -> Markup {
    let passed = checks.iter().filter(|check| check.found.is_none()).count();
    let (needing, others): (Vec<_>, Vec<_>) = checks.iter().partition(|check| check.needs_somebody());
    let (silenced, well): (Vec<_>, Vec<_>) = others.into_iter().partition(|check| check.silence.is_some());
    let body = html! {
        h1 { "Health" }
        (live("checks", &html! {
            p {
                (counted(passed as u64, "check")) " of " (checks.len()) " ok " (view.instant(view.now))
                @if !silenced.is_empty() { ", " (silenced.len()) " silenced" }
                "."
            }
            ul class="checks" {
                @for check in needing.into_iter().chain(silenced).chain(well) { (listed(view, check)) }
            }
        }))
        p { a class="button" href=(view.base.path("/health")) { "Look again" } }
    };
    view.frame("Health", "Health", &body)
}

fn listed(view: &View, check: &Check) -> Markup {
    html! {
        li class=(if check.found.is_some() { "unwell" } else { "well" }) {
            @match &check.found {
                None => { (icon("succeeded")) " " span { strong { "ok" } ": " (check.name) } }
                Some(reason) => {
                    (icon(if check.severity == Severity::Failure { "failed" } else { "failures" })) " "
                    span { strong { (check.severity.word()) } ": " (sentence(&reason.text)) " " span class="quiet" { "Expected: " (check.name) "." } } " "
                    @if reason.page != "/health" {
                        a class="button" href=(view.base.query(reason.page, &[("q", &reason.query)])) aria-label=(format!("Look at this: {}", reason.text)) { "Look" }
                    }
                }
            }
            @match &check.silence {
                Some(silence) => { " " span class="badge" { "silenced" } " " (silence::silenced(view, silence)) }
                None if check.found.is_some() => { (silence::form(view, &Subject::Check(check.name.to_owned()))) }
                None => {}
            }
        }
    }
}
