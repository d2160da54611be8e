//! Lists of jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use boltjobs_core::job::Job;
use boltjobs_core::store::{Counts, Explanation, JobFilter, Keep, Page, Tally};
use boltjobs_core::{JobId, JobState};
use maud::{Markup, html};

use super::columns::{cell, chooser};
use super::copies::buttons;
use super::frame::{Card, LINE, View, ask, cards, live, live_list, press, state};
use super::saved::Kept;
use crate::access::Role;
use crate::columns::Columns;
use crate::text::{clip, counted, days};
use boltjobs_core::query::QueryError;

/// The numbers of jobs that a page can have, the default first.
pub(crate) const SIZES: [usize; 5] = [50, 10, 20, 100, 500];

/// The jobs that match a query, and how they are listed.
#[derive(Debug)]
pub(crate) struct JobsPage {
    pub(crate) filter: JobFilter,
    pub(crate) counts: Counts,
    pub(crate) page: Page,
    /// Those of them whose server is not there.
    pub(crate) aborted: BTreeSet<JobId>,
    pub(crate) after: Option<JobId>,
    pub(crate) oldest_first: bool,
    pub(crate) size: usize,
    /// Why some of them wait, where somebody wants to see it.
    pub(crate) why: BTreeMap<JobId, Explanation>,
    /// Where nothing matches: how many would without a part of what was asked for. The part that keeps most out is the first.
    pub(crate) wider: Vec<Wider>,
}

/// What matches without a part of a filter.
#[derive(Debug)]
pub(crate) struct Wider {
    what: String,
    pub(crate) filter: JobFilter,
    /// The jobs that match it among those that one look takes.
    pub(crate) tally: Tally,
}

impl Wider {
    /// Returns the parts of a filter, each with all that is left without it.
    pub(crate) fn of(filter: &JobFilter) -> Vec<Self> {
        let none = JobFilter::default();
        PARTS
            .iter()
            .filter_map(|put| {
                let (mut part, mut rest) = (none.clone(), filter.clone());
                put(filter, &mut part);
                put(&none, &mut rest);
                let what = part.to_string();
                (rest != *filter).then_some(Self { what, filter: rest, tally: Tally::default() })
            })
            .collect()
    }
}

/// Each puts a part of the first filter into the second.
const PARTS: [fn(&JobFilter, &mut JobFilter); 15] = [
    |from, to| to.text.clone_from(&from.text),
    |from, to| to.args.clone_from(&from.args),
    |from, to| to.errors.clone_from(&from.errors),
    |from, to| to.failures.clone_from(&from.failures),
    |from, to| to.retrying = from.retrying,
    |from, to| to.attempts.clone_from(&from.attempts),
    |from, to| to.waited.clone_from(&from.waited),
    |from, to| to.enqueued_after = from.enqueued_after,
    |from, to| to.enqueued_before = from.enqueued_before,
    |from, to| to.batch = from.batch,
    |from, to| to.parent = from.parent,
    |from, to| to.tags.clone_from(&from.tags),
    |from, to| to.states.clone_from(&from.states),
    |from, to| to.queues.clone_from(&from.queues),
    |from, to| to.requests.clone_from(&from.requests),
];

/// Shows the jobs that match a query.
pub(crate) fn jobs(view: &View, listed: &JobsPage, columns: &Columns, kept: &Kept<'_>) -> Markup {
    let typed = listed.filter.to_string();
    let body = html! {
        h1 {
            "Jobs"
            @if view.access.role >= Role::Operate { " " a class="button" href=(view.base.path("/jobs/new")) { "New job…" } }
        }
        (kept.box_with(view, &typed, Some(&listed.filter)))
        (live("tabs", &tabs(view, listed, columns)))
        (live_list("list", &html! {
            @if listed.page.jobs.is_empty() { (nothing(view, listed)) }
            @else { (with_marks(view, "Requeue", &rows(view, listed, columns))) }
        }))
        @if !listed.page.jobs.is_empty() { (all_matching(view, &typed)) }
        (live("further", &further(view, listed, "/jobs", &[("q", &typed), ("columns", &columns.named)])))
        (kept_for(view, &listed.filter.states))
        (chooser(view, &typed, columns))
    };
    view.frame("Jobs", "Jobs", &body)
}

