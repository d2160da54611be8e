//! Running a part of a batch again, for programs.

use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use boltjobs_core::BatchId;
use boltjobs_core::job::Job;
use boltjobs_core::rerun::Rerun;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acting::{Answered, Sent, read};
use super::answer::Answer;
use crate::once;
use crate::rerunning::{self, Beginning};
use crate::routes::Asked;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    #[serde(default)]
    from: String,
}

/// Says what would be done.
pub(super) async fn look(asked: Asked, Path(id): Path<String>, Query(from): Query<Beginning>) -> Answered {
    let (_, plan) = rerunning::plan(&asked, &id, from.read()?).await?;
    Ok(Answer(value(&plan, None)))
}

/// Does it.
pub(super) async fn rerun(asked: Asked, Path(id): Path<String>, headers: HeaderMap, body: Sent) -> Answered {
    let Begun { from } = read(&asked, &headers, body)?;
    let (batch, plan) = rerunning::plan(&asked, &id, Beginning { from }.read()?).await?;
    let new = rerunning::rerun(&asked, &batch, &plan, once::key(&headers)).await?;
    Ok(Answer(value(&plan, Some(new))))
}

fn value(plan: &Rerun, batch: Option<BatchId>) -> Value {
    let job = |job: &Job| json!({ "id": job.id.to_string(), "title": job.spec.title(), "state": job.state.as_str() });
    json!({
        "batch": batch.map(|id| id.to_string()),
        "jobs": plan.jobs().iter().map(job).collect::<Vec<_>>(),
    })
}
