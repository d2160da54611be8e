//! Operations, under their paths.

use axum::extract::{Path, Query};
use axum::response::Response;
use boltjobs_core::JobId;
use boltjobs_core::store::{JobFilter, PageQuery, count_all};
use boltjobs_core::text::shown;
use serde::Deserialize;

use crate::operation::{self, Bulk, Operation};
use crate::pages::{self, DryRun, SAMPLE};
use crate::query;
use crate::routes::{Asked, Missing};

pub(crate) async fn operations(asked: Asked) -> Response {
    let all = operation::all(asked.store()).await;
    asked.answer(all.map(|all| pages::operations(asked.view(), &all)).map_err(Missing::from))
}

pub(crate) async fn operation(asked: Asked, Path(id): Path<String>) -> Response {
    let found = find(&asked, &id).await;
    asked.answer(found.map(|found| pages::operation(asked.view(), &found)))
}

/// Finds an operation.
pub(crate) async fn find(asked: &Asked, id: &str) -> Result<Operation, Missing> {
    let gone = || Missing::NotFound(format!("There is no operation `{}`.", shown(id)));
    let id: JobId = id.parse().map_err(|_| gone())?;
    operation::find(asked.store(), id).await?.ok_or_else(gone)
}

/// What would be done, and to which jobs.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Planned {
    #[serde(default)]
    action: String,
    #[serde(default)]
    q: String,
}

pub(crate) async fn dry_run(asked: Asked, Query(planned): Query<Planned>) -> Response {
    let plan = plan(&asked, &planned).await;
    asked.answer(plan.map(|plan| pages::dry_run(asked.view(), &plan)))
}

async fn plan(asked: &Asked, planned: &Planned) -> Result<DryRun, Missing> {
    let (bulk, filter) = read(&planned.action, &planned.q).map_err(Missing::Illegal)?;
    let jobs = count_all(asked.store(), &filter).await?;
    let query = query::write(&filter);
    let sample = PageQuery { filter, limit: SAMPLE, ..PageQuery::default() };
    Ok(DryRun { bulk, query, jobs, sample: asked.store().page(sample).await?.jobs })
}

/// Reads what is to be done to which jobs.
pub(crate) fn read(action: &str, typed: &str) -> Result<(Bulk, JobFilter), String> {
    let bulk = Bulk::ALL.into_iter().find(|bulk| bulk.name() == action);
    let bulk =
        bulk.ok_or_else(|| format!("There is no action `{}`; use `requeue` or `delete`.", shown(action)))?;
    let filter = query::parse(typed)
        .map_err(|error| format!("The query can't be read at character {}: {}.", error.column, error.what))?;
    Ok((bulk, filter))
}
