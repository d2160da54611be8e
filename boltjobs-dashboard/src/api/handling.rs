//! One request, and the limits of its handler.

use std::time::Duration;

use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use boltjobs_core::handler_limit::LimitKind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acting::{Sent, read};
use super::answer::{Answer, Fault};
use super::values::{states, text};
use crate::histogram::Histogram;
use crate::refused::Refused;
use crate::request::{self, Wanted};
use crate::routes::Asked;
use crate::sample::{Percentiles, Seen};
use crate::text::as_sentence;

type Answered = Result<Answer, Fault>;

pub(super) async fn request(asked: Asked, Path(name): Path<String>, Query(typed): Query<Wanted>) -> Answered {
    let found = request::find(&asked, &name, typed).await?;
    if let Some(fault) = &found.fault {
        return Err(Refused::Illegal(as_sentence(fault)).into());
    }
    let limit = |kind: LimitKind| {
        let set = found.set.iter().find(|set| set.limit.kind() == kind);
        json!({
            "limit": kind.as_str(),
            "code": kind.of(&found.says).map(|limit| limit.to_string()),
            "set": set.map(|set| {
                json!({ "value": set.limit.to_string(), "actor": set.actor, "at": text(set.at) })
            }),
        })
    };
    let what_if = found.wanted.zip(found.what_if).map(|(limit, found)| {
        json!({
            "limit": limit.kind().as_str(),
            "value": limit.to_string(),
            "starts": found.starts,
            "later": found.later,
            "longest_seconds": found.longest.as_secs_f64(),
        })
    });
    Ok(Answer(json!({
        "name": &**found.name(),
        "aliases": found.says.aliases.iter().map(|name| &**name).collect::<Vec<_>>(),
        "states": states(&found.counts),
        "servers": found.servers,
        "version": found.version,
        "limits": LimitKind::ALL.map(limit),
        "seen": seen(&found.seen),
        "what_if": what_if,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnRequest {
    action: String,
    limit: String,
    #[serde(default)]
    value: Value,
}

/// Sets a limit, or removes one. To set what is set is no error.
pub(super) async fn act(asked: Asked, Path(name): Path<String>, headers: HeaderMap, body: Sent) -> Answered {
    let OnRequest { action, limit, value } = read(&asked, &headers, body)?;
    // A number may be written as one.
    let value = match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    };
    let done = request::act(&asked, &name, &action, &limit, &value).await?;
    Ok(Answer(json!({ "name": name, "action": action, "limit": limit, "done": done })))
}

/// Returns what was seen of jobs that have ended.
pub(super) fn seen(seen: &Seen) -> Value {
    let percentiles = |found: Option<Percentiles>| {
        found.map(|it| json!({ "p50": it.p50.as_secs_f64(), "p95": it.p95.as_secs_f64(), "p99": it.p99.as_secs_f64() }))
    };
    json!({
        "jobs": seen.jobs,
        "per_minute": seen.per_minute,
        "wait_seconds": percentiles(seen.wait),
        "run_seconds": percentiles(seen.run),
        "waits": ranges(&seen.waits),
        "runs": ranges(&seen.runs),
    })
}

fn ranges(found: &Histogram) -> Value {
    let ranges = found.0.iter().map(|range| {
        json!({
            "from_seconds": range.from.as_secs_f64(),
            "to_seconds": range.to.as_ref().map(Duration::as_secs_f64),
            "jobs": range.spans,
        })
    });
    ranges.collect()
}
