//! What the forms do, for programs.
//!
//! No page from elsewhere can have a browser act here: a browser sends JSON to another origin only after it was allowed
//! to, which nobody is; and what a browser sends says where it comes from, and then has to carry the token of our pages. So has
//! whatever comes with the cookie of a session, which is for browsers. Who sends a token of theirs in the header of the request
//! needs no other. Who asks at all is not decided here, but before every page.

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use boltjobs_core::store::RecurringCommand;
use boltjobs_core::text::shown;
use boltjobs_core::{JobId, JobState, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::answer::{Answer, Fault};
use super::editing::{OnRecurring, edit};
use super::watching::whole_operation;
use crate::access::{By, Role};
use crate::change::{self, Typed as Wanted};
use crate::doing::{self, Wish, needs};
use crate::operating::{self, Typed};
use crate::pages::Acted;
use crate::routes::Asked;
use crate::{batches, bulk, demo, limiting, once, pausing};

/// The header that carries the token of our pages.
const TOKEN: &str = "x-boltjobs-token";

/// The headers by which a browser tells on whose behalf it asks.
const TELLING: [&str; 4] = ["origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"];

pub(super) type Answered = Result<Answer, Fault>;
pub(super) type Sent = Result<Bytes, BytesRejection>;

/// Reads what a program asks for, if it is meant.
pub(super) fn read<T: DeserializeOwned>(asked: &Asked, headers: &HeaderMap, body: Sent) -> Result<T, Fault> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let why = "What is to be done is told in JSON: send the header `Content-Type: application/json`.";
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    let meant = if let Some(token) = headers.get(TOKEN) {
        token.to_str().is_ok_and(|token| asked.access().holds(token))
    } else {
        let told = || TELLING.into_iter().any(|name| headers.contains_key(name));
        asked.access().holds("") || asked.access().by != By::Session && !told()
    };
    if !meant {
        let why = "The header `X-Boltjobs-Token` has to carry the token of the pages of this run of the program, or of \
                   this session; whoever sends a token in the header `Authorization`, and whoever did not log in and is no \
                   browser, needs none.";
        return Err(Fault::new(StatusCode::FORBIDDEN, why));
    }
    let body = body.map_err(|error| Fault::new(error.status(), error.body_text()))?;
    serde_json::from_slice(&body).map_err(|error| {
        let why = format!("The body can't be read: {}.", shown(&error.to_string()));
        Fault::new(StatusCode::BAD_REQUEST, why)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnJobs {
    action: String,
    jobs: Vec<String>,
    #[serde(default)]
    expected: Vec<String>,
    #[serde(default)]
    at: String,
    #[serde(default)]
    to: String,
}

/// Acts on several jobs. It answers 200 whatever came of each, and reports them in order.
pub(super) async fn jobs(asked: Asked, headers: HeaderMap, body: Sent) -> Answered {
    let sent: OnJobs = read(&asked, &headers, body)?;
    let (wish, ids, expected) = sent.read(asked.now())?;
    let (acted, operation) = doing::marked(&asked, wish, ids, expected).await?;
    Ok(Answer(json!({
        "action": sent.action,
        "done": acted.iter().filter(|acted| acted.done).count(),
        "jobs": acted.iter().map(of_job).collect::<Vec<_>>(),
        "operation": operation.map(|operation| operation.id.to_string()),
    })))
}

impl OnJobs {
    fn read(&self, now: Timestamp) -> Result<(Wish, Vec<JobId>, Vec<JobState>), Fault> {
        let wish = doing::wish(&self.action, &self.at, &self.to, now)?;
        let ids = self.jobs.iter().map(|id| doing::job_id(id)).collect::<Result<Vec<_>, _>>()?;
        Ok((wish, ids, doing::states(self.expected.iter().map(|state| &**state))?))
    }
}

fn of_job(acted: &Acted) -> Value {
    let state = acted.job.as_ref().map(|job| job.state.as_str());
    json!({ "id": acted.id.to_string(), "done": acted.done, "state": state })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnJob {
    action: String,
    #[serde(default)]
    expected: Vec<String>,
    #[serde(default)]
    at: String,
    #[serde(default)]
    to: String,
    queue: Option<String>,
    priority: Option<i32>,
    #[serde(default, deserialize_with = "there")]
    payload: Option<Value>,
}

/// Takes a `null` for a value: what is not there is none.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Acts on one job. That its state does not allow it is an error.
pub(super) async fn job(asked: Asked, Path(id): Path<String>, headers: HeaderMap, body: Sent) -> Answered {
    let OnJob { action, expected, at, to, queue, priority, payload } = read(&asked, &headers, body)?;
    let acted = if action == "change" {
        let typed = Wanted {
            queue,
            priority: priority.map(|priority| priority.to_string()),
            payload: payload.map(|payload| payload.to_string()),
        };
        change(&asked, &id, &typed, &expected).await?
    } else {
        if queue.is_some() || priority.is_some() || payload.is_some() {
            let why = format!(
                "`queue`, `priority` and `payload` are for `change`, and not for `{}`.",
                shown(&action)
            );
            return Err(Fault::new(StatusCode::BAD_REQUEST, why));
        }
        let sent = OnJobs { action, jobs: vec![id], expected, at, to };
        let (wish, ids, expected) = sent.read(asked.now())?;
        let acted = doing::jobs(&asked, wish, ids, expected).await?;
        acted.into_iter().next().ok_or_else(|| Fault::new(StatusCode::BAD_REQUEST, "No job is named."))?
    };
    match &acted.job {
        None => Err(Fault::new(
            StatusCode::NOT_FOUND,
            format!("There is no job {}: it never was, or its retention is over.", acted.id),
        )),
        Some(job) if !acted.done => Err(Fault::new(
            StatusCode::CONFLICT,
            format!("Nothing was done: the job is in the state {} by now.", job.state),
        )),
        Some(_) => Ok(Answer(of_job(&acted))),
    }
}

/// Changes a job, as it is when it is read.
async fn change(asked: &Asked, id: &str, wanted: &Wanted, expected: &[String]) -> Result<Acted, Fault> {
    needs(asked, Role::Operate)?;
    let (id, expected) = (doing::job_id(id)?, doing::states(expected.iter().map(|state| &**state))?);
    let Some(job) = asked.store().job(id).await? else { return Ok(Acted { id, done: false, job: None }) };
    let changed = wanted.read(&job).map_err(|faults| Fault::new(StatusCode::BAD_REQUEST, faults.told()))?;
    let done = change::one(asked, id, changed, expected).await?;
    Ok(Acted { id, done, job: asked.store().job(id).await? })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnOther {
    action: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnMany {
    action: String,
    ids: Vec<String>,
}

/// Acts on several recurring definitions. It answers 200 whatever came of each, and reports them in order.
pub(super) async fn many_recurring(asked: Asked, headers: HeaderMap, body: Sent) -> Answered {
    let OnMany { action, ids } = read(&asked, &headers, body)?;
    let acted = doing::many_recurring(&asked, &action, ids, once::key(&headers)).await?;
    let each = |(id, done): &(String, Option<bool>)| json!({ "id": id, "done": *done == Some(true), "there": done.is_some() });
    Ok(Answer(json!({ "action": action, "definitions": acted.iter().map(each).collect::<Vec<_>>() })))
}

/// Acts on a recurring definition.
pub(super) async fn recurring(
    asked: Asked,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Sent,
) -> Answered {
    let key = once::key(&headers);
    let sent: OnRecurring = read(&asked, &headers, body)?;
    if sent.action == "edit" {
        return edit(&asked, &id, &sent).await;
    }
    sent.plain()?;
    let OnRecurring { action, .. } = sent;
    let (command, done) = doing::recurring(&asked, id.as_str().into(), &action, key).await?;
    let gone = || {
        let why = format!("There is no recurring definition `{}`.", shown(&id));
        Fault::new(StatusCode::NOT_FOUND, why)
    };
    let mut done = done.ok_or_else(gone)?;
    let mut made = None;
    if let RecurringCommand::Trigger(job) = command {
        // An unfinished job with the same unique key stands for the one that would have been made.
        made = asked.store().job(job).await?.map(|job| job.id.to_string());
        done = made.is_some();
    }
    Ok(Answer(json!({ "id": id, "action": action, "done": done, "job": made })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnQueue {
    action: String,
    limit: Option<u64>,
}

/// Acts on a queue. To pause what is paused is no error.
pub(super) async fn queue(
    asked: Asked,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Sent,
) -> Answered {
    let OnQueue { action, limit } = read(&asked, &headers, body)?;
    let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
    let done = limiting::act(&asked, name.as_str().into(), &action, &limit).await?;
    Ok(Answer(json!({ "name": name, "action": action, "done": done })))
}

/// Pauses or resumes all queues. Those that are so already are not among the ones that it answers with.
pub(super) async fn queues(asked: Asked, headers: HeaderMap, body: Sent) -> Answered {
    let OnOther { action } = read(&asked, &headers, body)?;
    let done = pausing::act(&asked, &action, None).await?;
    let done: Vec<_> = done.iter().map(|queue| &**queue).collect();
    Ok(Answer(json!({ "action": action, "queues": done })))
}

/// Runs a demo.
pub(super) async fn demo(asked: Asked, headers: HeaderMap, body: Sent) -> Answered {
    let OnOther { action } = read(&asked, &headers, body)?;
    let job = demo::enqueue(&asked, &action, once::key(&headers)).await?;
    Ok(Answer(json!({ "action": action, "job": job.to_string() })))
}

/// Acts on a batch. To cancel what has ended is no error.
pub(super) async fn batch(asked: Asked, Path(id): Path<String>, headers: HeaderMap, body: Sent) -> Answered {
    let OnOther { action } = read(&asked, &headers, body)?;
    let done = operating::batch(&asked, batches::read_id(&id)?, &action).await?;
    Ok(Answer(json!({ "id": id, "action": action, "done": done })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAll {
    action: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    careful: bool,
    limit: Option<u64>,
    #[serde(default)]
    after_next_deploy: bool,
}

/// Begins an operation, and answers with how it stands at its beginning.
pub(super) async fn begin(asked: Asked, headers: HeaderMap, body: Sent) -> Answered {
    let OnAll { action, to, query, careful, limit, after_next_deploy } = read(&asked, &headers, body)?;
    let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
    let pace = if careful { "careful" } else { "" };
    let hold = if after_next_deploy { "deploy" } else { "" };
    let key = once::key(&headers);
    let typed = Typed { action: &action, to: &to, query: &query, pace, limit: &limit, hold, key };
    Ok(Answer(whole_operation(&operating::begin(&asked, &typed).await?)))
}

/// Acts on an operation.
pub(super) async fn steer(asked: Asked, Path(id): Path<String>, headers: HeaderMap, body: Sent) -> Answered {
    let OnOther { action } = read(&asked, &headers, body)?;
    let operation = bulk::find(&asked, &id).await?;
    let done = operating::steer(&asked, operation, &action).await?;
    Ok(Answer(json!({ "id": id, "action": action, "done": done })))
}
