//! How a job is put off.

use boltjobs_core::JobState;
use boltjobs_core::job::Job;
use maud::{Markup, html};

use super::frame::View;
use crate::access::Role;

/// The states in which a job waits for nothing but its turn or a time, or has failed.
const OPEN: [JobState; 3] = [JobState::Scheduled, JobState::Enqueued, JobState::Failed];

/// The spans that one button each is for.
const SPANS: [(&str, &str); 3] = [("10m", "In 10 minutes"), ("1h", "In 1 hour"), ("1d", "In 1 day")];

/// Asks until when a job is to wait; for those who may.
pub(super) fn later(view: &View, job: &Job) -> Markup {
    let form = |fields: &Markup| {
        html! {
            form class="actions" method="post" action=(view.base.path("/jobs")) {
                (view.token())
                input type="hidden" name="action" value="reschedule";
                input type="hidden" name="job" value=(job.id);
                input type="hidden" name="seen" value=(job.state);
                input type="hidden" name="from" value="job";
                (fields)
            }
        }
    };
    html! {
        @if OPEN.contains(&job.state) && view.access.role >= Role::Operate {
            details class="later" {
                summary { "Later…" }
                (form(&html! { @for (span, words) in SPANS { button type="submit" name="at" value=(span) { (words) } } }))
                (form(&html! {
                    input type="text" name="at" required aria-label="When" placeholder="30m, or 2026-01-31T09:00:00Z" autocomplete="off";
                    button type="submit" { "Then" }
                }))
            }
        }
    }
}
