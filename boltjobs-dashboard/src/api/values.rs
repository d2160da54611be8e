//! What there is, as values of JSON. Each field stands in `assets/openapi.json`.

use std::sync::Arc;
use std::time::Duration;

use boltjobs_core::continuation::{Parent, ParentId};
use boltjobs_core::cron::Cron;
use boltjobs_core::job::{ErrorInfo, HistoryRow, Job, RowData};
use boltjobs_core::lineage::EnqueuedBy;
use boltjobs_core::literal::literal;
use boltjobs_core::mask::masked;
use boltjobs_core::notes::{LogLine, Notes, Step};
use boltjobs_core::recurring::{Misfire, RecurringJob, Run};
use boltjobs_core::shape::Shape;
use boltjobs_core::store::{Counts, QueueInfo, QueueOrder, ServerInfo, StateCounts};
use boltjobs_core::throughput::Flow;
use boltjobs_core::{JobState, Timestamp};
use serde_json::{Map, Number, Value, json};

use super::answer::exact;
use super::handling::seen;
use crate::code::Versions;
use crate::kin::{Kin, Member};
use crate::overview::{Overview, RATED};
use crate::pages::{JobPage, empty_in, late, limits, next_runs};
use crate::queue::Queue;
use crate::verdict::verdict;

pub(super) fn overview(overview: &Overview, now: Timestamp) -> Value {
    let (verdict, found) = (verdict(overview), overview.found());
    let reasons: Vec<_> = verdict.reasons.iter().map(|(_, reason)| &reason.text).collect();
    json!({
        "now": now.to_string(),
        "store": overview.location,
        "verdict": verdict.sentence,
        "reasons": reasons,
        "silenced": verdict.silenced,
        "servers": found.servers,
        "workers": found.workers,
        "requests": found.requests,
        "states": states(&overview.counts.states),
    })
}

/// Returns the counters, each kept as jobs move, so that they cost the same however many jobs there are.
pub(super) fn counts(counts: &Counts) -> Value {
    let each = |(name, counts): (&Arc<str>, &StateCounts)| (name.to_string(), states(counts));
    json!({
        "states": states(&counts.states),
        "queues": counts.queues.iter().map(each).collect::<Map<_, _>>(),
        "requests": counts.requests.iter().map(each).collect::<Map<_, _>>(),
    })
}

/// Returns everything that is said of a job.
pub(super) fn job(page: &JobPage, kin: &Kin) -> Value {
    let job = &page.job;
    let mut value = short(job);
    let spec = &job.spec;
    value.extend(object(json!({
        "why": page.explanation.to_string(),
        "turn_in_seconds": page.turn.map(|turn| turn.as_secs_f64()),
        "removed_at": page.removed.and_then(|(at, _)| at).map(text),
        "enqueued_by": EnqueuedBy::of(spec).map(|by| by.to_string()),
        "retries": spec.retries,
        "timeout_seconds": spec.timeout.map(|timeout| timeout.as_secs_f64()),
        "payload": masked(spec),
        "literal": literal(page.shape.as_deref(), spec),
        "meta": spec.meta,
        "expires": job.expires.map(text),
        "asked_to_stop": job.cancel,
        "aborted": page.aborted,
        "unique_key": spec.unique.as_ref().map(|unique| &*unique.key),
        "concurrency_key": spec.concurrency_key.as_deref(),
        "recurring": spec.occurrence.as_ref().map(|occurrence| &*occurrence.recurring),
        "batch": spec.batch.map(|batch| batch.to_string()),
        "parents": spec.parents.iter().map(parent).collect::<Vec<_>>(),
        "kin": kin.members.iter().skip(1).map(member).collect::<Vec<_>>(),
        "more_kin": kin.more,
        "trace": spec.trace,
        "history": job.history.iter().map(|it| row(it, &page.versions)).collect::<Vec<_>>(),
        "code_changed": page.changed.as_ref().map(|it| {
            json!({ "from": &*it.from, "to": &*it.to, "at": text(it.at) })
        }),
        "result": job.result().map(|result| {
            serde_json::from_slice::<Value>(result).unwrap_or_else(|_| String::from_utf8_lossy(result).into())
        }),
        "noted": page.notes.as_ref().map(noted),
    })));
    value.into()
}

/// Names a job or a batch.
fn named(id: ParentId) -> Map<String, Value> {
    object(match id {
        ParentId::Job(id) => json!({ "job": id.to_string() }),
        ParentId::Batch(id) => json!({ "batch": id.to_string() }),
    })
}

fn parent(parent: &Parent) -> Value {
    let mut value = named(parent.id);
    value.insert("when".to_owned(), format!("{:?}", parent.when).into());
    value.into()
}

