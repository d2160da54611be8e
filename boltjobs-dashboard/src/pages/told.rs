//! A job as programs are told of it, and how they ask.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use boltjobs_core::job::Job;
use maud::{Markup, html};

use super::frame::View;
use crate::access::{By, Role};
use crate::text::counted;

/// The most characters of the JSON of a job: half of it would be none.
const LONGEST: usize = 50_000;

/// What a page offers to be copied.
#[derive(Debug)]
pub(crate) struct Told {
    /// The job as JSON.
    pub(crate) json: String,
    host: String,
}

impl Told {
    pub(crate) fn new(json: String, headers: &HeaderMap) -> Self {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        // What stands before a page lets names alone through; a shell is not to be asked for more.
        let host = host.chars().filter(|letter| letter.is_ascii_alphanumeric() || ".-:[]_".contains(*letter));
        Self { json, host: host.collect() }
    }

    /// Shows the job as JSON, and the commands that ask for it and, once it has ended, requeue it.
    pub(super) fn shown(&self, view: &View, job: &Job) -> Markup {
        let length = self.json.chars().count();
        let seen = job.state.as_str();
        let requeue = format!(
            r#" -H 'Content-Type: application/json' -d '{{"action":"requeue","expected":["{seen}"]}}'"#
        );
        html! {
            h2 { "For programs" }
            details {
                summary { "Copy as JSON" }
                @if length <= LONGEST { pre { code data-as="json" { (self.json) } } }
                @else { p class="quiet" { "It has " (counted(length as u64, "character")) ": ask for it as below." } }
            }
            details {
                summary { "Copy as curl" }
                pre { code data-as="curl" { (self.curl(view, job, "")) } }
                @if job.state.is_final() && view.access.role >= Role::Operate {
                    p { "This requeues it, if it is still in the state " (job.state) ":" }
                    pre { code { (self.curl(view, job, &requeue)) } }
                }
            }
        }
    }

    fn curl(&self, view: &View, job: &Job, more: &str) -> String {
        let token = if view.access.by == By::Nothing { "" } else { " -H \"Authorization: Bearer $TOKEN\"" };
        // The path may be that of whatever app the pages are nested in.
        let path = view.base.item("/api/jobs/", &job.id.to_string()).replace('\'', "%27");
        format!("curl{token} 'http://{}{path}'{more}", self.host)
    }
}
