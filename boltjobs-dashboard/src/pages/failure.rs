//! One failure, and what the jobs that failed so have in common.

use boltjobs_core::JobState;
use boltjobs_core::silence::Subject;
use boltjobs_core::store::JobFilter;
use maud::{Markup, html};

use super::failures::{actions, named, number, trend, trend_in_words};
use super::frame::{LINE, View, live, live_list, state, table};
use super::silence;
use crate::failure::{Failure, SAMPLE};
use crate::text::{clip, counted};

/// How many of the jobs are listed.
const ROWS: usize = 20;

/// Shows one failure.
pub(crate) fn failure(view: &View, failure: &Failure) -> Markup {
    let Failure { fingerprint, pattern, failed, silence, .. } = failure;
    let all = JobFilter { failures: vec![*fingerprint], ..JobFilter::default() };
    let body = html! {
        (live("failure", &html! {
            h1 { (clip(named(pattern), LINE)) }
            p class="why" { (clip(&pattern.message, LINE)) }
            @match silence {
                Some(silence) => { div { span class="badge" { "ignored" } " " (silence::silenced(view, silence)) } }
                None => { (silence::form(view, &Subject::Group(*fingerprint))) }
            }
            (actions(view, *fingerprint, *failed))
            (facts(view, failure))
            (common(failure))
        }))
        (live_list("list", &listed(view, failure)))
        p { (view.jobs(&all.to_string(), &html! { "Show all jobs that failed so" })) }
    };
    view.frame("Failures", named(pattern), &body)
}

fn facts(view: &View, failure: &Failure) -> Markup {
    let looked = failure.sample.len();
    html! {
        dl {
            dt { "Failed" } dd { (number(view, failure.fingerprint, JobState::Failed, failure.failed)) }
            dt { "Retrying" } dd { (number(view, failure.fingerprint, JobState::Scheduled, failure.retrying)) }
            @if let Some((first, last)) = failure.seen {
                dt { "First" } dd { (view.instant(first)) }
                dt { "Last" } dd { (view.instant(last)) }
            }
            dt { "Trend" }
            dd { (trend(&failure.trend, view.now)) ": " (trend_in_words(&failure.trend, view.now)) }
            dt { "Requests" }
            dd { ul { @for ((request, version), jobs) in &failure.requests {
                li { (clip(request, LINE)) ", version " (version) ": " (jobs) " of " (looked) }
            } } }
            @if !failure.servers.is_empty() {
                dt { "Latest attempts" }
                dd { ul { @for (server, jobs) in &failure.servers { li { "on " (clip(server, LINE)) ": " (jobs) " of " (looked) } } } }
            }
            @if !failure.versions.is_empty() {
                dt { "Versions of the program" }
                dd { ul { @for (version, jobs) in &failure.versions { li { code { (clip(version, LINE)) } ": " (jobs) " of " (looked) } } } }
            }
            dt { "Fingerprint" } dd { code data-copy { (failure.fingerprint) } }
        }
    }
}

/// Says what the payloads have in common. With one payload there is nothing to compare.
fn common(failure: &Failure) -> Markup {
    let alike = &failure.alike;
    let compared = alike.compared;
    let field =
        |name: &str| html! { @if name.is_empty() { "the payload" } @else { code { (clip(name, LINE)) } } };
    html! {
        h2 { "What their payloads have in common" }
        @if compared < 2 {
            p class="quiet" { "There are not two payloads to compare." }
        } @else if alike.same.is_empty() && alike.differing.is_empty() {
            p class="quiet" { "They have no field that may be shown." }
        } @else {
            (table("Fields of the payloads", &["Field", "Value"], &html! {
                @for (name, value) in &alike.same {
                    tr {
                        th scope="row" { (field(name)) }
                        td { code { (clip(&value.to_string(), LINE)) } " in all " (compared) }
                    }
                }
                @for (name, values) in &alike.differing {
                    tr { th scope="row" { (field(name)) } td class="quiet" { (values) " different values in " (compared) } }
                }
                @if alike.left_out > 0 { tr { td colspan="2" { (counted(alike.left_out as u64, "more field")) } } }
            }))
            p class="quiet" {
                "Compared are the payloads of " (compared) " jobs, those that were enqueued last, up to " (SAMPLE)
                ". Sensitive fields are neither shown nor compared."
            }
        }
    }
}

fn listed(view: &View, failure: &Failure) -> Markup {
    table(
        "Jobs that failed so, those that were enqueued last",
        &["Job", "State", "Error", "Since"],
        &html! {
            @for job in failure.sample.iter().take(ROWS) {
                tr {
                    th scope="row" { (view.job(job.id, job.spec.title())) }
                    td { (state(job.state)) }
                    td { (clip(&job.last_error().map(ToString::to_string).unwrap_or_default(), LINE)) }
                    td { (view.instant(job.since)) }
                }
            }
        },
    )
}
