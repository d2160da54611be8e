//! Batches, and how far they are.

use boltjobs_core::batch::BatchStatus;
use boltjobs_core::continuation::ParentId;
use boltjobs_core::store::JobFilter;
use boltjobs_core::{BatchId, JobState};
use maud::{Markup, html};

use super::frame::{LINE, View, live, live_list, state, table, table_under};
use super::graph::{by_state, graph, link};
use super::kin::named as named_member;
use super::sorting::{By, Sorted};
use crate::access::Role;
use crate::kin::{Kin, Member};
use crate::link::Base;
use crate::text::{clip, counted, span};

/// The most jobs of a batch that are listed before anybody asks for the list.
const LISTED: usize = 12;

/// How many batches a page has.
pub(crate) const ROWS: usize = 50;

/// The columns by which batches can be sorted, where one page has all of them.
pub(crate) const BY: [By<BatchStatus>; 5] = [
    By("Batch", "name", |a, b| a.batch.name.cmp(&b.batch.name)),
    By("Succeeded", "succeeded", |a, b| of(a, JobState::Succeeded).cmp(&of(b, JobState::Succeeded))),
    By("Failed", "failed", |a, b| of(a, JobState::Failed).cmp(&of(b, JobState::Failed))),
    By("Jobs", "jobs", |a, b| a.jobs.total().cmp(&b.jobs.total())),
    By("Created", "created", |a, b| a.batch.created_at.cmp(&b.batch.created_at)),
];

fn of(status: &BatchStatus, state: JobState) -> u64 {
    status.jobs.get(state)
}

/// Shows batches, the newest first; in another order only where these are all.
pub(crate) fn batches(
    view: &View,
    batches: &[BatchStatus],
    next: Option<BatchId>,
    sorted: Option<&Sorted>,
) -> Markup {
    let caption =
        if sorted.is_none_or(|it| it.sort.is_empty()) { "Batches, the newest first" } else { "Batches" };
    let body = html! {
        h1 { "Batches" }
        (live_list("list", &html! {
            @if batches.is_empty() {
                p class="empty" { "No batch yet. This is how one is made:" }
                pre { code { "Batch::new(\"thumbnails\").extend(images.map(Resize::new)).on_success(Publish).submit().await?" } }
            } @else { (listed(view, caption, batches, sorted)) }
        }))
        @if let Some(next) = next {
            nav class="further" aria-label="More batches" {
                a rel="next" href=(view.base.query("/batches", &[("after", &next.to_string())])) { "Next page" }
            }
        }
    };
    view.frame("Batches", "Batches", &body)
}

fn listed(view: &View, caption: &str, batches: &[BatchStatus], sorted: Option<&Sorted>) -> Markup {
    let columns = ["Batch", "State", "Progress", "Succeeded", "Failed", "Jobs", "Created"];
    let plain = || html! { @for column in columns { th scope="col" { (column) } } };
    table_under(
        caption,
        &sorted.map_or_else(plain, |sorted| sorted.head(view, "/batches", &columns, &BY)),
        &html! {
            @for status in batches {
                @let jobs = &status.jobs;
                tr {
                    th scope="row" { (named(view, status)) }
                    td { (stands(status)) }
                    td { (progress(status)) }
                    td class="number" { (jobs.get(JobState::Succeeded)) }
                    td class="number" { (jobs.get(JobState::Failed)) }
                    td class="number" { (jobs.total()) }
                    td { (view.instant(status.batch.created_at)) }
                }
            }
        },
    )
}

fn named(view: &View, status: &BatchStatus) -> Markup {
    let batch = &status.batch;
    let name =
        if batch.name.is_empty() { batch.id.to_string() } else { clip(&batch.name, LINE).into_owned() };
    html! { a href=(view.base.item("/batches/", &batch.id.to_string())) { (name) } }
}

/// Says how a batch ended, or that it has not.
fn stands(status: &BatchStatus) -> Markup {
    html! {
        @match status.batch.ended {
            Some((ended, _)) => { (state(ended)) }
            None if status.jobs.unfinished() == 0 => { "waits for the batches in it" }
            None => { (state(JobState::Processing)) }
        }
        @if status.batch.cancelled.is_some() { " " span class="badge" { "cancelled" } }
    }
}

/// Draws how many jobs are in each state, those that ended first. Numbers beside it say the same.
fn progress(status: &BatchStatus) -> Markup {
    const ORDER: [JobState; 7] = [
        JobState::Succeeded,
        JobState::Failed,
        JobState::Deleted,
        JobState::Processing,
        JobState::Enqueued,
        JobState::Scheduled,
        JobState::Awaiting,
    ];
    let (total, ended) = (status.jobs.total(), status.jobs.total() - status.jobs.unfinished());
    let mut before = 0;
    let parts = ORDER.map(|state| {
        let (from, jobs) = (before, status.jobs.get(state));
        before += jobs;
        (state, from, jobs)
    });
    html! {
        svg class="segments" viewBox=(format!("0 0 {} 1", total.max(1))) preserveAspectRatio="none" aria-hidden="true" {
            @for (state, from, jobs) in parts.into_iter().filter(|(_, _, jobs)| *jobs > 0) {
                rect class=(format!("segment {}", state.as_str().to_lowercase())) x=(from) width=(jobs) height="1" {}
            }
        }
        " " (ended) " of " (total)
    }
}

