//! The page of one job.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::continuation::ParentId;
use boltjobs_core::fingerprint::Pattern;
use boltjobs_core::job::{Job, JobSpec};
use boltjobs_core::lineage::{BY, EnqueuedBy};
use boltjobs_core::literal::{literal, test_code};
use boltjobs_core::mask::masked;
use boltjobs_core::notes::{LogLevel, Notes};
use boltjobs_core::shape::Shape;
use boltjobs_core::store::{Explanation, JobFilter};
use boltjobs_core::{JobState, Timestamp};
use maud::{Markup, html};

use super::error::error;
use super::first::hint;
use super::frame::{View, live, state, table};
use super::history::history;
use super::kin::kin;
use super::later::later;
use super::log::log;
use super::told::Told;
use crate::access::Role;
use crate::change::OPEN;
use crate::code::{Changed, Versions};
use crate::kin::{Kin, in_words};
use crate::text::{clip, span};

/// The most characters of a payload or a result.
const BLOCK: usize = 50_000;

/// What is said of an option of the one job.
const INSTEAD: &str = "in place of what the handler says";

/// The most characters of any other text that a program chose.
const LINE: usize = 1_000;

/// What the page shows.
#[derive(Debug)]
pub(crate) struct JobPage {
    pub(crate) job: Job,
    pub(crate) explanation: Explanation,
    pub(crate) notes: Option<Notes>,
    /// How its request looks in code, where a server tells.
    pub(crate) shape: Option<Arc<Shape>>,
    /// Whether a server would run a demo.
    pub(crate) demo: bool,
    /// When its turn comes, if its queue goes on as within the last minutes.
    pub(crate) turn: Option<Duration>,
    /// When it is removed, and how many of its state are kept at most.
    pub(crate) removed: Option<(Option<Timestamp>, Option<u64>)>,
    /// The lines of its log that are shown.
    pub(crate) level: LogLevel,
    /// Whether it is run by a server that is not there.
    pub(crate) aborted: bool,
    /// Which versions of the program ran it.
    pub(crate) versions: Versions,
    /// Whether the program is another one since it failed.
    pub(crate) changed: Option<Changed>,
}

/// Shows one job.
pub(crate) fn job(view: &View, page: &JobPage, hangs: &Kin, told: &Told) -> Markup {
    let JobPage { job, explanation, notes, shape, .. } = page;
    let title = clip(job.spec.title(), LINE);
    let body = html! {
        (live("head", &html! {
            h1 { (title) " " (state(job.state)) }
            p class="why" {
                strong { "Why: " } (clip(&explanation.to_string(), BLOCK)) "."
                @if let Some(turn) = page.turn { " Its turn comes in about " (span(turn)) ", at the rate of its queue." }
            }
            @if let Some(changed) = &page.changed {
                p {
                    "The code changed since: " code { (clip(&changed.from, LINE)) } " → " code { (clip(&changed.to, LINE)) } ", "
                    (view.instant(changed.at)) "."
                }
            }
            @if page.aborted {
                p class="alert" {
                    "The server that runs it is not there: it was possibly aborted. The job goes back to its place when its lease is over, and "
                    "another server is heard of."
                }
            }
            (actions(view, job))
            (hint(view, job, page.demo))
        }))
        (live("facts", &facts(view, page, hangs)))
        (request(shape.as_deref(), &job.spec))
        (live("outcome", &html! {
            @if let Some(last) = job.last_error() { h2 { "Last error" } (error(last)) }
            @if let Some(result) = job.result() {
                h2 { "Result" }
                pre { (clip(&String::from_utf8_lossy(result), BLOCK)) }
            }
        }))
        (live("noted", &html! { @if let Some(notes) = notes { (noted(view, page, notes)) } }))
        (live("kin", &kin(view, job, hangs)))
        (live("history", &history(view, job, &page.versions)))
        (live("told", &told.shown(view, job)))
    };
    view.frame("Jobs", &title, &body)
}

