//! Silencing a check, and ignoring failures that are alike, for programs.

use axum::extract::Path;
use axum::http::HeaderMap;
use boltjobs_core::silence::{Silence, Subject, Until};
use serde::Deserialize;
use serde_json::{Value, json};

use super::acting::{Answered, Sent, read};
use super::answer::Answer;
use super::values::text;
use crate::routes::Asked;
use crate::silencing::{self, Order};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnSilence {
    action: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn check(
    asked: Asked,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Sent,
) -> Answered {
    let sent = read(&asked, &headers, body)?;
    act(&asked, silencing::of_check(&name)?, &sent).await
}

pub(super) async fn failure(
    asked: Asked,
    Path(fingerprint): Path<String>,
    headers: HeaderMap,
    body: Sent,
) -> Answered {
    let sent = read(&asked, &headers, body)?;
    act(&asked, silencing::of_failure(&fingerprint)?, &sent).await
}

/// To end a silence that is not there is no error.
async fn act(asked: &Asked, subject: Subject, sent: &OnSilence) -> Answered {
    let order = Order { action: &sent.action, until: &sent.until, reason: &sent.reason };
    let done = silencing::act(asked, subject, &order).await?;
    Ok(Answer(json!({ "action": sent.action, "done": done })))
}

pub(super) fn silence(silence: &Silence) -> Value {
    let (mut until, mut jobs, mut fixed) = (None, None, None);
    match &silence.until {
        Until::Time(at) => until = Some(text(*at)),
        Until::Jobs(number) => jobs = Some(*number),
        Until::Fixed(version) => fixed = Some(version),
        Until::Well => {}
    }
    json!({
        "actor": silence.actor,
        "at": text(silence.at),
        "reason": silence.reason,
        "until": until,
        "until_jobs": jobs,
        "until_well": silence.until == Until::Well,
        "fixed_in": fixed,
    })
}