/// Returns what is before or after a job, with what it comes after itself.
fn member(member: &Member) -> Value {
    let mut value = named(member.id);
    let parents = member.after.iter().zip(&member.when);
    value.extend(object(json!({
        "title": member.title,
        "state": member.state.map(JobState::as_str),
        "after": parents.map(|(id, when)| parent(&Parent { id: *id, when: *when })).collect::<Vec<_>>(),
    })));
    value.into()
}

/// Writes everything that is said of a job, as a program is answered.
pub(crate) fn written(page: &JobPage, kin: &Kin) -> String {
    format!("{:#}", exact(job(page, kin)))
}

/// Writes a list of what is said of jobs in the same way.
pub(crate) fn written_all(jobs: Vec<Value>) -> String {
    format!("{:#}", exact(Value::Array(jobs)))
}

/// Returns everything that is said of a job, with each number as it is.
pub(crate) fn exported(page: &JobPage, kin: &Kin) -> Value {
    job(page, kin)
}

/// Returns what a list says of a job.
pub(super) fn short(job: &Job) -> Map<String, Value> {
    let spec = &job.spec;
    object(json!({
        "id": job.id.to_string(),
        "title": spec.title(),
        "request": &*spec.request,
        "version": spec.version,
        "queue": &*spec.queue,
        "priority": spec.priority,
        "tags": spec.tags,
        "state": job.state.as_str(),
        "since": text(job.since),
        "created_at": text(job.created_at),
        "due": job.due.map(text),
        "attempts": job.attempt,
        "error": job.last_error().map(error),
    }))
}

fn row(row: &HistoryRow, versions: &Versions) -> Value {
    let mut value = object(json!({
        "at": text(row.at),
        "state": row.state.as_str(),
        "reason": row.reason.as_deref(),
        "error": row.error.as_deref().map(error),
    }));
    value.extend(object(match &row.data {
        RowData::None => json!({}),
        RowData::Scheduled { due } => json!({ "due": text(*due) }),
        RowData::Processing { server, worker, attempt, epoch } => {
            let version = versions.get(server).map(|version| &**version);
            json!({ "server": &**server, "worker": worker, "attempt": attempt, "lease": epoch.to_string(), "program": version })
        }
        RowData::Succeeded { waited, ran, .. } => {
            json!({ "waited_seconds": waited.as_secs_f64(), "ran_seconds": ran.as_secs_f64() })
        }
        RowData::Ended { server, ran } => json!({ "server": &**server, "ran_seconds": ran.as_secs_f64() }),
    }));
    value.into()
}

fn error(error: &ErrorInfo) -> Value {
    json!({ "kind": error.kind, "message": error.message, "causes": error.causes, "backtrace": error.backtrace })
}

/// The results of steps stay where they are: only the handler knows what is in them.
fn noted(notes: &Notes) -> Value {
    let step = |step: &Step| {
        json!({
            "name": step.name,
            "at": text(step.at),
            "took_seconds": step.took.as_secs_f64(),
            "attempt": step.attempt,
        })
    };
    let line = |line: &LogLine| {
        json!({
            "at": text(line.at),
            "level": line.level.to_string(),
            "target": line.target,
            "message": line.message,
            "attempt": line.attempt,
        })
    };
    json!({
        "progress": notes.progress.as_ref().map(|progress| {
            json!({ "percent": progress.percent, "message": progress.message, "at": text(progress.at) })
        }),
        "bars": notes.bars.iter().map(|bar| json!({ "name": bar.name, "done": bar.done, "total": bar.total }))
            .collect::<Vec<_>>(),
        "steps": notes.steps.iter().map(step).collect::<Vec<_>>(),
        "log": notes.log.lines().map(line).collect::<Vec<_>>(),
    })
}

/// Returns what a list says of a recurring definition.
pub(super) fn definition(recurring: &RecurringJob) -> Map<String, Value> {
    let definition = &recurring.definition;
    let run = |run: &Run| {
        json!({
            "job": run.job.map(|job| job.to_string()),
            "scheduled_for": text(run.scheduled_for),
            "fired_at": text(run.fired_at),
            "triggered": run.triggered,
            "late_seconds": late(run).map(|late| late.as_secs_f64()),
            "outcome": format!("{:?}", run.outcome),
            "ended_at": run.ended_at.map(text),
            "ran_seconds": run.ran.map(|ran| ran.as_secs_f64()),
        })
    };
    object(json!({
        "id": &*definition.id,
        "cron": definition.cron.as_str(),
        "in_words": definition.cron.read().ok().map(Cron::in_words),
        "timezone": definition.zone.as_str(),
        "error": definition.error(),
        "request": &*definition.spec.request,
        "title": definition.spec.title(),
        "queue": &*definition.spec.queue,
        "payload": masked(&definition.spec),
        "paused": recurring.paused,
        "next": recurring.next.map(text),
        "runs": recurring.runs.iter().map(run).collect::<Vec<_>>(),
    }))
}