/// Says how long the jobs of a list are kept, where they have all ended in one way.
fn kept_for(view: &View, states: &[JobState]) -> Markup {
    let [state] = states else { return Markup::default() };
    html! {
        @if let Some(Keep { age, count }) = view.site.keep(*state) {
            p class="quiet" {
                "Jobs that are " (state) " are kept "
                @if age == Duration::MAX { "for ever" } @else { "for " (days(age)) }
                @if let Some(count) = count { ", and the latest " (count) " at most" }
                "."
            }
        }
    }
}

/// Shows a query that can't be read, and why.
pub(crate) fn unreadable(view: &View, typed: &str, error: &QueryError, kept: &Kept<'_>) -> Markup {
    let body = html! {
        h1 { "Jobs" }
        (kept.box_with(view, typed, None))
        p class="alert" role="alert" { "The query can't be read at character " (error.column) ": " (error.what) "." }
    };
    view.frame("Jobs", "Jobs", &body)
}

fn tabs(view: &View, listed: &JobsPage, columns: &Columns) -> Markup {
    let of = |states: Vec<JobState>| {
        let filter = JobFilter { states, ..listed.filter.clone() };
        let current = (filter.states == listed.filter.states).then_some("page");
        let pairs = [("q", &*filter.to_string()), ("columns", &*columns.named)];
        (view.base.query("/jobs", &pairs), current)
    };
    html! {
        nav class="tabs" aria-label="States" {
            @let (link, current) = of(Vec::new());
            a href=(link) aria-current=[current] { "All" (total(listed, None)) }
            @for each in JobState::ALL {
                @let (link, current) = of(vec![each]);
                a href=(link) aria-current=[current] { (state(each)) (total(listed, Some(each))) }
            }
        }
    }
}

/// Counts the jobs of a tab, where a counter tells it.
fn total(listed: &JobsPage, state: Option<JobState>) -> Markup {
    let JobFilter { queues, requests, .. } = &listed.filter;
    let rest =
        JobFilter { states: Vec::new(), queues: Vec::new(), requests: Vec::new(), ..listed.filter.clone() };
    let counts = match (&**queues, &**requests) {
        _ if rest != JobFilter::default() => None,
        ([], []) => Some(listed.counts.states),
        ([queue], []) => Some(listed.counts.queues.get(queue).copied().unwrap_or_default()),
        ([], [request]) => Some(listed.counts.requests.get(request).copied().unwrap_or_default()),
        _ => None,
    };
    let number = counts.map(|counts| state.map_or(counts.total(), |state| counts.get(state)));
    html! { @if let Some(number) = number { " " span class="count" { (number) } } }
}

fn rows(view: &View, listed: &JobsPage, columns: &Columns) -> Markup {
    let rows = listed.page.jobs.iter().map(|job| Card {
        about: html! {
            (mark(job)) (view.job(job.id, job.spec.title()))
            @if listed.aborted.contains(&job.id) { " " span class="badge bad" { "its server is gone" } }
        },
        cells: columns
            .shown
            .iter()
            .map(|(column, _, _)| cell(view, job, listed.why.get(&job.id), *column))
            .collect(),
    });
    let titles: Vec<_> =
        ["Job"].into_iter().chain(columns.shown.iter().map(|(_, _, title)| *title)).collect();
    cards("Jobs", &titles, rows, &html! {})
}

/// Puts rows with jobs to mark into a form that copies those that are, and acts on them for those who may.
pub(super) fn with_marks(view: &View, requeue: &str, rows: &Markup) -> Markup {
    html! {
        form class="bulk" method="post" action=(view.base.path("/jobs")) {
            (view.token())
            (rows)
            p class="actions" {
                span class="marked" { "With those that are marked: " }
                @if view.access.role >= Role::Operate {
                    (ask())
                    (press("requeue", requeue, Some("action"))) " "
                    (press("delete", "Delete", Some("action"))) " "
                    (press("move", "Move…", Some("action"))) " "
                    (press("prioritize", "Prioritize…", Some("action"))) " "
                }
                (buttons(view))
            }
        }
    }
}

/// Makes the box by which a job is marked.
pub(super) fn mark(job: &Job) -> Markup {
    html! {
        input type="checkbox" name="job" value=(job.id) aria-label=(format!("Mark {}", clip(job.spec.title(), LINE)));
        " "
    }
}

