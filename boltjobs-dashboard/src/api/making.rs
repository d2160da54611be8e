//! The requests that servers handle, and jobs that are made of them by hand.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use boltjobs_core::literal::typing;
use boltjobs_core::shape::{Field, Kind, Shape};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::acting::read;
use super::answer::{Answer, Fault};
use crate::change::Typed;
use crate::doing::job_id;
use crate::making;
use crate::routes::Asked;

type Answered = Result<Answer, Fault>;

pub(super) async fn requests(asked: Asked) -> Answered {
    let servers = asked.store().servers(asked.now()).await?;
    let requests = making::requests(&servers).into_iter().filter_map(|(name, handled)| {
        let defaults = handled.defaults.as_ref()?;
        Some(json!({
            "name": &**name,
            "version": handled.version,
            "queue": &*defaults.queue,
            "priority": defaults.priority,
            "tags": defaults.tags,
            "sensitive": defaults.sensitive,
            "fields": handled.shape.as_deref().and_then(fields),
        }))
    });
    Ok(Answer(json!({ "requests": requests.collect::<Vec<_>>() })))
}

fn fields(shape: &Shape) -> Option<Value> {
    let field = |field: &Field| {
        let optional = typing(&field.ty).1 || shape.default || field.default.is_some();
        Some(json!({ "name": field.key.as_deref()?, "type": field.ty, "optional": optional }))
    };
    (shape.kind == Kind::Named).then(|| shape.fields.iter().filter_map(field).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    request: String,
    #[serde(default)]
    from: String,
    id: Option<String>,
    #[serde(default, deserialize_with = "there")]
    payload: Option<Value>,
    queue: Option<String>,
    priority: Option<i32>,
    #[serde(default)]
    at: String,
}

/// Takes a `null` for a value: what is not there is none.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Enqueues a job of a request, or a copy of one.
pub(super) async fn make(asked: Asked, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Answered {
    let Wanted { request, from, id, payload, queue, priority, at } = read(&asked, &headers, body)?;
    let typed = Typed {
        queue,
        priority: priority.map(|priority| priority.to_string()),
        payload: payload.map(|payload| payload.to_string()),
    };
    let id = id.as_deref().map(job_id).transpose()?;
    let id = making::make(&asked, (&request, &from), typed, at, id).await?;
    Ok(Answer(json!({ "job": id.to_string() })))
}
