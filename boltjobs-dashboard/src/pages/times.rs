//! How long jobs have waited and run.

use maud::{Markup, html};

use super::frame::{LINE, table};
use super::histogram::histogram;
use crate::sample::{Percentiles, Seen};
use crate::text::{clip, counted, span};

/// Shows what was seen of jobs that have ended, for all of them and for each of these parts.
pub(super) fn times<'a>(all: &Seen, parts: impl Iterator<Item = (&'a str, &'a Seen)>) -> Markup {
    let columns = ["Request", "Jobs", "A minute", "Wait p50", "p95", "p99", "Run p50", "p95", "p99"];
    html! {
        @if all.jobs == 0 {
            p class="quiet" { "No job of it has ended that is still kept." }
        } @else {
            (table("Wait and run", &columns, &html! {
                (timed("all of them", all))
                @for (request, seen) in parts { (timed(request, seen)) }
            }))
            p class="quiet" {
                "Of the " (counted(all.jobs as u64, "ended job")) " that were enqueued last. Wait is from when a job was ready to "
                "when its latest attempt began, run is that attempt. A minute: how many have ended, since the first of them did."
            }
            div class="graphs" {
                (histogram("How long they waited", &all.waits, all.wait))
                (histogram("How long they ran", &all.runs, all.run))
            }
        }
    }
}

fn timed(name: &str, seen: &Seen) -> Markup {
    let three = |found: Option<Percentiles>| match found {
        Some(it) => [it.p50, it.p95, it.p99].map(span),
        None => ["–", "–", "–"].map(str::to_owned),
    };
    html! {
        tr {
            th scope="row" { (clip(name, LINE)) }
            td class="number" { (seen.jobs) }
            td class="number" { @if let Some(rate) = seen.per_minute { (format!("{rate:.1}")) } @else { "–" } }
            @for text in three(seen.wait).into_iter().chain(three(seen.run)) { td class="number" { (text) } }
        }
    }
}
