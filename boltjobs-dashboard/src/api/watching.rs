//! What the pages show of failures, batches, operations, health, time and people.

use axum::extract::{Path, Query};
use boltjobs_core::Timestamp;
use boltjobs_core::batch::BatchStatus;
use boltjobs_core::operation::{self, Operation, Skipped, Skips, Status};
use boltjobs_core::store::{JobFilter, Trend};
use boltjobs_core::throughput::{Flow, Throughput, Window};
use serde_json::{Value, json};

use super::answer::{Answer, Fault};
use super::silencing::silence;
use super::values::{short, states, text};
use crate::failing::{self, From as Start};
use crate::health::{Check, checks};
use crate::listing::{self, Wanted};
use crate::pages::Known;
use crate::routes::{self, Asked};
use crate::{auditing, batches, bulk, failure, zoom};

type Answered = Result<Answer, Fault>;

fn all<T>(name: &str, found: &[T], value: fn(&T) -> Value) -> Answer {
    Answer(json!({ name: found.iter().map(value).collect::<Vec<_>>() }))
}

pub(super) async fn failures(asked: Asked) -> Answered {
    let found = failing::find_failures(&asked).await?;
    let last = failing::last_failure(&asked).await?.map(text);
    let groups = found.iter().map(|group| of_group(group, asked.now())).collect::<Vec<_>>();
    Ok(Answer(json!({ "failures": groups, "last": last })))
}

/// How many failed in each of the last 24 hours, the oldest first.
fn trend(trend: &Trend, now: Timestamp) -> Value {
    trend.until(now).to_vec().into()
}

fn of_group((group, ignored): &Known, now: Timestamp) -> Value {
    json!({
        "fingerprint": group.fingerprint.to_string(),
        "kind": group.pattern.kind,
        "message": group.pattern.message,
        "failed": group.failed,
        "retrying": group.retrying,
        "first": text(group.first),
        "last": text(group.last),
        "trend": trend(&group.trend, now),
        "ignored": ignored.as_ref().map(silence),
    })
}

pub(super) async fn one_failure(asked: Asked, Path(fingerprint): Path<String>) -> Answered {
    let found = failure::find(&asked, &fingerprint).await?;
    let alike = &found.alike;
    Ok(Answer(json!({
        "fingerprint": found.fingerprint.to_string(),
        "kind": found.pattern.kind,
        "message": found.pattern.message,
        "failed": found.failed,
        "retrying": found.retrying,
        "first": found.seen.map(|(first, _)| text(first)),
        "last": found.seen.map(|(_, last)| text(last)),
        "trend": trend(&found.trend, asked.now()),
        "ignored": found.silence.as_ref().map(silence),
        "sample": found.sample.iter().map(|job| job.id.to_string()).collect::<Vec<_>>(),
        "requests": found.requests.iter().map(|((request, version), jobs)| {
            json!({ "request": &**request, "version": version, "jobs": jobs })
        }).collect::<Vec<_>>(),
        "servers": found.servers.iter().map(|(server, jobs)| json!({ "server": &**server, "jobs": jobs }))
            .collect::<Vec<_>>(),
        "versions": found.versions.iter().map(|(version, jobs)| json!({ "version": &**version, "jobs": jobs }))
            .collect::<Vec<_>>(),
        "compared": alike.compared,
        "same": alike.same.iter().map(|(field, value)| json!({ "field": field, "value": value })).collect::<Vec<_>>(),
        "differing": alike.differing.iter().map(|(field, values)| json!({ "field": field, "values": values }))
            .collect::<Vec<_>>(),
    })))
}

pub(super) async fn batches(asked: Asked, Query(from): Query<Start>) -> Answered {
    let (found, next) = batches::find_all(&asked, &from).await?;
    Ok(Answer(json!({
        "batches": found.iter().map(of_batch).collect::<Vec<_>>(),
        "next": next.map(|next| next.to_string()),
    })))
}

