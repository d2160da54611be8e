//! One server: what it runs by now, and what it is ordered to do.

use axum::extract::Path;
use axum::response::Response;
use boltjobs_core::access::Role;
use boltjobs_core::job::{Job, RowData};
use boltjobs_core::notes::LogLevel;
use boltjobs_core::order::{self, LOGS_FOR, LogOrder, Order, Orders, WorkOrder};
use boltjobs_core::store::{JobFilter, PageQuery, ServerInfo, Store};
use boltjobs_core::text::shown;
use boltjobs_core::{JobState, Timestamp};

use crate::actions::{Fields, Sent, answer, back};
use crate::audit::told_with;
use crate::doing::{allowed, needs, unknown};
use crate::pages::{self, LEVELS};
use crate::refused::Refused;
use crate::routes::Asked;

/// How many running jobs are looked at, of whatever server, those that were enqueued last.
const LOOKED_AT: usize = 2_000;

/// How many of them a store is asked for at once: whoever works waits for each answer.
const PART: usize = 200;

/// What is known of a server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) info: ServerInfo,
    /// Whether it ended without a word, or was not heard of for a whole lease.
    pub(crate) is_lost: bool,
    pub(crate) orders: Orders,
    /// What its slots run: the number of each, since when, and the job, in the order of the numbers.
    pub(crate) slots: Vec<(u32, Timestamp, Job)>,
}

/// Every server that is there, and those that ended without a word.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) here: Vec<ServerInfo>,
    pub(crate) lost: Vec<ServerInfo>,
}

impl Servers {
    pub(crate) async fn find(asked: &Asked) -> Result<Self, Refused> {
        let (store, now) = (asked.store(), asked.now());
        Ok(Self { here: store.servers(now).await?, lost: store.lost_servers(now).await? })
    }
}

/// Says whether a server was not heard of for two thirds of its lease: it may have been aborted.
pub(crate) fn is_unheard(server: &ServerInfo, now: Timestamp) -> bool {
    let lease = server.until.since(server.heartbeat);
    now.since(server.heartbeat) > lease * 2 / 3
}

/// Returns the name of the server that runs a job, with the number of its worker; `None` when none does.
fn runs(job: &Job) -> Option<(&str, u32)> {
    match job.history.last().map(|row| &row.data) {
        Some(RowData::Processing { server, worker, .. }) if job.state == JobState::Processing => {
            Some((server, *worker))
        }
        _ => None,
    }
}

/// Says whether a job is run by a server that is not there.
pub(crate) fn is_aborted(job: &Job, servers: &[ServerInfo]) -> bool {
    runs(job).is_some_and(|(name, _)| !servers.iter().any(|server| *server.offer.server == *name))
}

/// Finds what is known of a server.
pub(crate) async fn find(asked: &Asked, name: &str) -> Result<Server, Refused> {
    let Servers { here, lost } = Servers::find(asked).await?;
    let named = |servers: Vec<ServerInfo>| servers.into_iter().find(|it| *it.offer.server == *name);
    let (found, is_lost) = match named(here) {
        Some(server) => (Some(server), false),
        None => (named(lost), true),
    };
    let gone = || Refused::NotFound(format!("There is no server `{}`: it has ended.", shown(name)));
    let info = found.ok_or_else(gone)?;
    let slots = slots(asked.store(), &info).await?;
    Ok(Server { orders: order::of(asked.store(), name).await?, info, is_lost, slots })
}

async fn slots(store: &dyn Store, server: &ServerInfo) -> Result<Vec<(u32, Timestamp, Job)>, Refused> {
    let filter = JobFilter { states: vec![JobState::Processing], ..JobFilter::default() };
    let (mut slots, mut after, mut looked_at) = (Vec::new(), None, 0);
    while looked_at < LOOKED_AT && slots.len() < server.running as usize {
        let query = PageQuery { filter: filter.clone(), after, limit: PART, ..PageQuery::default() };
        let page = store.page(query).await?;
        looked_at += PART;
        for job in page.jobs {
            let slot = runs(&job).filter(|(name, _)| *name == &*server.offer.server);
            if let Some((_, slot)) = slot {
                slots.push((slot, job.since, job));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    slots.sort_by_key(|(slot, _, _)| *slot);
    Ok(slots)
}

pub(crate) async fn page(asked: Asked, Path(name): Path<String>) -> Response {
    let found = find(&asked, &name).await;
    asked.answer(found.map(|server| pages::server(asked.view(), &server)))
}

/// Says what it means to stop a server, before it is done.
pub(crate) async fn confirm(asked: Asked, Path(name): Path<String>) -> Response {
    let page = async {
        needs(&asked, Role::Administer)?;
        Ok(pages::stop_server(asked.view(), &find(&asked, &name).await?))
    };
    asked.answer(page.await)
}

/// Gives a server an order, and leads back to it.
pub(crate) async fn sent(asked: Asked, Path(name): Path<String>, fields: Fields) -> Response {
    let done = async {
        let form = Sent::read(&asked, fields)?;
        let action = form.field("action");
        let done = act(&asked, &name, action, form.field("level")).await?;
        let did = if action == "stop" { "stopping" } else { action };
        Ok(back(&asked.base().item("/servers/", &name), if done { did } else { "nothing" }))
    };
    answer(&asked, done.await)
}

/// Gives a server an order: to be quiet, to go on, to stop, or to keep logs up to a level for a while. `false` when it has
/// that order already.
pub(crate) async fn act(asked: &Asked, name: &str, action: &str, level: &str) -> Result<bool, Refused> {
    needs(asked, if action == "stop" { Role::Administer } else { Role::Operate })?;
    if action != "log" && !level.is_empty() {
        return Err(Refused::Illegal(format!("`level` is for `log`, and not for `{}`.", shown(action))));
    }
    let (store, at, actor) = (asked.store(), asked.now(), asked.actor().to_owned());
    let here = store.servers(at).await?.into_iter().find(|it| *it.offer.server == *name);
    let gone = || Refused::NotFound(format!("There is no server `{}`: it has ended.", shown(name)));
    let server = here.ok_or_else(gone)?.offer.server.clone();
    allowed(asked, action, &format!("server {name}"))?;
    let mut detail = String::new();
    let done = match action {
        "quiet" => order::give(store, &WorkOrder { server, order: Order::Quiet, actor, at }).await?,
        "stop" => order::give(store, &WorkOrder { server, order: Order::Stop, actor, at }).await?,
        "resume" => order::resume(store, name, at).await?,
        "log" => {
            let level = read_level(level)?;
            detail = format!("up to {level} for {}", crate::text::span(LOGS_FOR));
            order::log(store, &LogOrder { server, level, until: at.plus(LOGS_FOR), actor, at }).await?;
            true
        }
        other => return Err(unknown(other)),
    };
    told_with(asked, action, &format!("server {name}"), &detail, done).await;
    Ok(done)
}

fn read_level(text: &str) -> Result<LogLevel, Refused> {
    let mut levels = LEVELS.iter().rev();
    let known = || LEVELS.iter().rev().map(|(name, ..)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let illegal = || Refused::Illegal(format!("`{}` is no level; use one of {}.", shown(text), known()));
    levels.find(|(name, ..)| *name == text).map(|(.., level)| *level).ok_or_else(illegal)
}