/// Offers what can be done with all jobs that match, after a look at how many they are.
fn all_matching(view: &View, typed: &str) -> Markup {
    let link = |action: &str| view.base.query("/operations/new", &[("action", action), ("q", typed)]);
    html! {
        @if view.access.role >= Role::Operate {
            p class="actions" id="matching" {
                "With all that match, on other pages too: "
                a class="button" href=(link("requeue")) { "Requeue all…" } " "
                a class="button" href=(link("delete")) { "Delete all…" }
            }
            details class="more" {
                summary { "Move or prioritize all that match" }
                (planned(view, typed, "move", "To the queue", "Move all…"))
                (planned(view, typed, "prioritize", "To the priority", "Prioritize all…"))
            }
        }
    }
}

/// Asks what to do something to, and leads to a look at how many that would be.
fn planned(view: &View, typed: &str, action: &str, to: &str, label: &str) -> Markup {
    html! {
        form class="act" method="get" action=(view.base.path("/operations/new")) {
            input type="hidden" name="action" value=(action);
            input type="hidden" name="q" value=(typed);
            label { (to) " " input type="text" name="to" required autocomplete="off" spellcheck="false"; }
            button type="submit" { (label) }
        }
    }
}

/// Says that nothing matches, and what to leave out.
fn nothing(view: &View, listed: &JobsPage) -> Markup {
    let filter = &listed.filter;
    html! {
        @if *filter == JobFilter::default() {
            p class="empty" { "No job yet." }
        } @else if listed.page.next.is_some() {
            p class="empty" { "Nothing matches among the jobs that were looked at." }
        } @else if listed.after.is_some() {
            p class="empty" { "Nothing more matches." }
        } @else {
            p class="empty" { "Nothing matches." @if let Some(why) = none_of(filter) { " " (why) } }
            ul class="wider" {
                @for Wider { what, filter, tally } in &listed.wider {
                    li {
                        (view.jobs(&filter.to_string(), &html! { "Leave out " code { (clip(what, LINE)) } })) ": "
                        (counted(tally.jobs, "job")) @if tally.next.is_some() { " or more" }
                    }
                }
            }
        }
    }
}

/// Says what it means that no job is in a state.
fn none_of(filter: &JobFilter) -> Option<&'static str> {
    let [state] = *filter.states else { return None };
    let plain = JobFilter { states: vec![state], ..JobFilter::default() };
    (*filter == plain).then_some(match state {
        JobState::Awaiting => "No job waits for another one.",
        JobState::Scheduled => "No job waits for a time, and none for another attempt.",
        JobState::Enqueued => "No job waits for a worker.",
        JobState::Processing => "No job runs at this moment.",
        JobState::Succeeded => "No job has succeeded that is still kept.",
        JobState::Failed => "No job has failed for good.",
        JobState::Deleted => "No job was deleted or cancelled that is still kept.",
    })
}

/// Leads to the other pages of a list.
pub(super) fn further(view: &View, listed: &JobsPage, path: &str, said: &[(&str, &str)]) -> Markup {
    let order = |oldest: bool| if oldest { "oldest" } else { "" };
    let size = |size: usize| if size == SIZES[0] { String::new() } else { size.to_string() };
    let link = |after: Option<JobId>, oldest: bool, jobs: usize| {
        let after = after.map(|after| after.to_string()).unwrap_or_default();
        let (size, order) = (size(jobs), order(oldest));
        view.base.query(path, &[said, &[("order", order), ("size", &*size), ("after", &*after)]].concat())
    };
    html! {
        nav class="further" aria-label="More jobs" {
            @if listed.after.is_some() { a href=(link(None, listed.oldest_first, listed.size)) { "First page" } }
            @if let Some(next) = listed.page.next {
                a rel="next" href=(link(Some(next), listed.oldest_first, listed.size)) {
                    @if listed.page.jobs.len() < listed.size { "Look further" } @else { "Next page" }
                }
            }
            a href=(link(None, !listed.oldest_first, listed.size)) {
                @if listed.oldest_first { "Newest first" } @else { "Oldest first" }
            }
            @for other in SIZES.into_iter().filter(|size| *size != listed.size) {
                a href=(link(None, listed.oldest_first, other)) { (other) " a page" }
            }
        }
    }
}