/// Tells of a batch, with a page of its jobs.
pub(super) async fn batch(asked: Asked, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Answered {
    let (status, _) = batches::find(&asked, &id).await?;
    let filter = JobFilter { batch: Some(status.batch.id), ..JobFilter::default() };
    let listed = listing::find(&asked, filter, &wanted).await?;
    let mut value = of_batch(&status);
    value["jobs"] = listed.page.jobs.iter().map(short).collect::<Vec<_>>().into();
    value["next"] = listed.page.next.map(|next| next.to_string()).into();
    Ok(Answer(value))
}

fn of_batch(status: &BatchStatus) -> Value {
    let batch = &status.batch;
    json!({
        "id": batch.id.to_string(),
        "name": batch.name,
        "parent": batch.parent.map(|parent| parent.to_string()),
        "nested": status.nested.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "created_at": text(batch.created_at),
        "state": batch.ended.map(|(state, _)| state.as_str()),
        "ended_at": batch.ended.map(|(_, at)| text(at)),
        "cancelled": batch.cancelled,
        "states": states(&status.jobs),
    })
}

pub(super) async fn operations(asked: Asked) -> Answered {
    Ok(all("operations", &operation::all(asked.store()).await?, of_operation))
}

/// Says to how many jobs something would be done, and to which, and does nothing.
pub(super) async fn dry_run(asked: Asked, Query(planned): Query<bulk::Planned>) -> Answered {
    let plan = bulk::plan(&asked, &planned).await?;
    Ok(Answer(json!({
        "action": plan.bulk.name(),
        "to": Some(plan.bulk.to()).filter(|to| !to.is_empty()),
        "query": plan.query,
        "jobs": plan.jobs,
        "sample": plan.sample.iter().map(short).collect::<Vec<_>>(),
    })))
}

pub(super) async fn operation(asked: Asked, Path(id): Path<String>) -> Answered {
    Ok(Answer(whole_operation(&bulk::find(&asked, &id).await?)))
}

/// Returns everything that is said of an operation.
pub(super) fn whole_operation(operation: &Operation) -> Value {
    let jobs = |skips: &Skips| -> Value {
        let each = |it: &Skipped| json!({ "id": it.id.to_string(), "title": it.title, "reason": it.why.to_string() });
        skips.jobs.iter().map(each).collect()
    };
    let mut value = of_operation(operation);
    value["skipped_jobs"] = jobs(&operation.skips);
    value["left_jobs"] = jobs(&operation.left);
    value
}

fn of_operation(operation: &Operation) -> Value {
    let reasons = |skips: &Skips| -> Value {
        skips.reasons.iter().map(|(why, jobs)| json!({ "reason": why.to_string(), "jobs": jobs })).collect()
    };
    let taken_back = if let Status::Undone(jobs) = operation.status { Some(jobs) } else { None };
    let why = if let Status::Stopped(why) = &operation.status { Some(why) } else { None };
    json!({
        "id": operation.id.to_string(),
        "action": operation.bulk.name(),
        "to": Some(operation.bulk.to()).filter(|to| !to.is_empty()),
        "query": operation.query,
        "marked": operation.marked,
        "careful": operation.careful,
        "held": operation.held,
        "limit": operation.limit,
        "actor": operation.actor,
        "status": operation.status.word(),
        "why": why,
        "started_at": text(operation.started_at),
        "ended_at": operation.ended_at.map(text),
        "planned": operation.planned,
        "done": operation.done,
        "skipped": operation.skipped,
        "skips": reasons(&operation.skips),
        "undo_until": operation.undo_until().map(text),
        "taken_back": taken_back,
        "left": reasons(&operation.left),
    })
}

pub(super) async fn health(asked: Asked) -> Answered {
    Ok(all("checks", &checks(&asked.overview().await?), check))
}

fn check(check: &Check) -> Value {
    json!({
        "name": check.name,
        "passed": check.found.is_none(),
        "severity": check.severity.word(),
        "found": check.found.as_ref().map(|it| &it.text),
        "silenced": check.silence.as_ref().map(silence),
    })
}

pub(super) async fn throughput(asked: Asked, Query(wanted): Query<zoom::Wanted>) -> Answered {
    let graphs = routes::find_graphs(&asked, &wanted).await?;
    let minute = &graphs.minute;
    Ok(Answer(json!({
        "minute": window(&minute.0, &minute.1),
        "span": graphs.zoom.name,
        "history": window(&graphs.zoom.window, &graphs.history),
        "deploys": graphs.deploys.iter().map(|it| {
            json!({ "version": &*it.version, "server": &*it.server, "at": text(it.at) })
        }).collect::<Vec<_>>(),
    })))
}

fn window(window: &Window, found: &Throughput) -> Value {
    let step = |(at, flow): (Timestamp, &Flow)| {
        json!({
            "from": text(at),
            "enqueued": flow.enqueued,
            "succeeded": flow.succeeded,
            "failed": flow.failed,
            "deleted": flow.deleted,
            "retried": flow.retried,
            "mean_wait_seconds": flow.mean_wait().map(|span| span.as_secs_f64()),
            "mean_run_seconds": flow.mean_run().map(|span| span.as_secs_f64()),
        })
    };
    json!({ "step_seconds": window.step.as_secs_f64(), "steps": window.starts().zip(&found.steps).map(step).collect::<Vec<_>>() })
}

pub(super) async fn audit(asked: Asked, Query(wanted): Query<auditing::Wanted>) -> Answered {
    let page = auditing::find(&asked, &wanted).await?;
    Ok(Answer(json!({
        "entries": page.entries.iter().map(auditing::value).collect::<Vec<_>>(),
        "next": page.next.as_deref(),
    })))
}
