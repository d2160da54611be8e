//! Who did what.

use boltjobs_core::audit::AuditPage;
use maud::{Markup, html};

use super::frame::{LINE, View, absolute, live_list, table};
use crate::text::clip;

/// How many entries a page has.
pub(crate) const ROWS: usize = 100;

/// Shows what people asked for, the latest first.
pub(crate) fn audit(view: &View, page: &AuditPage) -> Markup {
    let body = html! {
        h1 { "Audit" }
        (live_list("list", &html! {
            @if page.entries.is_empty() {
                p class="empty" { "Nobody has done anything here yet." }
            } @else {
                (table("What was asked for, the latest first", &["When", "Who", "What", "Of what", "Done"], &html! {
                    @for entry in &page.entries {
                        tr {
                            th scope="row" { (absolute(entry.at)) }
                            td { (clip(&entry.actor, LINE)) }
                            td { (clip(&entry.action, LINE)) }
                            td { (clip(&entry.target, LINE)) @if !entry.detail.is_empty() { ": " (clip(&entry.detail, LINE)) } }
                            td { @if entry.done { "yes" } @else { "no: it had changed" } }
                        }
                    }
                }))
            }
        }))
        @if let Some(next) = &page.next {
            nav class="further" aria-label="More entries" {
                a rel="next" href=(view.base.query("/audit", &[("after", next)])) { "Earlier ones" }
            }
        }
        p class="quiet" { "The latest " (boltjobs_core::audit::KEPT) " entries are kept in the store." }
    };
    view.frame("Audit", "Audit", &body)
}
