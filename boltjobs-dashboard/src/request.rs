//! One request: how its jobs run, and what its handler is held to, by its code and by what somebody has set.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use boltjobs_core::JobState;
use boltjobs_core::access::Role;
use boltjobs_core::handler_limit::{self, HandlerLimit, HandlerLimitError, Limit, LimitKind};
use boltjobs_core::store::{Counts, JobFilter, Limits, ServerInfo, StateCounts};
use boltjobs_core::text::shown;
use serde::Deserialize;

use crate::actions::{Fields, Sent, answer, back};
use crate::audit::told_with;
use crate::doing::{allowed, needs, unknown};
use crate::pages;
use crate::refused::Refused;
use crate::replay::{self, Replay};
use crate::routes::{Asked, html};
use crate::sample::{self, Seen};
use crate::text::as_sentence;

/// The span that is looked back at.
const HOUR: Duration = Duration::from_hours(1);

/// What is known of a request.
#[derive(Debug)]
pub(crate) struct Request {
    /// What its handler is held to by its code, with its own name and the older ones.
    pub(crate) says: Limits,
    pub(crate) set: Vec<HandlerLimit>,
    /// Its jobs by state, under whatever name.
    pub(crate) counts: StateCounts,
    /// How many servers handle it, and the newest version of its payload that one reads.
    pub(crate) servers: usize,
    pub(crate) version: Option<u32>,
    /// What was seen of jobs that have ended.
    pub(crate) seen: Seen,
    /// What was typed as another limit, what is wrong with it, and what it would have meant.
    pub(crate) typed: Wanted,
    pub(crate) fault: Option<String>,
    pub(crate) wanted: Option<Limit>,
    pub(crate) what_if: Option<Replay>,
}

impl Request {
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.says.name
    }
}

/// Which limit is meant, and what it shall be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    pub(crate) limit: String,
    #[serde(default)]
    pub(crate) value: String,
}

impl Wanted {
    fn read(&self) -> Result<Option<Limit>, HandlerLimitError> {
        if *self == Self::default() {
            return Ok(None);
        }
        Limit::parse(self.limit.parse()?, &self.value).map(Some)
    }
}

/// Returns what a handler is held to by the code of a server that has it, with the names that are counted together.
pub(crate) fn says(servers: &[ServerInfo], name: &str) -> Limits {
    let name = Arc::from(name);
    let found = servers.iter().find_map(|server| server.offer.limits(&name));
    found.unwrap_or_else(|| Limits::of(name))
}

fn counted(counts: &Counts, says: &Limits) -> StateCounts {
    let named = says.names().filter_map(|name| counts.requests.get(name));
    named.fold(StateCounts::default(), StateCounts::plus)
}

/// Finds what is to be told of a request.
pub(crate) async fn find(asked: &Asked, name: &str, typed: Wanted) -> Result<Request, Refused> {
    let (store, now) = (asked.store(), asked.now());
    let servers = store.servers(now).await?;
    let says = says(&servers, name);
    let set = handler_limit::of(store, &says.name).await?;
    let counts = counted(&store.counts().await?, &says);
    let handled = servers.iter().filter_map(|server| server.offer.handles.get(&says.name));
    let (servers, version) = (handled.clone().count(), handled.map(|handled| handled.version).max());
    if servers == 0 && set.is_empty() && counts.total() == 0 {
        return Err(Refused::NotFound(format!(
            "There is no request `{}`: it has no job, no server handles it, and nobody has limited it.",
            shown(name)
        )));
    }
    let ended = JobState::ALL.into_iter().filter(|state| state.is_final()).collect();
    let of = |states| JobFilter { states, requests: says.names().cloned().collect(), ..JobFilter::default() };
    let (wanted, fault) = match typed.read() {
        Ok(wanted) => (wanted, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let mut what_if = None;
    if let Some(limit) = &wanted {
        let jobs = sample::latest(store, &of(Vec::new())).await?;
        what_if = Some(replay::replay(limit, &replay::runs(&jobs, now.minus(HOUR), now)));
    }
    let seen = sample::all(&sample::latest(store, &of(ended)).await?, now);
    Ok(Request { says, set, counts, servers, version, seen, typed, fault, wanted, what_if })
}

pub(crate) async fn page(asked: Asked, Path(name): Path<String>, Query(typed): Query<Wanted>) -> Response {
    match find(&asked, &name, typed).await {
        Ok(found) if found.fault.is_some() => {
            (StatusCode::BAD_REQUEST, html(pages::request(asked.view(), &found))).into_response()
        }
        found => asked.answer(found.map(|request| pages::request(asked.view(), &request))),
    }
}

/// Sets a limit or removes it, and leads back to the request.
pub(crate) async fn sent(asked: Asked, Path(name): Path<String>, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let action = form.field("action");
        let done = act(&asked, &name, action, form.field("limit"), form.field("value")).await?;
        Ok(back(&asked.base().item("/requests/", &name), if done { action } else { "nothing" }))
    };
    answer(&asked, done.await)
}

/// Sets a limit of the handler of a request, or removes one; `false` when it was so already.
pub(crate) async fn act(
    asked: &Asked,
    name: &str,
    action: &str,
    kind: &str,
    value: &str,
) -> Result<bool, Refused> {
    needs(asked, Role::Operate)?;
    let (store, at, actor) = (asked.store(), asked.now(), asked.actor().to_owned());
    let request = says(&store.servers(at).await?, name).name;
    let target = format!("request {request}");
    allowed(asked, action, &target)?;
    let kind: LimitKind = kind.parse().map_err(refused)?;
    let (done, detail) = match action {
        "limit" => {
            let limit = Limit::parse(kind, value).map_err(refused)?;
            let detail = format!("{kind} {limit}");
            let limit = HandlerLimit { request, limit, actor, at };
            (handler_limit::set(store, &limit).await.map_err(refused)?, detail)
        }
        "unlimit" if value.is_empty() => {
            (handler_limit::remove(store, &request, kind, at).await?, kind.to_string())
        }
        "unlimit" => {
            return Err(Refused::Illegal("`value` is for `limit`, and not for `unlimit`.".to_owned()));
        }
        other => return Err(unknown(other)),
    };
    told_with(asked, action, &target, &detail, done).await;
    Ok(done)
}

fn refused(error: HandlerLimitError) -> Refused {
    match error {
        HandlerLimitError::Store(error) => Refused::Unavailable(error),
        HandlerLimitError::Name(_)
        | HandlerLimitError::Kind(_)
        | HandlerLimitError::Number(_)
        | HandlerLimitError::Rate(_) => Refused::Illegal(as_sentence(&error.to_string())),
    }
}
