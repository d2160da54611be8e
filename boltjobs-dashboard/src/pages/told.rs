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
        Self { json, host: host_of(headers) }
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
                pre { code data-as="curl" { (asks(view, &self.host, job, "")) } }
                @if job.state.is_final() && view.access.role >= Role::Operate {
                    p { "This requeues it, if it is still in the state " (job.state) ":" }
                    pre { code { (asks(view, &self.host, job, &requeue)) } }
                }
            }
        }
    }
}

/// Returns the host that was asked, as a shell may be given it: what stands before a page lets names alone through, and a shell is not
/// to be asked for more.
fn host_of(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    host.chars().filter(|letter| letter.is_ascii_alphanumeric() || ".-:[]_".contains(*letter)).collect()
}

/// Writes the command that asks for a job.
pub(crate) fn curl(view: &View, headers: &HeaderMap, job: &Job) -> String {
    asks(view, &host_of(headers), job, "")
}

fn asks(view: &View, host: &str, job: &Job, more: &str) -> String {
    let token = if view.access.by == By::Nothing { "" } else { " -H \"Authorization: Bearer $TOKEN\"" };
    // The path may be that of whatever app the pages are nested in.
    let path = view.base.item("/api/jobs/", &job.id.to_string()).replace('\'', "%27");
    format!("curl{token} 'http://{host}{path}'{more}")
}
