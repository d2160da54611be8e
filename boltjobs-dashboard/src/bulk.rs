//! Operations, under their paths.

use axum::extract::{Path, Query};
use axum::response::Response;
use boltjobs_core::JobId;
use boltjobs_core::query::QueryError;
use boltjobs_core::store::{JobFilter, PageQuery, count_all};
use boltjobs_core::text::shown;
use serde::Deserialize;

use crate::pages::{self, DryRun, SAMPLE};
use crate::refused::Refused;
use crate::routes::Asked;
use crate::text::as_sentence;
use boltjobs_core::operation::{self, Bulk, Operation};

pub(crate) async fn operations(asked: Asked) -> Response {
    let all = operation::all(asked.store()).await;
    asked.answer(all.map(|all| pages::operations(asked.view(), &all)).map_err(Refused::from))
}

pub(crate) async fn operation(asked: Asked, Path(id): Path<String>) -> Response {
    let found = find(&asked, &id).await;
    asked.answer(found.map(|found| pages::operation(asked.view(), &found)))
}

/// Finds an operation.
pub(crate) async fn find(asked: &Asked, id: &str) -> Result<Operation, Refused> {
    let gone = || Refused::NotFound(format!("There is no operation `{}`.", shown(id)));
    let id: JobId = id.parse().map_err(|_| gone())?;
    operation::find(asked.store(), id).await?.ok_or_else(gone)
}

/// What would be done, and to which jobs.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Planned {
    #[serde(default)]
    action: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    q: String,
}

pub(crate) async fn dry_run(asked: Asked, Query(planned): Query<Planned>) -> Response {
    let plan = plan(&asked, &planned).await;
    asked.answer(plan.map(|plan| pages::dry_run(asked.view(), &plan)))
}

/// Says what would be done.
pub(crate) async fn plan(asked: &Asked, planned: &Planned) -> Result<DryRun, Refused> {
    let (bulk, filter) = read(&planned.action, &planned.to, &planned.q).map_err(Refused::Illegal)?;
    let (query, filter) = (filter.to_string(), filter.at(asked.now()));
    let jobs = count_all(asked.store(), &filter).await?;
    let sample = PageQuery { filter, limit: SAMPLE, ..PageQuery::default() };
    Ok(DryRun { bulk, query, jobs, sample: asked.store().page(sample).await?.jobs })
}

/// Reads what is to be done to which jobs.
pub(crate) fn read(action: &str, to: &str, typed: &str) -> Result<(Bulk, JobFilter), String> {
    let bulk = Bulk::read(action, to).map_err(|why| as_sentence(&why))?;
    let filter = typed.parse().map_err(|error: QueryError| as_sentence(&error.to_string()))?;
    Ok((bulk, filter))
}
