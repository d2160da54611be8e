//! One queue: what waits in it, how fast it is worked off, and what holds it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use boltjobs_core::JobState;
use boltjobs_core::handler_limit::{self, HandlerLimit};
use boltjobs_core::job::Job;
use boltjobs_core::store::{JobFilter, Limits, PageQuery, QueueInfo, ServerInfo, StateCounts, Store};
use boltjobs_core::text::shown;
use boltjobs_core::throughput::{Flow, Window};
use futures_util::future::try_join_all;
use serde::Deserialize;

use crate::limiting::{self, WhatIf};
use crate::overview::rates;
use crate::pages;
use crate::refused::Refused;
use crate::request::says;
use crate::routes::{Asked, html};
use crate::sample::{self, Sample};

/// The most requests of a queue that are told apart.
pub(crate) const REQUESTS: usize = 50;

/// The most keys that are named.
pub(crate) const KEYS: usize = 10;

/// Everything that is told of a queue.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) info: QueueInfo,
    /// What came and ended within the last minutes.
    pub(crate) flow: Flow,
    /// What was typed as another limit, what is wrong with it, and what it would have meant, if there is anything to tell.
    pub(crate) typed: String,
    pub(crate) fault: Option<String>,
    pub(crate) wanted: Option<u32>,
    pub(crate) what_if: Option<WhatIf>,
    /// Its requests, by their names.
    pub(crate) requests: Vec<InQueue>,
    /// How many requests are left out.
    pub(crate) left_out: usize,
    pub(crate) sample: Sample,
    /// The concurrency keys of most of its jobs that wait or run.
    pub(crate) keys: Vec<Key>,
    /// The jobs that a claim would take first, and of how many that wait these are the first.
    pub(crate) next: (Vec<Job>, usize),
    /// How many jobs were looked at for their keys.
    pub(crate) looked_at: usize,
}

/// How many jobs are named that are next.
const NEXT: usize = 5;

/// A concurrency key in a queue.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: Arc<str>,
    /// How many jobs of it wait for a worker or run.
    pub(crate) jobs: usize,
    /// How many of these run.
    pub(crate) running: usize,
    /// How many may run at once, by the least of what their handlers are held to.
    pub(crate) limit: Option<u32>,
}

/// Returns what a handler is held to by what it says and what somebody has set.
fn held(says: Limits, set: &[HandlerLimit]) -> Limits {
    let name = Arc::clone(&says.name);
    handler_limit::over(says, set.iter().filter(|set| set.request == name))
}

/// Sums up the keys of jobs, those with most jobs first.
fn keys(jobs: &[Job], servers: &[ServerInfo], set: &[HandlerLimit]) -> Vec<Key> {
    let mut keys = BTreeMap::<Arc<str>, Key>::new();
    for job in jobs {
        let Some(key) = &job.spec.concurrency_key else { continue };
        let new = || Key { name: Arc::clone(key), jobs: 0, running: 0, limit: None };
        let seen = keys.entry(Arc::clone(key)).or_insert_with(new);
        seen.jobs += 1;
        seen.running += usize::from(job.state == JobState::Processing);
        let limits = servers.iter().filter_map(|server| server.offer.limits(&job.spec.request));
        let limits = limits.filter_map(|limits| held(limits, set).per_key);
        seen.limit = limits.chain(seen.limit).min();
    }
    let mut keys: Vec<_> = keys.into_values().collect();
    keys.sort_by_key(|key| std::cmp::Reverse(key.jobs));
    keys.truncate(KEYS);
    keys
}

/// Returns the jobs that a claim would take first, of those that were enqueued first, and how many these were.
async fn next(store: &dyn Store, queue: &Arc<str>) -> Result<(Vec<Job>, usize), Refused> {
    let (states, queues) = (vec![JobState::Enqueued], vec![Arc::clone(queue)]);
    let filter = JobFilter { states, queues, ..JobFilter::default() };
    let query = PageQuery { filter, oldest_first: true, limit: sample::SAMPLE, ..PageQuery::default() };
    let mut jobs = store.page(query).await?.jobs;
    let looked_at = jobs.len();
    jobs.sort_by_key(|job| (std::cmp::Reverse(job.spec.priority), job.order));
    jobs.truncate(NEXT);
    Ok((jobs, looked_at))
}

