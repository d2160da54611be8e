//! What is asked about before it is done: a page says what it would be done to. A form asks for that page by the field `ask`, which
//! the page sends no more; the script asks by itself, and leaves it out.

use axum::response::{IntoResponse, Response};
use boltjobs_core::access::Role;
use boltjobs_core::store::{JobFilter, PageQuery};
use boltjobs_core::{JobId, JobState};

use crate::actions::Sent;
use crate::batches;
use crate::doing::{check_number, needs};
use crate::link::Base;
use crate::pages::{self, Asking, SURE};
use crate::refused::Refused;
use crate::routes::{Asked, find_definition, html};

/// The most jobs that are shown of those that are meant.
const SAMPLE: usize = 10;

/// Says whether a form asks for the page first.
pub(crate) fn asks(form: &Sent, action: &str) -> bool {
    form.has("ask") && SURE.contains(&action)
}

fn answer(asked: &Asked, form: &Sent, asking: Asking<'_>) -> Response {
    let fields = form.again().filter(|(name, _)| *name != "action").collect();
    html(pages::asking(asked.view(), &Asking { fields, ..asking })).into_response()
}

/// Shows which jobs would be deleted, moved or prioritized; for the latter it asks what to.
pub(crate) async fn jobs(
    asked: &Asked,
    form: &Sent,
    action: &str,
    ids: &[JobId],
) -> Result<Response, Refused> {
    needs(asked, Role::Operate)?;
    check_number(ids.len())?;
    let mut sample = Vec::new();
    for id in ids.iter().take(SAMPLE) {
        sample.extend(asked.store().job(*id).await?);
    }
    let from = if form.field("from") == "job" { format!("/jobs/{}", ids[0]) } else { "/jobs".to_owned() };
    let asking = Asking {
        action,
        path: "/jobs".to_owned(),
        back: from,
        jobs: ids.len() as u64,
        sample,
        ..Asking::default()
    };
    Ok(answer(asked, form, asking))
}

/// Shows what would be deleted or stopped of a batch.
pub(crate) async fn batch(asked: &Asked, form: &Sent, id: &str) -> Result<Response, Refused> {
    needs(asked, Role::Operate)?;
    let (status, _) = batches::find(asked, id).await?;
    let open = JobState::ALL.into_iter().filter(|state| !state.is_final()).collect();
    let filter = JobFilter { batch: Some(status.batch.id), states: open, ..JobFilter::default() };
    let sample = asked.store().page(PageQuery { filter, limit: SAMPLE, ..PageQuery::default() }).await?.jobs;
    let (path, jobs) = (format!("/batches/{}", status.batch.id), status.jobs.unfinished());
    let name = Some(status.batch.name.as_str()).filter(|name| !name.is_empty());
    let asking =
        Asking { action: "cancel", name, back: path.clone(), path, jobs, sample, ..Asking::default() };
    Ok(answer(asked, form, asking))
}

/// Shows which definition would be removed.
pub(crate) async fn recurring(asked: &Asked, form: &Sent, id: &str) -> Result<Response, Refused> {
    needs(asked, Role::Administer)?;
    let found = find_definition(asked, id).await?;
    let mut sample = Vec::new();
    for job in found.runs.iter().filter_map(|run| run.job).take(SAMPLE) {
        sample.extend(asked.store().job(job).await?);
    }
    let path = Base::default().item("/recurring/", id);
    let next = found.next.filter(|_| !found.paused);
    let asking = Asking {
        action: "remove",
        name: Some(id),
        back: path.clone(),
        path,
        next,
        sample,
        ..Asking::default()
    };
    Ok(answer(asked, form, asking))
}
