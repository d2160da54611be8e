//! What failed, by what went wrong.

use boltjobs_core::JobState;
use boltjobs_core::fingerprint::{Fingerprint, Pattern};
use boltjobs_core::silence::{Silence, Subject};
use boltjobs_core::store::{FailureGroup, JobFilter};
use maud::{Markup, html};

use super::frame::{LINE, View, live_list, rest, table_under};
use super::silence;
use super::sorting::{By, Sorted};
use crate::access::Role;
use crate::text::clip;

/// The most failures that are listed.
pub(crate) const GROUPS: usize = 500;

/// Failures that are alike, and the silence of those that somebody ignores.
pub(crate) type Known = (FailureGroup, Option<Silence>);

/// The columns by which failures can be sorted.
pub(crate) const BY: [By<Known>; 5] = [
    By("Error", "error", |(a, _), (b, _)| {
        (&a.pattern.kind, &a.pattern.message).cmp(&(&b.pattern.kind, &b.pattern.message))
    }),
    By("Failed", "failed", |(a, _), (b, _)| a.failed.cmp(&b.failed)),
    By("Retrying", "retrying", |(a, _), (b, _)| a.retrying.cmp(&b.retrying)),
    By("First", "first", |(a, _), (b, _)| a.first.cmp(&b.first)),
    By("Last", "last", |(a, _), (b, _)| a.last.cmp(&b.last)),
];

/// Shows all failures; those that somebody ignores are the last.
pub(crate) fn failures(view: &View, groups: &[Known], sorted: &Sorted) -> Markup {
    let (ignored, open): (Vec<_>, Vec<_>) = groups.iter().partition(|(_, silence)| silence.is_some());
    let body = html! {
        h1 { "Failures" }
        (live_list("list", &html! {
            @if groups.is_empty() {
                p class="empty" { "No job has failed, and none waits for another attempt." }
            }
            @if !open.is_empty() { (listed(view, if sorted.sort.is_empty() { "Failures, the latest first" } else { "Failures" }, &open, sorted)) }
            @if !ignored.is_empty() {
                h2 { "Ignored" }
                (listed(view, "Failures that somebody ignores", &ignored, sorted))
            }
        }))
        @if !groups.is_empty() {
            p class="quiet" {
                "Failures are one when the type of the error is the same, and its message but for numbers, ids, addresses and quoted "
                "texts. A careful retry begins with one job, goes on with ten, then with the others, and stops as soon as one fails again."
            }
        }
    };
    view.frame("Failures", "Failures", &body)
}

fn listed(view: &View, caption: &str, groups: &[&Known], sorted: &Sorted) -> Markup {
    let columns = ["Error", "Failed", "Retrying", "First", "Last", "What to do"];
    table_under(
        caption,
        &sorted.head(view, "/failures", &columns, &BY),
        &html! {
            @for (group, silence) in groups {
                tr {
                    th scope="row" {
                        a href=(view.base.item("/failures/", &group.fingerprint.to_string())) {
                            code { (clip(named(&group.pattern), LINE)) }
                        }
                        div { (clip(&group.pattern.message, LINE)) }
                        @match silence {
                            Some(silence) => { span class="badge" { "ignored" } " " (silence::silenced(view, silence)) }
                            None => { (silence::form(view, &Subject::Group(group.fingerprint))) }
                        }
                    }
                    td class="number" { (number(view, group.fingerprint, JobState::Failed, group.failed)) }
                    td class="number" { (number(view, group.fingerprint, JobState::Scheduled, group.retrying)) }
                    td { (view.instant(group.first)) }
                    td { (view.instant(group.last)) }
                    td { (actions(view, group.fingerprint, group.failed)) }
                }
            }
            (rest(groups.len(), GROUPS, columns.len()))
        },
    )
}

/// Returns the type of the error, if there is one.
pub(super) fn named(pattern: &Pattern) -> &str {
    if pattern.kind.is_empty() { "no error" } else { &pattern.kind }
}

fn of(fingerprint: Fingerprint, state: JobState) -> String {
    let filter = JobFilter { states: vec![state], failures: vec![fingerprint], ..JobFilter::default() };
    filter.to_string()
}

/// Leads to the jobs of a failure in a state.
pub(super) fn number(view: &View, fingerprint: Fingerprint, state: JobState, number: u64) -> Markup {
    html! { @if number == 0 { "0" } @else { (view.jobs(&of(fingerprint, state), &html! { (number) })) } }
}

/// Offers what can be done with the jobs of a failure that have failed for good.
pub(super) fn actions(view: &View, fingerprint: Fingerprint, failed: u64) -> Markup {
    let query = of(fingerprint, JobState::Failed);
    let fields = |pace, limit| [("action", "requeue"), ("q", &*query), ("pace", pace), ("limit", limit)];
    let path = view.base.path("/operations");
    html! {
        @if failed > 0 && view.access.role >= Role::Operate {
            div class="actions" {
                (view.button(Role::Operate, &path, &fields("careful", "1"), "Retry one"))
                (view.button(Role::Operate, &path, &fields("careful", ""), "Retry carefully"))
                a class="button" href=(view.base.query("/operations/new", &[("action", "delete"), ("q", &query)])) { "Delete…" }
            }
        }
    }
}
