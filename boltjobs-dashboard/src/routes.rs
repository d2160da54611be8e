//! What is answered under which path.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use boltjobs_core::deploy;
use boltjobs_core::lineage::trace_id;
use boltjobs_core::notes::LogLevel;
use boltjobs_core::recurring::RecurringJob;
use boltjobs_core::shape::Shape;
use boltjobs_core::store::{Explanation, JobFilter, Reason, ServerInfo, Store, StoreError};
use boltjobs_core::text::shown;
use boltjobs_core::throughput::{Flow, Window};
use boltjobs_core::{JobId, JobState, Timestamp};
use maud::Markup;
use serde::Deserialize;

use crate::Source;
use crate::access::Access;
use crate::api::written;
use crate::choices::Choices;
use crate::code;
use crate::demo;
use crate::gate::Gate;
use crate::kin;
use crate::link::Base;
use crate::overview::{Overview, RATED, rated, rates};
use crate::pages::sorting::Sorted;
use crate::pages::{self, Badges, Graphs, JobPage, LEVELS, Told, View};
use crate::refused::Refused;
use crate::server::{Servers, is_aborted};
use crate::silencing::leave_out_where_well;
use crate::zoom;

/// What every page needs: what to tell of, and how to show it.
pub(crate) struct Asked {
    source: Source,
    view: View,
    /// The id of the trace that the request is in, for the audit.
    trace: Option<Arc<str>>,
}

impl FromRequestParts<Source> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, source: &Source) -> Result<Self, Infallible> {
        let base = Base::from_request_parts(parts, source).await?;
        let query = parts.uri.query().unwrap_or_default();
        let did = query.split('&').find_map(|pair| pair.strip_prefix("did=")).map(str::to_owned);
        let choices = Choices::of(&parts.headers);
        let environment = source.environment.clone();
        // Whatever is open to strangers shows what nobody may do more with.
        let access = parts.extensions.get::<Access>().cloned().unwrap_or_else(Access::none);
        let site = Arc::clone(&source.site);
        let (store, begun) = (source.store.location().into(), source.clock.monotonic());
        // Programs have no use for what stands beside a page, and a form mostly leads to one.
        let is_page = parts.method == Method::GET && parts.extensions.get::<IsPage>().is_some();
        let badges = if is_page { badges(source).await } else { Badges::default() };
        let clock = Arc::clone(&source.clock);
        let view = View {
            base,
            now: source.now(),
            access,
            did,
            choices,
            environment,
            site,
            store,
            badges,
            begun,
            clock,
        };
        let trace = parts.headers.get("traceparent").and_then(|header| header.to_str().ok());
        let trace = trace.and_then(trace_id).map(Into::into);
        Ok(Self { source: source.clone(), view, trace })
    }
}

/// Marks requests for what has the frame of a page around it, counts and all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsPage;

/// Counts what stands beside the pages in the rail. Where the store does not answer, the page says so.
async fn badges(source: &Source) -> Badges {
    let retries = JobFilter { retrying: true, ..JobFilter::default() };
    let counted = async {
        let states = source.store.counts().await?.states;
        Ok::<_, StoreError>(Badges {
            enqueued: states.get(JobState::Enqueued),
            failed: states.get(JobState::Failed),
            retries: source.store.count(retries, None).await?.jobs,
        })
    };
    counted.await.unwrap_or_default()
}

impl Asked {
    pub(crate) async fn overview(&self) -> Result<Overview, Refused> {
        let mut overview = Overview::load(&self.source, self.view.now).await?;
        leave_out_where_well(&mut overview);
        Ok(overview)
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.source.store
    }

    pub(crate) fn access(&self) -> &Access {
        &self.view.access
    }

    pub(crate) fn trace(&self) -> Option<Arc<str>> {
        self.trace.clone()
    }

    /// Returns the name that the audit tells.
    pub(crate) fn actor(&self) -> &str {
        self.view.access.actor()
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.source.gate
    }

