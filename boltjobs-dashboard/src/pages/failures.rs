//! What failed, by what went wrong.

use boltjobs_core::JobState;
use boltjobs_core::store::{FailureGroup, JobFilter};
use maud::{Markup, html};

use super::frame::{LINE, View, live_list, rest, table};
use crate::access::Role;
use crate::query;
use crate::text::clip;

/// The most failures that are listed.
pub(crate) const GROUPS: usize = 500;

/// Shows all failures.
pub(crate) fn failures(view: &View, groups: &[FailureGroup]) -> Markup {
    let body = html! {
        h1 { "Failures" }
        (live_list("list", &html! {
            @if groups.is_empty() {
                p class="empty" { "No job has failed, and none waits for another attempt." }
            } @else { (listed(view, groups)) }
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

fn listed(view: &View, groups: &[FailureGroup]) -> Markup {
    let columns = ["Error", "Failed", "Retrying", "First", "Last", "What to do"];
    table(
        "Failures, the latest first",
        &columns,
        &html! {
            @for group in groups {
                tr {
                    th scope="row" {
                        @let name = if group.pattern.kind.is_empty() { "no error" } else { &group.pattern.kind };
                        code { (clip(name, LINE)) }
                        div { (clip(&group.pattern.message, LINE)) }
                    }
                    td class="number" { (number(view, group, JobState::Failed, group.failed)) }
                    td class="number" { (number(view, group, JobState::Scheduled, group.retrying)) }
                    td { (view.instant(group.first)) }
                    td { (view.instant(group.last)) }
                    td { (actions(view, group)) }
                }
            }
            (rest(groups.len(), GROUPS, columns.len()))
        },
    )
}

fn of(group: &FailureGroup, state: JobState) -> String {
    let filter = JobFilter { states: vec![state], failures: vec![group.fingerprint], ..JobFilter::default() };
    query::write(&filter)
}

fn number(view: &View, group: &FailureGroup, state: JobState, number: u64) -> Markup {
    html! { @if number == 0 { "0" } @else { (view.jobs(&of(group, state), &html! { (number) })) } }
}

fn actions(view: &View, group: &FailureGroup) -> Markup {
    let failed = of(group, JobState::Failed);
    let fields = |pace, limit| [("action", "requeue"), ("q", &*failed), ("pace", pace), ("limit", limit)];
    let path = view.base.path("/operations");
    html! {
        @if group.failed > 0 && view.access.role >= Role::Operate {
            div class="actions" {
                (view.button(Role::Operate, &path, &fields("careful", "1"), "Retry one"))
                (view.button(Role::Operate, &path, &fields("careful", ""), "Retry carefully"))
                a class="button" href=(view.base.query("/operations/new", &[("action", "delete"), ("q", &failed)])) { "Delete…" }
            }
        }
    }
}
