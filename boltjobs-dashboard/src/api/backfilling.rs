//! Making up for runs of a recurring definition, for programs.

use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use boltjobs_core::access::Role;
use boltjobs_core::recurring::{self, Backfilled, RecurringJob};
use serde::Deserialize;
use serde_json::{Value, json};

use super::acting::{Answered, Sent, read};
use super::answer::{Answer, Fault};
use super::editing::seen;
use super::values::text;
use crate::backfill::{self, Plan, Typed};
use crate::doing::needs;
use crate::pages::{local, moved};
use crate::refused::Refused;
use crate::routes::{Asked, find_definition};

/// Says what would be done.
pub(super) async fn look(asked: Asked, Path(id): Path<String>, Query(typed): Query<Typed>) -> Answered {
    needs(&asked, Role::Operate)?;
    let recurring = find_definition(&asked, &id).await?;
    let plan = plan(&asked, &recurring, &typed)?;
    let runs = recurring::dry_run(asked.store(), &recurring, &plan.instants).await?;
    Ok(Answer(value(&recurring, &plan, &runs, false)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnRange {
    from: String,
    to: String,
    /// When the definition was changed last, as far as is known.
    updated_at: Option<String>,
}

/// Does it.
pub(super) async fn fill(asked: Asked, Path(id): Path<String>, headers: HeaderMap, body: Sent) -> Answered {
    let OnRange { from, to, updated_at } = read(&asked, &headers, body)?;
    needs(&asked, Role::Operate)?;
    let recurring = find_definition(&asked, &id).await?;
    if seen(updated_at.as_deref())?.is_some_and(|seen| seen != recurring.updated_at) {
        backfill::late(&asked, &recurring).await;
        let why = format!("Nothing was done: it was changed at {}.", recurring.updated_at);
        return Err(Fault::new(StatusCode::CONFLICT, why));
    }
    let plan = plan(&asked, &recurring, &Typed { from, to })?;
    let runs = backfill::fill(&asked, &recurring, &plan).await?;
    Ok(Answer(value(&recurring, &plan, &runs, true)))
}

fn plan(asked: &Asked, recurring: &RecurringJob, typed: &Typed) -> Result<Plan, Fault> {
    typed.read(recurring, asked.now()).map_err(|faults| Refused::Illegal(faults.told()).into())
}

fn value(recurring: &RecurringJob, plan: &Plan, runs: &[Backfilled], done: bool) -> Value {
    let zone = recurring.definition.zone.read().copied().unwrap_or_default();
    let mut before = plan.range.start;
    let run = |run: &Backfilled| {
        let value = json!({
            "scheduled_for": text(run.scheduled_for),
            "local": local(zone, run.scheduled_for),
            "clocks_moved_seconds": moved(zone, before, run.scheduled_for),
            "job": run.job.to_string(),
            "new": run.is_new,
        });
        before = run.scheduled_for;
        value
    };
    json!({
        "id": &*recurring.definition.id,
        "timezone": recurring.definition.zone.as_str(),
        "from": text(plan.range.start),
        "to": text(plan.range.end),
        "updated_at": text(recurring.updated_at),
        "done": done,
        "new": runs.iter().filter(|run| run.is_new).count(),
        "runs": runs.iter().map(run).collect::<Vec<_>>(),
    })
}
