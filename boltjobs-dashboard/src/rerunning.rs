//! Running a part of a batch again, whoever asks for it, and its page.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use boltjobs_core::BatchId;
use boltjobs_core::access::Role;
use boltjobs_core::batch::BatchStatus;
use boltjobs_core::rerun::{Rerun, RerunError, RerunFrom};
use serde::Deserialize;

use crate::actions::{Fields, Sent, answer, with_form};
use crate::audit::told_with;
use crate::batches::find;
use crate::doing::{allowed, job_id, needs, unknown};
use crate::once;
use crate::pages;
use crate::refused::Refused;
use crate::routes::{Asked, html};
use crate::text::counted;

/// With which job it begins; none for those that failed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Beginning {
    #[serde(default)]
    pub(crate) from: String,
}

impl Beginning {
    pub(crate) fn read(&self) -> Result<RerunFrom, Refused> {
        Ok(match &*self.from {
            "" => RerunFrom::Failed,
            id => RerunFrom::Job(job_id(id)?),
        })
    }
}

impl From<RerunError> for Refused {
    fn from(error: RerunError) -> Self {
        match error {
            RerunError::Store(error) => error.into(),
            RerunError::NotInIt(_) => Self::NotFound(format!("Nothing runs again: {error}.")),
            RerunError::Open | RerunError::NoneFailed | RerunError::TooMany | RerunError::TooLarge => {
                Self::Conflict(format!("Nothing runs again: {error}."))
            }
        }
    }
}

/// Finds a batch, and what of it would run again.
pub(crate) async fn plan(asked: &Asked, id: &str, from: RerunFrom) -> Result<(BatchStatus, Rerun), Refused> {
    needs(asked, Role::Operate)?;
    let (batch, _) = find(asked, id).await?;
    let plan = Rerun::plan(asked.store(), &batch, from).await?;
    Ok((batch, plan))
}

/// Lets it run again, and returns the new batch. Under a key it happens once.
pub(crate) async fn rerun(
    asked: &Asked,
    batch: &BatchStatus,
    plan: &Rerun,
    key: &str,
) -> Result<BatchId, Refused> {
    let target = format!("batch {}", batch.batch.id);
    allowed(asked, "rerun", &target)?;
    let id = BatchId::from(once::id(asked, key, &format!("rerun {target}")).await?);
    if asked.store().batch(id).await?.is_some() {
        return Ok(id);
    }
    plan.submit(asked.store(), id, asked.now()).await?;
    let detail = format!("{} in batch {id}", counted(plan.jobs().len() as u64, "job"));
    told_with(asked, "rerun", &target, &detail, true).await;
    Ok(id)
}

/// Shows what would run again.
pub(crate) async fn look(asked: Asked, Path(id): Path<String>, Query(from): Query<Beginning>) -> Response {
    let done = async {
        let (batch, plan) = plan(&asked, &id, from.read()?).await?;
        Ok(html(pages::rerun(asked.view(), &batch, &plan, &from)).into_response())
    };
    answer(&asked, done.await)
}

/// Does it, and leads to the new batch.
pub(crate) async fn sent(asked: Asked, Path(id): Path<String>, fields: Fields) -> Response {
    with_form(&asked, fields, |form| act(&asked, &id, form)).await
}

async fn act(asked: &Asked, id: &str, form: Sent) -> Result<Response, Refused> {
    if form.field("action") != "rerun" {
        return Err(unknown(form.field("action")));
    }
    let from = Beginning { from: form.field("from").to_owned() }.read()?;
    let (batch, plan) = plan(asked, id, from).await?;
    let new = rerun(asked, &batch, &plan, form.field("key")).await?;
    Ok(Redirect::to(&asked.base().item("/batches/", &new.to_string())).into_response())
}