    /// Returns how much time has passed since some fixed instant.
    pub(crate) fn elapsed(&self) -> Duration {
        self.source.clock.monotonic()
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    pub(crate) fn base(&self) -> &Base {
        &self.view.base
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.view.now
    }

    /// Answers with a page that says one thing.
    pub(crate) fn notice(&self, status: StatusCode, title: &str, why: &str) -> Response {
        (status, html(self.view.notice(title, why))).into_response()
    }

    /// Answers with a page, or with why there is none.
    pub(crate) fn answer(&self, page: Result<Markup, Refused>) -> Response {
        match page {
            Ok(page) => html(page).into_response(),
            Err(Refused::Unavailable(error)) => {
                let page = self.view.unavailable(NO_ANSWER, &error.to_string());
                (StatusCode::SERVICE_UNAVAILABLE, html(page)).into_response()
            }
            Err(refused) => self.refuse("That can't be read", refused),
        }
    }

    /// Answers with why nothing is shown, or was done. What can't be read has this title.
    pub(crate) fn refuse(&self, unreadable: &str, refused: Refused) -> Response {
        let title = match &refused {
            Refused::Unavailable(_) => NO_ANSWER,
            Refused::NotFound(_) => "Not found",
            Refused::Forbidden(_) | Refused::Conflict(_) => "Nothing was done",
            Refused::Illegal(_) => unreadable,
        };
        let (status, why) = refused.told();
        self.notice(status, title, &why)
    }
}

/// What a page is called that the store gives nothing for.
const NO_ANSWER: &str = "The store does not answer";

pub(crate) fn html(page: Markup) -> Html<String> {
    Html(page.into_string())
}

pub(crate) async fn overview(asked: Asked, Query(wanted): Query<zoom::Wanted>) -> Response {
    let page = async {
        let graphs = find_graphs(&asked, &wanted).await?;
        Ok(pages::overview(&asked.view, &asked.overview().await?, &graphs))
    };
    asked.answer(page.await)
}

/// Finds what came and ended in the last minute, and in a span.
pub(crate) async fn find_graphs(asked: &Asked, wanted: &zoom::Wanted) -> Result<Graphs, Refused> {
    let until = asked.view.now;
    let zoom = wanted.read(until)?;
    let minute = Window { until, step: Duration::from_secs(1), steps: 60 };
    let store = &asked.source.store;
    let (seconds, history) = (store.throughput(minute).await?, store.throughput(zoom.window).await?);
    let deploys = deploy::all(&**store).await?;
    Ok(Graphs { minute: (minute, seconds), zoom, history, deploys })
}

/// Reads the id of a job, as it stands in a path.
pub(crate) fn read_id(id: &str) -> Result<JobId, Refused> {
    id.parse().map_err(|_| Refused::NotFound(format!("`{}` is not the id of a job.", shown(id))))
}

/// Which lines of its log a page of a job shows.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Level {
    #[serde(default)]
    level: String,
}

impl Level {
    fn read(&self) -> Result<LogLevel, Refused> {
        let known = LEVELS.iter().find(|(name, _, _)| *name == self.level);
        let unknown = || {
            let names = LEVELS.map(|(name, _, _)| format!("`{name}`")).join(", ");
            Refused::Illegal(format!("There is no level `{}`; use one of {names}.", shown(&self.level)))
        };
        if self.level.is_empty() { Ok(LogLevel::Trace) } else { known.map(|it| it.2).ok_or_else(unknown) }
    }
}

pub(crate) async fn job(
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(level): Query<Level>,
) -> Response {
    let page = async {
        let page = JobPage { level: level.read()?, ..find_job(&asked, &id).await? };
        let kin = kin::of_job(&asked, &page.job).await?;
        let told = Told::new(written(&page, &kin), &headers);
        Ok(pages::job(&asked.view, &page, &kin, &told))
    };
    asked.answer(page.await)
}

