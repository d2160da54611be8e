//! What failed, by what went wrong.

use std::fmt::Write as _;
use std::time::Duration;

use boltjobs_core::fingerprint::{Fingerprint, Pattern};
use boltjobs_core::silence::{Silence, Subject};
use boltjobs_core::store::{FailureGroup, HOURS, JobFilter, Trend};
use boltjobs_core::{JobState, Timestamp};
use maud::{Markup, html};

use super::frame::{LINE, View, live_list, rest, table_under};
use super::silence;
use super::sorting::{By, Sorted};
use crate::access::Role;
use crate::text::{clip, counted};

/// The most failures that are listed.
pub(crate) const GROUPS: usize = 500;

/// The span after which a failure is not of late.
const DAY: Duration = Duration::from_hours(24);

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
pub(crate) fn failures(view: &View, groups: &[Known], last: Option<Timestamp>, sorted: &Sorted) -> Markup {
    let (ignored, open): (Vec<_>, Vec<_>) = groups.iter().partition(|(_, silence)| silence.is_some());
    let body = html! {
        h1 { "Failures" }
        (live_list("list", &html! {
            @if groups.is_empty() {
                p class="empty" { (nothing(view, last)) }
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

/// Says that there is no failure, and when there was one.
fn nothing(view: &View, last: Option<Timestamp>) -> Markup {
    html! {
        @match last {
            Some(last) if view.now.since(last) > DAY => { "No failure in 24 h. The last one: " (view.instant(last)) "." }
            Some(_) => { "No job is failed or waits for another attempt, although some failed within 24 h: they were tried again or deleted." }
            None => { "No failure in 7 days." }
        }
    }
}

fn listed(view: &View, caption: &str, groups: &[&Known], sorted: &Sorted) -> Markup {
    let columns = ["Error", "Failed", "Retrying", "Last 24 h", "First", "Last", "What to do"];
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
                    td { (trend(&group.trend, view.now)) }
                    td { (view.instant(group.first)) }
                    td { (view.instant(group.last)) }
                    td {
                        // Beside each other they would make the table too wide for its other columns.
                        @if group.failed > 0 && view.access.role >= Role::Operate {
                            details class="menu" {
                                summary { "Retry or delete…" }
                                (actions(view, group.fingerprint, group.failed))
                            }
                        }
                    }
                }
            }
            (rest(groups.len(), GROUPS, columns.len()))
        },
    )
}

/// Draws how many failed in each of the last 24 hours, with their number, and says the same in words.
pub(super) fn trend(trend: &Trend, now: Timestamp) -> Markup {
    let counts = trend.until(now);
    let most = counts.iter().copied().max().unwrap_or_default();
    let mut bars = String::new();
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (left, height) = (at * 4, (u64::from(*count) * 20).div_ceil(u64::from(most)));
        // It can't fail for a String.
        let _ = write!(bars, "M{left} 20v-{height}h3v{height}z");
    }
    html! {
        @if most == 0 { "0" } @else {
            svg class="trend" viewBox="0 0 96 20" preserveAspectRatio="none" role="img" aria-label=(said(&counts, most)) {
                path class="chart-failed" d=(bars) {}
            }
            " " (counts.iter().copied().map(u64::from).sum::<u64>())
        }
    }
}

/// Says of 24 hours how many failed in them, and when most did.
fn said(counts: &[u32; HOURS], most: u32) -> String {
    let total: u64 = counts.iter().copied().map(u64::from).sum();
    let back = counts.iter().rev().position(|count| *count == most).unwrap_or_default();
    let when =
        if back == 0 { "in this hour".to_owned() } else { format!("{} ago", counted(back as u64, "hour")) };
    format!("{total} failed in the last 24 hours, most of them {when}: {most}")
}

/// The same in words alone.
pub(super) fn trend_in_words(trend: &Trend, now: Timestamp) -> String {
    let counts = trend.until(now);
    match counts.iter().copied().max().unwrap_or_default() {
        0 => "none failed in the last 24 hours".to_owned(),
        most => said(&counts, most),
    }
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
                (view.button(
                    Role::Operate, &path, &[&fields("careful", "")[..], &[("hold", "deploy")]].concat(), "Retry after the next deploy"
                ))
                a class="button" href=(view.base.query("/operations/new", &[("action", "delete"), ("q", &query)])) { "Delete…" }
            }
        }
    }
}
