//! One server, and orders to it, for programs.

use axum::extract::Path;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use super::acting::{Answered, Sent, read};
use super::answer::Answer;
use super::values::{self, text};
use crate::routes::Asked;
use crate::server;

pub(super) async fn server(asked: Asked, Path(name): Path<String>) -> Answered {
    let found = server::find(&asked, &name).await?;
    let slots = found.slots.iter().map(|(worker, since, job)| {
        json!({
            "worker": worker,
            "job": job.id.to_string(),
            "title": job.spec.title(),
            "request": &*job.spec.request,
            "since": text(*since),
        })
    });
    let mut value = values::server(&found.info);
    value["lost"] = found.is_lost.into();
    value["slots"] = slots.collect();
    value["ordered"] = found.orders.work.map_or(
        json!(null),
        |it| json!({ "order": it.order.to_string(), "actor": it.actor, "at": text(it.at) }),
    );
    Ok(Answer(value))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnServer {
    action: String,
    #[serde(default)]
    level: String,
}

/// Gives a server an order. To give it the one that it has is no error.
pub(super) async fn act(asked: Asked, Path(name): Path<String>, headers: HeaderMap, body: Sent) -> Answered {
    let OnServer { action, level } = read(&asked, &headers, body)?;
    let done = server::act(&asked, &name, &action, &level).await?;
    Ok(Answer(json!({ "name": name, "action": action, "done": done })))
}