/// Finds a job, with what is to be said of it.
pub(crate) async fn find_job(asked: &Asked, id: &str) -> Result<JobPage, Refused> {
    let (store, id) = (&asked.source.store, read_id(id)?);
    let gone = || Refused::NotFound(format!("There is no job {id}: it never was, or its retention is over."));
    let job = store.job(id).await?.ok_or_else(gone)?;
    let explanation = store.explain(id, asked.view.now).await?;
    let notes = store.notes(id).await?;
    let servers = store.servers(asked.view.now).await?;
    let shape = shape_among(&servers, &job.spec.request);
    let (demo, level) = (demo::queue(&servers).is_some(), LogLevel::Trace);
    let turn = turn(asked, &explanation).await?;
    let removed = asked.view.site.removed(&job);
    let aborted = is_aborted(&job, &servers);
    let versions = code::versions(&**store, &job).await?;
    let changed = code::changed(&**store, &job, &versions).await?;
    Ok(JobPage { job, explanation, notes, shape, demo, turn, removed, level, aborted, versions, changed })
}

/// Says when the turn of a job comes, by how many jobs of its queue have ended within the last minutes.
async fn turn(asked: &Asked, explanation: &Explanation) -> Result<Option<Duration>, StoreError> {
    let Reason::Waiting { ahead, or_more: false, .. } = explanation.reason else { return Ok(None) };
    let rates = rates(&asked.source, asked.view.now).await?;
    let ended = rates.get(&explanation.queue).map_or(0, Flow::ended);
    let seconds = (RATED as u64 * 60).saturating_mul(ahead as u64 + 1).checked_div(ended);
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.max(1))))
}

pub(crate) async fn recurring(asked: Asked, Query(sorted): Query<Sorted>) -> Response {
    let page = async {
        let mut all = asked.source.store.recurring_jobs().await?;
        sorted.apply(&mut all, &pages::RECURRING_BY)?;
        Ok(pages::recurring(&asked.view, &all, &sorted))
    };
    asked.answer(page.await)
}

pub(crate) async fn definition(asked: Asked, Path(id): Path<String>) -> Response {
    let page = async {
        let found = find_definition(&asked, &id).await?;
        let shape = shape_of(&asked, &found.definition.spec.request).await?;
        Ok(pages::definition(&asked.view, &found, shape.as_deref()))
    };
    asked.answer(page.await)
}

/// Finds how a request looks in code, where a server tells.
pub(crate) async fn shape_of(asked: &Asked, request: &Arc<str>) -> Result<Option<Arc<Shape>>, Refused> {
    Ok(shape_among(&asked.source.store.servers(asked.view.now).await?, request))
}

fn shape_among(servers: &[ServerInfo], request: &Arc<str>) -> Option<Arc<Shape>> {
    servers.iter().find_map(|server| server.offer.handles.get(request)?.shape.clone())
}

/// Finds a recurring definition.
pub(crate) async fn find_definition(asked: &Asked, id: &str) -> Result<RecurringJob, Refused> {
    let all = asked.source.store.recurring_jobs().await?;
    let gone = || Refused::NotFound(format!("There is no recurring definition `{}`.", shown(id)));
    all.into_iter().find(|recurring| *recurring.definition.id == *id).ok_or_else(gone)
}

pub(crate) async fn queues(asked: Asked, Query(sorted): Query<Sorted>) -> Response {
    let page = async {
        let queues = asked.source.store.queues(asked.view.now).await?;
        let mut queues = rated(queues, &rates(&asked.source, asked.view.now).await?);
        sorted.apply(&mut queues, &pages::QUEUES_BY)?;
        Ok(pages::queues(&asked.view, &queues, &sorted))
    };
    asked.answer(page.await)
}

pub(crate) async fn servers(asked: Asked, Query(sorted): Query<Sorted>) -> Response {
    let page = async {
        let mut servers = Servers::find(&asked).await?;
        sorted.apply(&mut servers.here, &pages::SERVERS_BY)?;
        Ok(pages::servers(&asked.view, &servers, &sorted))
    };
    asked.answer(page.await)
}

pub(crate) async fn missing(asked: Asked) -> Response {
    asked.answer(Err(Refused::NotFound("There is no such page.".to_owned())))
}

#[cfg(test)]
pub(crate) mod fuzz;
