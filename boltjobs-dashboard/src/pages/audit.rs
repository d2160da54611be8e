//! Who did what.

use boltjobs_core::audit::{AuditFilter, AuditPage};
use maud::{Markup, html};

use super::frame::{LINE, View, absolute, live_list, sentence, table};
use crate::text::clip;

/// How many entries a page has.
pub(crate) const ROWS: usize = 100;

/// Shows what people asked for, the latest first.
pub(crate) fn audit(view: &View, filter: &AuditFilter, page: &AuditPage) -> Markup {
    let pairs = [("who", &*filter.who), ("what", &*filter.what), ("q", &*filter.text)];
    let link = |path: &str, (name, value): (&str, &str)| {
        let [who, what, q] = pairs;
        view.base.query(path, &[who, what, q, (name, value)])
    };
    let body = html! {
        h1 { "Audit" }
        (narrowed(view, filter))
        (live_list("list", &html! {
            @if page.entries.is_empty() {
                @if *filter == AuditFilter::default() { p class="empty" { "Nobody has done anything here yet." } }
                @else { p class="empty" { "Nothing more matches." } }
            } @else {
                (table("What was asked for, the latest first", &["When", "Who", "What", "Of what", "Done"], &html! {
                    @for entry in &page.entries {
                        tr {
                            th scope="row" { (absolute(entry.at)) }
                            td { (narrower(view, filter, &entry.actor, |filter, actor| filter.who = actor)) }
                            td { (narrower(view, filter, &entry.action, |filter, action| filter.what = action)) }
                            td { (sentence(&clip(&entry.target, LINE))) @if !entry.detail.is_empty() { ": " (sentence(&clip(&entry.detail, LINE))) } }
                            td { @if entry.done { "yes" } @else { "no: it had changed" } }
                        }
                    }
                }))
            }
        }))
        @if let Some(next) = &page.next {
            nav class="further" aria-label="More entries" {
                a rel="next" href=(link("/audit", ("after", next))) { "Earlier ones" }
            }
        }
        p class="actions" {
            a class="button" href=(link("/audit/export", ("format", "csv"))) { "Export as CSV" } " "
            a class="button" href=(link("/audit/export", ("format", "jsonl"))) { "Export as JSON lines" }
        }
        p class="quiet" { "The latest " (boltjobs_core::audit::KEPT) " entries are kept in the store. An export has all that match." }
    };
    view.frame("Audit", "Audit", &body)
}

/// Asks what to look for.
fn narrowed(view: &View, filter: &AuditFilter) -> Markup {
    let field = |name: &str, label: &str, value: &str| {
        html! { input type="text" name=(name) value=(value) aria-label=(label) placeholder=(label) autocomplete="off"; }
    };
    html! {
        form class="actions" method="get" action=(view.base.path("/audit")) {
            (field("who", "Who", &filter.who))
            (field("what", "What, as in requeue", &filter.what))
            (field("q", "Text", &filter.text))
            button type="submit" { "Find" }
            @if *filter != AuditFilter::default() { a class="button" href=(view.base.path("/audit")) { "Show all" } }
        }
    }
}

/// Leads to those entries alone that have this, too.
fn narrower(view: &View, filter: &AuditFilter, value: &str, narrow: fn(&mut AuditFilter, String)) -> Markup {
    let mut narrower = filter.clone();
    narrow(&mut narrower, value.to_owned());
    let pairs = [("who", &*narrower.who), ("what", &*narrower.what), ("q", &*narrower.text)];
    html! { a href=(view.base.query("/audit", &pairs)) { (clip(value, LINE)) } }
}