/// Returns everything that is said of a recurring definition.
pub(super) fn whole_definition(recurring: &RecurringJob, shape: Option<&Shape>) -> Value {
    let it = &recurring.definition;
    let mut value = definition(recurring);
    let (misfire, at_most) = match it.misfire {
        Misfire::FireOnce => ("FireOnce", None),
        Misfire::FireAll { at_most } => ("FireAll", Some(at_most)),
        Misfire::Skip => ("Skip", None),
    };
    value.extend(object(json!({
        "literal": literal(shape, &it.spec),
        "dst": format!("{:?}", it.dst),
        "misfire": misfire,
        "misfire_at_most": at_most,
        "overlap": format!("{:?}", it.overlap),
        "jitter_seconds": it.jitter.as_secs_f64(),
        "starts_at": it.starts_at.map(text),
        "ends_at": it.ends_at.map(text),
        "declared_by": it.declared_by.as_deref(),
        "created_at": text(recurring.created_at),
        "updated_at": text(recurring.updated_at),
        "next_runs": next_runs(recurring).into_iter().map(text).collect::<Vec<_>>(),
    })));
    value.into()
}

pub(super) fn queue(queue: &QueueInfo, flow: &Flow) -> Map<String, Value> {
    #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    let per_minute = |jobs: u64| Number::from_f64(jobs as f64 / RATED as f64);
    let seconds = |span: Option<Duration>| span.map(|span| span.as_secs_f64());
    object(json!({
        "rates": {
            "enqueued_per_minute": per_minute(flow.enqueued),
            "ended_per_minute": per_minute(flow.ended()),
            "mean_wait_seconds": seconds(flow.mean_wait()),
            "mean_run_seconds": seconds(flow.mean_run()),
        },
        "empty_in_seconds": seconds(empty_in(queue.counts.get(JobState::Enqueued), flow)),
        "name": &*queue.name,
        "states": states(&queue.counts),
        "paused_since": queue.paused_since.map(text),
        "oldest_since": queue.oldest.map(text),
        "limit": queue.limit,
        "set": queue.set.as_ref().map(|set| {
            json!({ "at_most": set.at_most, "actor": set.actor, "at": text(set.at) })
        }),
        "servers": queue.servers,
    }))
}

/// Returns everything that is said of a queue.
pub(super) fn whole_queue(whole: &Queue) -> Value {
    let requests = whole.requests.iter().map(|request| {
        let counts = request.counts.iter().map(|(state, jobs)| (state.as_str().to_owned(), (*jobs).into()));
        json!({
            "request": &*request.name,
            "states": counts.collect::<Map<_, _>>(),
            "limits": request.limits.is_any().then(|| limits(&request.limits)),
            "limits_set": request.is_set,
            "seen": whole.sample.requests.get(&request.name).map(seen),
        })
    });
    let mut value = queue(&whole.info, &whole.flow);
    value.extend(object(json!({
        "what_if": whole.what_if.as_ref().map(|it| {
            json!({
                "limit": it.at_most,
                "jobs": it.jobs,
                "mean_run_seconds": it.mean.as_secs_f64(),
                "work_seconds": it.work.as_secs_f64(),
                "takes_seconds": it.takes.as_secs_f64(),
                "busy_percent": it.busy,
            })
        }),
        "seen": seen(&whole.sample.all),
        "requests": requests.collect::<Vec<_>>(),
        "keys": whole.keys.iter().map(|it| {
            json!({ "key": &*it.name, "jobs": it.jobs, "running": it.running, "at_once": it.limit })
        }).collect::<Vec<_>>(),
        "next": whole.next.0.iter().map(|job| job.id.to_string()).collect::<Vec<_>>(),
    })));
    value.into()
}

pub(super) fn server(server: &ServerInfo) -> Value {
    let offer = &server.offer;
    let handles = offer.requests().map(|(name, handled)| (name.to_string(), handled.version.into()));
    let names = offer.queues.names();
    json!({
        "name": &*offer.server,
        "workers": offer.workers,
        "running": server.running,
        "queues": (offer.queues != QueueOrder::All).then(|| names.iter().map(|name| &**name).collect::<Vec<_>>()),
        "handles": handles.collect::<Map<String, Value>>(),
        "version": offer.vitals.version.as_deref(),
        "resident_bytes": offer.vitals.resident,
        "lag_seconds": offer.vitals.lag.map(|lag| lag.as_secs_f64()),
        "duty": offer.vitals.duty.word(),
        "stoppable": offer.vitals.stoppable,
        "logs": offer.vitals.logs.map(|(level, until)| json!({ "level": level.to_string(), "until": text(until) })),
        "started_at": text(server.started_at),
        "heartbeat": text(server.heartbeat),
    })
}

pub(super) fn states(counts: &StateCounts) -> Value {
    let count = |state: JobState| (state.as_str().to_owned(), counts.get(state).into());
    JobState::ALL.into_iter().map(count).collect::<Map<_, _>>().into()
}

pub(super) fn text(at: Timestamp) -> String {
    at.to_string()
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}
