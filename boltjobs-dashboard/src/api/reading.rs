//! What the pages show.

use std::time::Duration;

use axum::extract::{Path, Query};
use boltjobs_core::JobState;
use boltjobs_core::query::QueryError;
use boltjobs_core::recurring::RecurringJob;
use boltjobs_core::store::{Keep, QueueInfo};
use boltjobs_core::throughput::Flow;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Fault};
use super::values;
use crate::kin;
use crate::listing::{self, Wanted};
use crate::overview::rates;
use crate::pages::VERSION;
use crate::queue;
use crate::refused::Refused;
use crate::routes::{self, Asked};
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
    let listed = listing::find(&asked, filter, &wanted).await?;
    Ok(Answer(json!({
        "jobs": listed.page.jobs.iter().map(values::short).collect::<Vec<_>>(),
        "next": listed.page.next.map(|next| next.to_string()),
    })))
}

pub(super) async fn job(asked: Asked, Path(id): Path<String>) -> Answered {
    let page = routes::find_job(&asked, &id).await?;
    let kin = kin::of_job(&asked, &page.job).await?;
    Ok(Answer(values::job(&page, &kin)))
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
    let (rates, none) = (rates(asked.source(), asked.now()).await?, Flow::default());
    let queue =
        |queue: &QueueInfo| Value::from(values::queue(queue, rates.get(&queue.name).unwrap_or(&none)));
    Ok(Answer(json!({ "queues": queues.iter().map(queue).collect::<Vec<_>>() })))
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

pub(super) async fn settings(asked: Asked) -> Answered {
    let view = asked.view();
    let kept = JobState::ALL.into_iter().filter_map(|state| {
        let Keep { age, count } = view.site.keep(state)?;
        let seconds = (age < Duration::MAX).then_some(age.as_secs_f64());
        Some((state.as_str().to_owned(), json!({ "seconds": seconds, "at_most": count })))
    });
    Ok(Answer(json!({
        "version": VERSION,
        "store": &*view.store,
        "now": view.now.to_string(),
        "actor": asked.actor(),
        "role": view.access.role.to_string(),
        "title": view.site.title.as_deref(),
        "environment": view.environment.as_deref(),
        "kept": kept.collect::<Map<_, _>>(),
    })))
}

pub(super) async fn missing() -> Fault {
    Refused::NotFound("There is no such path; /api/openapi.json lists them.".to_owned()).into()
}
