//! Who did what.

use boltjobs_core::audit::{AuditEntry, AuditPage};
use boltjobs_core::query::QueryError;
use maud::{Markup, html};

use super::change::changes;
use super::frame::{LINE, View, absolute, live_list, sentence, table};
use crate::auditing::Wanted;
use crate::text::{clip, counted};

/// How many entries a page has.
pub(crate) const ROWS: usize = 100;

/// What the box for a text offers.
const WORDS: [&str; 6] = ["after:1h", "after:1d", "after:7d", "before:1d", "before:7d", "trace:"];

/// The most digits of a trace that are shown.
const DIGITS: usize = 8;

/// Shows what people asked for, the latest first.
pub(crate) fn audit(view: &View, wanted: &Wanted, page: &AuditPage) -> Markup {
    let link = |path: &str, (name, value): (&str, &str)| {
        let [who, what, q] = pairs(wanted);
        view.base.query(path, &[who, what, q, (name, value)])
    };
    let body = html! {
        h1 { "Audit" }
        (narrowed(view, wanted))
        (live_list("list", &html! {
            @if page.entries.is_empty() {
                @if wanted.asks() { p class="empty" { "Nothing more matches." } }
                @else { p class="empty" { "Nobody has done anything here yet." } }
            } @else {
                (table("What was asked for, the latest first", &["When", "Who", "What", "Of what", "Done"], &html! {
                    @for entry in &page.entries {
                        tr {
                            th scope="row" { (absolute(entry.at)) }
                            td { (narrower(view, wanted, ("who", &entry.actor), &entry.actor)) }
                            td { (narrower(view, wanted, ("what", &entry.action), &entry.action)) }
                            td { (of_what(view, wanted, entry)) }
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

/// Shows what was typed that can't be read, and why.
pub(crate) fn unreadable(view: &View, wanted: &Wanted, error: &QueryError) -> Markup {
    let body = html! {
        h1 { "Audit" }
        (narrowed(view, wanted))
        p class="alert" role="alert" { "The query can't be read at character " (error.column) ": " (error.what) "." }
    };
    view.frame("Audit", "Audit", &body)
}

/// Says what it was done to, what came of it and what it has changed, and in which trace.
fn of_what(view: &View, wanted: &Wanted, entry: &AuditEntry) -> Markup {
    html! {
        (sentence(&clip(&entry.target, LINE)))
        @if !entry.detail.is_empty() { ": " (sentence(&clip(&entry.detail, LINE))) }
        @if let Some(trace) = &entry.trace {
            " " span class="quiet" {
                "trace " (narrower(view, wanted, ("q", &format!("trace:{trace}")), &clip(trace, DIGITS)))
                @for (name, address) in view.site.of_trace(trace) { " " a href=(address) { (name) } }
            }
        }
        @if !entry.changes.is_empty() {
            details {
                summary { (counted(entry.changes.len() as u64, "change")) }
                (changes("What was changed", ["Field", "Before", "After"], &entry.changes))
            }
        }
    }
}

fn pairs(wanted: &Wanted) -> [(&str, &str); 3] {
    [("who", wanted.who.trim()), ("what", wanted.what.trim()), ("q", wanted.q.trim())]
}

/// Asks what to look for.
fn narrowed(view: &View, wanted: &Wanted) -> Markup {
    let [(_, who), (_, what), (_, q)] = pairs(wanted);
    let field = |name: &str, label: &str, value: &str, list: Option<&str>| {
        html! {
            input type="text" name=(name) value=(value) aria-label=(label) placeholder=(label) list=[list]
                autocomplete="off" spellcheck="false";
        }
    };
    html! {
        form class="actions" method="get" action=(view.base.path("/audit")) {
            (field("who", "Who", who, None))
            (field("what", "What, as in requeue", what, None))
            (field("q", "after:1d before:1h text", q, Some("audit-words")))
            datalist id="audit-words" { @for word in WORDS { option value=(word) {} } }
            button type="submit" { "Find" }
            @if wanted.asks() { a class="button" href=(view.base.path("/audit")) { "Show all" } }
        }
    }
}

/// Leads to those entries alone that have this, too.
fn narrower(view: &View, wanted: &Wanted, (name, value): (&str, &str), label: &str) -> Markup {
    let pairs = pairs(wanted).map(|(field, said)| {
        match (field == name, field, said) {
            (false, ..) => (field, said.to_owned()),
            // The text stays, beside what is added.
            (true, "q", said) if !said.is_empty() && !said.contains("trace:") => {
                (field, format!("{said} {value}"))
            }
            (true, ..) => (field, value.to_owned()),
        }
    });
    let pairs = pairs.each_ref().map(|(field, said)| (*field, &**said));
    html! { a href=(view.base.query("/audit", &pairs)) { (clip(label, LINE)) } }
}
