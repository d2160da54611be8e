//! The form in which a job is changed.
//!
//! It carries the revision and the state of the job, as they were then. Whoever saves it later has not seen what others have changed
//! since, and is shown that first.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use boltjobs_core::JobState;
use boltjobs_core::access::Role;
use boltjobs_core::literal::doubts;
use boltjobs_core::operation::Bulk;
use serde::Deserialize;

use crate::actions::{Fields, Sent, answer, back, with_form};
use crate::change::{self, OPEN, Typed};
use crate::doing::{self, Wish, needs, unknown};
use crate::edit::Faults;
use crate::fields::Entries;
use crate::pages::{self, ChangePage, JobPage};
use crate::refused::Refused;
use crate::routes::{Asked, find_job, html};

/// How the payload is to be typed: `json` for all of it in one field.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default, rename = "as")]
    by: String,
}

/// Shows the form with what is there.
pub(crate) async fn form(asked: Asked, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    let done = async {
        needs(&asked, Role::Operate)?;
        let found = find_job(&asked, &id).await?;
        let mut page = ChangePage::new(&found.job, Typed::of(&found.job.spec));
        page.entries = match &*wanted.by {
            "json" => None,
            _ => Entries::of_job(&found.job.spec, found.shape.as_deref()),
        };
        Ok(html(pages::change(asked.view(), &page)).into_response())
    };
    answer(&asked, done.await)
}

/// Shows what would be another way, or changes it.
pub(crate) async fn sent(asked: Asked, Path(id): Path<String>, fields: Fields) -> Response {
    with_form(&asked, fields, |form| act(&asked, &id, form)).await
}

async fn act(asked: &Asked, id: &str, form: Sent) -> Result<Response, Refused> {
    needs(asked, Role::Operate)?;
    let (save, requeue) = match form.field("action") {
        "preview" => (false, false),
        "save" => (true, false),
        "requeue" => (true, true),
        other => return Err(unknown(other)),
    };
    let JobPage { job, shape, .. } = find_job(asked, id).await?;
    let entries = Entries::of_job(&job.spec, shape.as_deref()).and_then(|entries| entries.typed(&form));
    let typed = |field| form.has(field).then(|| form.field(field).to_owned());
    let typed = Typed { queue: typed("queue"), priority: typed("priority"), payload: typed("payload") };
    let mut page = ChangePage::new(&job, typed);
    let mut faults = Faults::default();
    match entries.as_ref().map(Entries::read) {
        None => {}
        Some(Ok(payload)) => page.typed.payload = Some(payload.to_string()),
        Some(Err(wrong)) => wrong.into_iter().for_each(|(field, why)| faults.add(field, why)),
    }
    page.entries = entries;
    let answer = |status: StatusCode, page: &ChangePage<'_>| {
        Ok((status, html(pages::change(asked.view(), page))).into_response())
    };
    if !OPEN.contains(&job.state) {
        return answer(StatusCode::CONFLICT, &page);
    }
    let seen = doing::states(std::iter::once(form.field("state")))?;
    page.late = form.field("seen") != job.revision.to_string() || seen != [job.state];
    match page.typed.read(&job) {
        Ok(_) if faults.any() => {
            page.faults = faults;
            return answer(StatusCode::BAD_REQUEST, &page);
        }
        Err(more) => {
            faults.extend(more);
            page.faults = faults;
            return answer(StatusCode::BAD_REQUEST, &page);
        }
        Ok(changed) if save && !page.late => {
            let mut done = change::one(asked, job.id, changed, seen).await?;
            if done && requeue {
                done = doing::jobs(asked, Wish::Bulk(Bulk::Requeue), vec![job.id], vec![job.state]).await?[0]
                    .done;
            }
            return Ok(back(&asked.base().item("/jobs/", id), if done { "change" } else { "nothing" }));
        }
        Ok(changed) => {
            page.doubts = match (&shape, &changed.payload) {
                (Some(shape), Some(payload)) => doubts(shape, payload),
                _ => Vec::new(),
            };
            page.preview = Some(changed.differences);
        }
    }
    let status = if page.late { StatusCode::CONFLICT } else { StatusCode::OK };
    answer(status, &page)
}

/// Says whether a job of this state would run once it is requeued.
pub(crate) fn can_requeue(state: JobState) -> bool {
    matches!(state, JobState::Failed | JobState::Scheduled)
}