/// A request with jobs in a queue.
#[derive(Debug)]
pub(crate) struct InQueue {
    pub(crate) name: Arc<str>,
    /// In each state that a page shows.
    pub(crate) counts: Vec<(JobState, u64)>,
    /// What its jobs are held to, as a server says and somebody has set.
    pub(crate) limits: Limits,
    /// Whether somebody has set any of it.
    pub(crate) is_set: bool,
}

/// The states whose jobs are counted for each request.
pub(crate) const STATES: [JobState; 4] =
    [JobState::Enqueued, JobState::Scheduled, JobState::Processing, JobState::Failed];

/// What is asked for besides.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    limit: String,
}

pub(crate) async fn queue(asked: Asked, Path(name): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    match find(&asked, &name, wanted).await {
        Ok(found) if found.fault.is_some() => {
            (StatusCode::BAD_REQUEST, html(pages::queue(asked.view(), &found))).into_response()
        }
        found => asked.answer(found.map(|queue| pages::queue(asked.view(), &queue))),
    }
}

/// Finds what is to be told of a queue.
pub(crate) async fn find(asked: &Asked, name: &str, wanted: Wanted) -> Result<Queue, Refused> {
    let (store, now) = (asked.store(), asked.now());
    let gone = || {
        let name = shown(name);
        Refused::NotFound(format!(
            "There is no queue `{name}`: it has no job, no server names it, and it is neither paused nor limited."
        ))
    };
    let queues = store.queues(now).await?;
    let info = queues.into_iter().find(|queue| *queue.name == *name).ok_or_else(gone)?;
    let servers = store.servers(now).await?;
    let set = handler_limit::all(store).await?;
    let (requests, left_out) = requests(asked, &info, &servers, &set).await?;
    let hour = store.throughput(Window::hour(now)).await?;
    let hour = hour.queues.get(&info.name).copied().unwrap_or_default();
    let typed = wanted.limit;
    let (wanted, fault) = match &*typed {
        "" => (None, None),
        text => limiting::read(text).map_or_else(|fault| (None, Some(fault)), |limit| (Some(limit), None)),
    };
    let waiting = JobFilter {
        states: vec![JobState::Enqueued, JobState::Processing],
        queues: vec![Arc::clone(&info.name)],
        ..JobFilter::default()
    };
    let waiting = if unfinished(&info.counts) { sample::latest(store, &waiting).await? } else { Vec::new() };
    Ok(Queue {
        flow: rates(asked.source(), now).await?.get(&info.name).copied().unwrap_or_default(),
        what_if: wanted.and_then(|at_most| WhatIf::of(at_most, &hour)),
        wanted,
        typed,
        fault,
        sample: sample::look(store, &info.name, now).await?,
        looked_at: waiting.len(),
        requests,
        left_out,
        keys: keys(&waiting, &servers, &set),
        next: next(store, &info.name).await?,
        info,
    })
}

fn unfinished(counts: &StateCounts) -> bool {
    counts.get(JobState::Enqueued) + counts.get(JobState::Processing) > 0
}

/// Returns the requests that have jobs in the queue, and how many of them are left out. What is counted is told by where jobs
/// are listed, and costs the same however many there are.
async fn requests(
    asked: &Asked,
    info: &QueueInfo,
    servers: &[ServerInfo],
    set: &[HandlerLimit],
) -> Result<(Vec<InQueue>, usize), Refused> {
    let store = asked.store();
    let count = |name: Arc<str>, states: Vec<JobState>| {
        let filter = JobFilter {
            states,
            queues: vec![Arc::clone(&info.name)],
            requests: vec![name],
            ..JobFilter::default()
        };
        async move { Ok::<_, Refused>(store.count(filter, None).await?.jobs) }
    };
    let names: Vec<_> = store.counts().await?.requests.into_keys().collect();
    let all = try_join_all(names.iter().map(|name| count(Arc::clone(name), Vec::new()))).await?;
    let mut here: Vec<_> = names.into_iter().zip(all).filter(|(_, jobs)| *jobs > 0).collect();
    here.sort_by_key(|(_, jobs)| std::cmp::Reverse(*jobs));
    let left_out = here.len().saturating_sub(REQUESTS);
    here.truncate(REQUESTS);
    let mut requests = Vec::with_capacity(here.len());
    for (name, _) in here {
        let counted = try_join_all(STATES.map(|state| count(Arc::clone(&name), vec![state]))).await?;
        let limits = held(says(servers, &name), set);
        let is_set = set.iter().any(|set| set.request == limits.name);
        requests.push(InQueue { counts: STATES.into_iter().zip(counted).collect(), limits, is_set, name });
    }
    Ok((requests, left_out))
}