/// Offers what can be done with a job in its state.
fn actions(view: &View, job: &Job) -> Markup {
    let (id, seen) = (job.id.to_string(), job.state.as_str());
    let button = |action, label| {
        let fields = [("action", action), ("job", &*id), ("seen", seen), ("from", "job")];
        view.button(Role::Operate, &view.base.path("/jobs"), &fields, label)
    };
    html! {
        div class="actions" {
            @match job.state {
                JobState::Processing => { (button("delete", "Ask it to stop")) }
                JobState::Deleted => { (button("requeue", "Requeue")) }
                JobState::Enqueued => { (button("delete", "Delete")) }
                JobState::Scheduled | JobState::Awaiting => { (button("requeue", "Run now")) (button("delete", "Delete")) }
                JobState::Succeeded | JobState::Failed => { (button("requeue", "Requeue")) (button("delete", "Delete")) }
            }
            @for link in &view.site.links { a class="button" href=(link.of(job)) rel="noreferrer" { (link.name) } }
            @if view.access.role >= Role::Operate {
                a class="button" href=(view.base.query("/jobs/new", &[("from", &*id)])) { "Copy…" }
            }
            a class="button" href=(format!("{}/export", view.base.item("/jobs/", &id))) download { "Export" }
            @if OPEN.contains(&job.state) && view.access.may(Role::Operate, "change", &format!("job {id}")) {
                a class="button" href=(format!("{}/edit", view.base.item("/jobs/", &id))) { "Change…" }
            }
            (later(view, job))
        }
    }
}

fn facts(view: &View, page: &JobPage, hangs: &Kin) -> Markup {
    let (job, spec) = (&page.job, &page.job.spec);
    let given = [
        ("Unique key", spec.unique.as_ref().map(|unique| unique.key.to_string())),
        ("Concurrency key", spec.concurrency_key.as_ref().map(ToString::to_string)),
        ("Trace", spec.trace.clone()),
        ("Retries", spec.retries.map(|retries| format!("{retries}, {INSTEAD}"))),
        ("Timeout", spec.timeout.map(|timeout| format!("{}, {INSTEAD}", span(timeout)))),
        ("Asked to stop", job.cancel.clone()),
    ];
    let queue = JobFilter { queues: vec![spec.queue.clone()], ..JobFilter::default() };
    let request = JobFilter { requests: vec![spec.request.clone()], ..JobFilter::default() };
    html! {
        dl {
            dt { "Id" } dd { code data-copy { (job.id) } }
            dt { "Request" }
            dd {
                (view.jobs(&request.to_string(), &html! { (clip(&spec.request, LINE)) })) ", version " (spec.version) ", "
                a href=(view.base.item("/requests/", &spec.request)) { "its limits" }
            }
            dt { "Queue" }
            dd { (view.jobs(&queue.to_string(), &html! { (clip(&spec.queue, LINE)) })) ", priority " (spec.priority) }
            dt { "Attempts" } dd { (job.attempt) }
            dt { "Enqueued" } dd { (view.instant(job.created_at)) @if let Some(by) = EnqueuedBy::of(spec) { ", by " (enqueued_by(view, &by)) } }
            @if let Some((at, most)) = page.removed {
                dt { "Removed" }
                dd {
                    @if let Some(at) = at { (view.instant(at)) @if most.is_some() { ", or sooner: " } }
                    @if let Some(most) = most { "the latest " (most) " that are " (job.state) " are kept" }
                }
            }
            @if let Some(due) = job.due { dt { "Due" } dd { (view.instant(due)) } }
            @if let Some(expires) = job.expires { dt { "Expires" } dd { (view.instant(expires)) } }
            @if let Some(occurrence) = &spec.occurrence {
                dt { "Recurring" }
                dd {
                    a href=(view.base.item("/recurring/", &occurrence.recurring)) { (clip(&occurrence.recurring, LINE)) }
                    ", for " (view.instant(occurrence.scheduled_for))
                }
            }
            @if let Some(batch) = spec.batch {
                dt { "Batch" } dd { a href=(view.base.item("/batches/", &batch.to_string())) { (batch) } }
            }
            @if !job.state.is_final() {
                @let children = JobFilter { parent: Some(job.id.into()), ..JobFilter::default() };
                dt { "Jobs after it" } dd { (view.jobs(&children.to_string(), &html! { "Show those that wait for it" })) }
            }
            @if let Some(pattern) = Pattern::of(job) {
                dt { "Failure" }
                dd {
                    a href=(view.base.item("/failures/", &pattern.fingerprint().to_string())) {
                        @if pattern.message.is_empty() { (pattern.kind) } @else { (clip(&pattern.message, LINE)) }
                    }
                }
            }
            @if !spec.parents.is_empty() { dt { "After" } dd { (parents(view, job, hangs)) } }
            @if !spec.tags.is_empty() {
                dt { "Tags" }
                dd {
                    @for tag in &spec.tags {
                        @let filter = JobFilter { tags: vec![tag.clone()], ..JobFilter::default() };
                        (view.jobs(&filter.to_string(), &html! { (clip(tag, LINE)) })) " "
                    }
                }
            }
            @for (name, value) in &given {
                @if let Some(value) = value { dt { (name) } dd { (clip(value, LINE)) } }
            }
            @for (name, value) in spec.meta.iter().filter(|(name, _)| *name != BY) { dt { (clip(name, LINE)) } dd { (clip(value, LINE)) } }
        }
    }
}

