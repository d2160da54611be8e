//! What the pages show.

use axum::extract::{Path, Query};
use boltjobs_core::query::QueryError;
use boltjobs_core::recurring::RecurringJob;
use serde_json::{Value, json};

use super::answer::{Answer, Fault};
use super::values;
use crate::queue;
use crate::refused::Refused;
use crate::routes::{self, Asked, Wanted};
use crate::server::Servers;
use crate::text::as_sentence;

type Answered = Result<Answer, Fault>;

pub(super) async fn overview(asked: Asked) -> Answered {
    Ok(Answer(values::overview(&asked.overview().await?, asked.now())))
}

pub(super) async fn counts(asked: Asked) -> Answered {
    Ok(Answer(values::counts(&asked.store().counts().await?)))
}

pub(super) async fn jobs(asked: Asked, Query(wanted): Query<Wanted>) -> Answered {
    let filter = wanted.q.parse().map_err(|error: QueryError| {
        Refused::Illegal(format!("`q` can't be read at character {}: {}", error.column, error.what))
    })?;
    let listed = routes::find(&asked, filter, &wanted).await?;
    Ok(Answer(json!({
        "jobs": listed.page.jobs.iter().map(values::short).collect::<Vec<_>>(),
        "next": listed.page.next.map(|next| next.to_string()),
    })))
}

pub(super) async fn job(asked: Asked, Path(id): Path<String>) -> Answered {
    Ok(Answer(values::job(&routes::find_job(&asked, &id).await?)))
}

pub(super) async fn recurring(asked: Asked) -> Answered {
    let all = asked.store().recurring_jobs().await?;
    let all: Vec<Value> = all.iter().map(|one: &RecurringJob| values::definition(one).into()).collect();
    Ok(Answer(json!({ "recurring": all })))
}

pub(super) async fn definition(asked: Asked, Path(id): Path<String>) -> Answered {
    let found = routes::find_definition(&asked, &id).await?;
    let shape = routes::shape_of(&asked, &found.definition.spec.request).await?;
    Ok(Answer(values::whole_definition(&found, shape.as_deref())))
}

pub(super) async fn queues(asked: Asked) -> Answered {
    let queues = asked.store().queues(asked.now()).await?;
    Ok(Answer(
        json!({ "queues": queues.iter().map(|queue| Value::from(values::queue(queue))).collect::<Vec<_>>() }),
    ))
}

pub(super) async fn queue(
    asked: Asked,
    Path(name): Path<String>,
    Query(wanted): Query<queue::Wanted>,
) -> Answered {
    let mut found = queue::find(&asked, &name, wanted).await?;
    match found.fault.take() {
        Some(fault) => Err(Refused::Illegal(as_sentence(&fault)).into()),
        None => Ok(Answer(values::whole_queue(&found))),
    }
}

pub(super) async fn servers(asked: Asked) -> Answered {
    let Servers { here, lost } = Servers::find(&asked).await?;
    let values = |servers: &[_]| servers.iter().map(values::server).collect::<Vec<_>>();
    Ok(Answer(json!({ "servers": values(&here), "lost": values(&lost) })))
}

pub(super) async fn missing() -> Fault {
    Refused::NotFound("There is no such path; /api/openapi.json lists them.".to_owned()).into()
}
