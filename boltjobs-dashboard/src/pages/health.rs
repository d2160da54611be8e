//! What is looked after, and what was found.

use maud::{Markup, html};

use super::frame::{View, live, sentence};
use super::icons::icon;
use crate::health::Check;
use crate::text::counted;

/// Shows every check, those that found something first.
pub(crate) fn health(view: &View, checks: &[Check]) -> Markup {
    let found = checks.iter().filter(|check| check.found.is_some()).count();
    let passed = checks.len() - found;
    let body = html! {
        h1 { "Health" }
        (live("checks", &html! {
            p {
                (counted(passed as u64, "check")) " of " (checks.len()) " passed " (view.instant(view.now)) "."
            }
            ul class="checks" {
                @for check in checks.iter().filter(|check| check.found.is_some()) { (unwell(view, check)) }
                @for check in checks.iter().filter(|check| check.found.is_none()) {
                    li class="well" { (icon("succeeded")) " " span { "passed: " (check.name) } }
                }
            }
        }))
        p { a class="button" href=(view.base.path("/health")) { "Look again" } }
    };
    view.frame("Health", "Health", &body)
}

fn unwell(view: &View, check: &Check) -> Markup {
    html! {
        @if let Some(reason) = &check.found {
            li class="unwell" {
                (icon("failures")) " "
                span { strong { "not so: " (check.name) "." } " " (sentence(&reason.text)) } " "
                @if reason.page != "/health" {
                    a class="button" href=(view.base.query(reason.page, &[("q", &reason.query)])) aria-label=(format!("Look at this: {}", reason.text)) { "Look" }
                }
            }
        }
    }
}