/// Says who enqueued a job, and leads there.
fn enqueued_by(view: &View, by: &EnqueuedBy) -> Markup {
    html! {
        @match by {
            EnqueuedBy::Job(id) => { "the handler of job " (view.job(*id, &id.to_string())) }
            EnqueuedBy::Recurring(id) => { "the schedule " a href=(view.base.item("/recurring/", id)) { (clip(id, LINE)) } }
            EnqueuedBy::User(_) | EnqueuedBy::Trace(_) | _ => { (clip(&by.to_string(), LINE)) }
        }
    }
}

/// Shows the payload: as the code that makes it, as it is stored, and in a test.
pub(super) fn request(shape: Option<&Shape>, spec: &JobSpec) -> Markup {
    let json = format!("{:#}", masked(spec));
    html! {
        h2 { "Request" }
        pre { code data-as="rust" { (literal(shape, spec)) } }
        details { summary { "As JSON" } pre { code { (clip(&json, BLOCK)) } } }
        details { summary { "As a test" } pre { code { (test_code(shape, spec)) } } }
    }
}

fn parents(view: &View, job: &Job, hangs: &Kin) -> Markup {
    html! {
        ul {
            @for parent in &job.spec.parents {
                li {
                    @match parent.id {
                        ParentId::Job(id) => { "job " (view.job(id, &id.to_string())) }
                        ParentId::Batch(id) => { "batch " a href=(view.base.item("/batches/", &id.to_string())) { code { (id) } } }
                    }
                    @match hangs.member(parent.id).map(|member| member.state) {
                        Some(Some(known)) => { " " (state(known)) }
                        Some(None) => { ", whose retention is over" }
                        None => {}
                    }
                    ", " (in_words(parent.when))
                    @if job.waits_for.iter().any(|awaited| awaited.id == parent.id) { ", which has not ended" }
                }
            }
        }
    }
}

/// Shows what the job has noted: how far it is, its steps, its log.
fn noted(view: &View, page: &JobPage, notes: &Notes) -> Markup {
    html! {
        @if let Some(progress) = &notes.progress {
            h2 { "Progress" }
            p {
                progress max="100" value=(progress.percent) { (progress.percent) " %" }
                " " (progress.percent) " % " (clip(&progress.message, LINE)) ", " (view.instant(progress.at))
            }
        }
        @for bar in &notes.bars {
            p {
                progress max=(bar.total.max(1)) value=(bar.done.min(bar.total)) { (bar.done) " of " (bar.total) }
                " " (clip(&bar.name, LINE)) ": " (bar.done) " of " (bar.total)
            }
        }
        @if !notes.steps.is_empty() {
            (table("Steps", &["Step", "Took", "Finished", "Attempt"], &html! {
                @for step in &notes.steps {
                    tr {
                        th scope="row" { (clip(&step.name, LINE)) }
                        td { (span(step.took)) }
                        td { (view.instant(step.at)) }
                        td class="number" { (step.attempt) }
                    }
                }
            }))
        }
        @if !notes.log.is_empty() { (log(view, &page.job.id.to_string(), notes, page.level)) }
    }
}