/// Shows one batch, with the batches in it.
pub(crate) fn batch(view: &View, status: &BatchStatus, nested: &[BatchStatus], kin: &Kin) -> Markup {
    let batch = &status.batch;
    let title = if batch.name.is_empty() { "Batch".into() } else { clip(&batch.name, LINE) };
    let body = html! {
        (live("batch", &html! {
            h1 { (title) " " (stands(status)) }
            @if let Some(reason) = &batch.cancelled { p class="alert" { "It was cancelled: " (clip(reason, LINE)) } }
            div class="actions" {
                @if batch.ended.is_none() && batch.cancelled.is_none() {
                    (view.button(Role::Operate, &view.base.item("/batches/", &batch.id.to_string()), &[("action", "cancel")], "Cancel batch"))
                }
                (retry_failed(view, status))
            }
            p { (progress(status)) }
            p class="quiet" { (in_words(status)) }
            (facts(view, status))
            (drawn(view, status, kin))
            (counts(view, status))
            @if !nested.is_empty() { (listed(view, "Batches in it", nested, None)) }
        }))
    };
    view.frame("Batches", &title, &body)
}

/// Draws the jobs of a batch and the batches in it; where there are too many to look at each, by state alone.
fn drawn(view: &View, status: &BatchStatus, kin: &Kin) -> Markup {
    let of = |state: JobState| {
        let filter = JobFilter { batch: Some(status.batch.id), states: vec![state], ..JobFilter::default() };
        view.base.query("/jobs", &[("q", &filter.to_string())])
    };
    let held = JobState::ALL.map(|state| (state, status.jobs.get(state)));
    html! {
        @if kin.more {
            h2 { "Its jobs" }
            (by_state(&held, &of))
        } @else if !kin.members.is_empty() {
            h2 { "Its jobs" }
            @let own = ParentId::from(status.batch.id);
            // Where nothing comes after anything else there is nothing to draw.
            @let linked = kin.members.iter().any(|member| member.id == own);
            @if linked { (graph(view, &kin.members, Some(own), |state| state.map(of))) }
            details open[!linked && kin.members.len() <= LISTED] {
                summary { "As a list" }
                (table("Jobs and batches", &["State and title", "After", "Run again"], &html! {
                    @for member in kin.members.iter().filter(|member| member.id != own) {
                        tr {
                            th scope="row" { (named_member(view, member)) }
                            td { (after(view, kin, member)) }
                            td { (from_here(view, status, member)) }
                        }
                    }
                }))
            }
        }
    }
}

/// Shows what a member comes after.
fn after(view: &View, kin: &Kin, member: &Member) -> Markup {
    html! {
        @for id in &member.after {
            @let known = kin.members.iter().find(|known| known.id == *id);
            div { a href=(link(view, *id)) { (known.map_or_else(|| id.to_string().into(), |known| clip(&known.title, LINE))) } }
        }
    }
}

/// Leads to a look at which jobs would run again, if this one did and whatever comes after it.
fn from_here(view: &View, status: &BatchStatus, member: &Member) -> Markup {
    html! {
        @if let ParentId::Job(id) = member.id
            && status.batch.ended.is_some()
            && view.access.role >= Role::Operate
        {
            a href=(again(view, status, &[("from", &id.to_string())])) { "From here…" }
        }
    }
}

fn again(view: &View, status: &BatchStatus, from: &[(&str, &str)]) -> String {
    view.base
        .query(&format!("{}/rerun", Base::default().item("/batches/", &status.batch.id.to_string())), from)
}

/// Leads to a look at which jobs would run again, if all that failed did.
fn retry_failed(view: &View, status: &BatchStatus) -> Markup {
    let failed =
        JobFilter { states: vec![JobState::Failed], batch: Some(status.batch.id), ..JobFilter::default() };
    let link = view.base.query("/operations/new", &[("action", "requeue"), ("q", &failed.to_string())]);
    html! {
        @if status.jobs.get(JobState::Failed) > 0 && view.access.role >= Role::Operate {
            a class="button" href=(link) { "Retry failed ones…" }
            @if status.batch.ended.is_some() {
                " "
                a class="button" href=(again(view, status, &[])) { "Run failed ones and the rest again…" }
            }
        }
    }
}

/// Says how many jobs are in each state.
fn in_words(status: &BatchStatus) -> String {
    let held = JobState::ALL.into_iter().filter(|state| status.jobs.get(*state) > 0);
    let parts = held.map(|state| format!("{} {}", status.jobs.get(state), state.as_str().to_lowercase()));
    parts.collect::<Vec<_>>().join(", ")
}

fn facts(view: &View, status: &BatchStatus) -> Markup {
    let batch = &status.batch;
    html! {
        dl {
            dt { "Id" } dd { code { (batch.id) } }
            dt { "Created" } dd { (view.instant(batch.created_at)) }
            @if let Some((_, at)) = batch.ended {
                dt { "Ended" } dd { (view.instant(at)) ", after " (span(at.since(batch.created_at))) }
            }
            @if let Some(parent) = batch.parent {
                dt { "In" } dd { a href=(view.base.item("/batches/", &parent.to_string())) { (parent) } }
            }
            @let gone = batch.gone.total();
            @if gone > 0 { dt { "Not kept any more" } dd { (counted(gone, "job")) } }
        }
    }
}

fn counts(view: &View, status: &BatchStatus) -> Markup {
    let of = |states| JobFilter { batch: Some(status.batch.id), states, ..JobFilter::default() };
    html! {
        p { (view.jobs(&of(Vec::new()).to_string(), &html! { "Show its jobs" })) }
        (table("Jobs by state", &["State", "Jobs"], &html! {
            @for each in JobState::ALL.into_iter().filter(|state| status.jobs.get(*state) > 0) {
                tr {
                    th scope="row" { (state(each)) }
                    td class="number" { (view.jobs(&of(vec![each]).to_string(), &html! { (status.jobs.get(each)) })) }
                }
            }
        }))
    }
}
