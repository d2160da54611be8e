//! What is answered under which path.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use boltjobs_core::deploy;
use boltjobs_core::recurring::RecurringJob;
use boltjobs_core::shape::Shape;
use boltjobs_core::store::{JobFilter, PageQuery, ServerInfo, Store};
use boltjobs_core::text::shown;
use boltjobs_core::throughput::Window;
use boltjobs_core::{JobId, Timestamp};
use maud::Markup;
use serde::Deserialize;

use crate::Source;
use crate::access::Access;
use crate::api::written;
use crate::choices::Choices;
use crate::code;
use crate::columns::Columns;
use crate::demo;
use crate::gate::Gate;
use crate::kin;
use crate::link::Base;
use crate::overview::{Overview, rates};
use crate::pages::{self, Graphs, JobPage, JobsPage, Kept, SIZES, SPANS, Told, View};
use crate::refused::Refused;
use crate::saved;
use crate::server::{Servers, is_aborted};
use crate::silencing::end_where_well;

/// What every page needs: what to tell of, and how to show it.
pub(crate) struct Asked {
    source: Source,
    view: View,
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
        let view = View { base, now: source.now(), access, did, choices, environment };
        Ok(Self { source: source.clone(), view })
    }
}

impl Asked {
    pub(crate) async fn overview(&self) -> Result<Overview, Refused> {
        let mut overview = Overview::load(&self.source, self.view.now).await?;
        end_where_well(self, &mut overview).await;
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
            Refused::Forbidden(_) => "Nothing was done",
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

/// Which span of time the graph shows.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Span {
    #[serde(default)]
    pub(crate) span: String,
}

pub(crate) async fn overview(asked: Asked, Query(wanted): Query<Span>) -> Response {
    let page = async {
        let graphs = find_graphs(&asked, &wanted).await?;
        Ok(pages::overview(&asked.view, &asked.overview().await?, &graphs))
    };
    asked.answer(page.await)
}

/// Finds what came and ended in the last minute, and in a span.
pub(crate) async fn find_graphs(asked: &Asked, wanted: &Span) -> Result<Graphs, Refused> {
    let unknown = || {
        let names = SPANS.map(|(name, _, _)| format!("`{name}`")).join(", ");
        Refused::Illegal(format!("There is no span `{}`; use one of {names}.", shown(&wanted.span)))
    };
    let span = if wanted.span.is_empty() { SPANS[0].0 } else { &wanted.span };
    let (span, minutes, steps) = SPANS.into_iter().find(|(name, _, _)| *name == span).ok_or_else(unknown)?;
    let until = asked.view.now;
    let minute = Window { until, step: Duration::from_secs(1), steps: 60 };
    let history = Window { until, step: Duration::from_mins(minutes), steps };
    let store = &asked.source.store;
    let (seconds, found) = (store.throughput(minute).await?, store.throughput(history).await?);
    let deploys = deploy::all(&**store).await?;
    Ok(Graphs { minute: (minute, seconds), span, history: (history, found), deploys })
}

/// What is said of a list of jobs.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    order: String,
    #[serde(default)]
    size: String,
    #[serde(default)]
    columns: String,
}

impl Wanted {
    /// Says whether nothing is said of how to list the jobs.
    pub(crate) fn says_nothing(&self) -> bool {
        [&self.after, &self.order, &self.size].into_iter().all(String::is_empty)
    }
}

pub(crate) async fn jobs(asked: Asked, headers: HeaderMap, Query(wanted): Query<Wanted>) -> Response {
    let kept = Kept { shared: &asked.source.queries, own: saved::of(&headers) };
    match wanted.q.parse::<JobFilter>() {
        Ok(filter) => {
            let page = async {
                let columns = Columns::of(&wanted.columns, &headers)?;
                let listed = find(&asked, filter, &wanted).await?;
                Ok(pages::jobs(&asked.view, &listed, &columns, &kept))
            };
            asked.answer(page.await)
        }
        Err(error) => {
            let page = html(pages::unreadable(&asked.view, &wanted.q, &error, &kept));
            (StatusCode::BAD_REQUEST, page).into_response()
        }
    }
}

/// Finds the jobs of a list.
pub(crate) async fn find(asked: &Asked, filter: JobFilter, wanted: &Wanted) -> Result<JobsPage, Refused> {
    let after = match &*wanted.after {
        "" => None,
        id => Some(read_id(id)?),
    };
    let size = match &*wanted.size {
        "" => SIZES[0],
        text => SIZES.into_iter().find(|size| size.to_string() == text).ok_or_else(|| {
            Refused::Illegal(format!("A page can have {SIZES:?} jobs, and not {:?}.", shown(text)))
        })?,
    };
    let oldest_first = match &*wanted.order {
        "" | "newest" => false,
        "oldest" => true,
        other => {
            let other = shown(other);
            return Err(Refused::Illegal(format!(
                "Jobs are listed `newest` or `oldest` first, and not `{other}`."
            )));
        }
    };
    let store = &asked.source.store;
    let page = store.page(PageQuery { filter: filter.clone(), oldest_first, after, limit: size }).await?;
    let servers = store.servers(asked.view.now).await?;
    let aborted = page.jobs.iter().filter(|job| is_aborted(job, &servers)).map(|job| job.id).collect();
    Ok(JobsPage { filter, counts: store.counts().await?, page, aborted, after, oldest_first, size })
}

fn read_id(id: &str) -> Result<JobId, Refused> {
    id.parse().map_err(|_| Refused::NotFound(format!("`{}` is not the id of a job.", shown(id))))
}

pub(crate) async fn job(asked: Asked, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let page = async {
        let page = find_job(&asked, &id).await?;
        let kin = kin::of_job(&asked, &page.job).await?;
        let told = Told::new(written(&page), &headers);
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
    let (demo, aborted) = (demo::queue(&servers).is_some(), is_aborted(&job, &servers));
    let versions = code::versions(&**store, &job).await?;
    let changed = code::changed(&**store, &job, &versions).await?;
    Ok(JobPage { job, explanation, notes, shape, demo, aborted, versions, changed })
}

pub(crate) async fn recurring(asked: Asked) -> Response {
    let all = asked.source.store.recurring_jobs().await;
    asked.answer(all.map(|all| pages::recurring(&asked.view, &all)).map_err(Refused::from))
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

pub(crate) async fn queues(asked: Asked) -> Response {
    let page = async {
        let queues = asked.source.store.queues(asked.view.now).await?;
        let rates = rates(&asked.source, asked.view.now).await?;
        Ok(pages::queues(&asked.view, &queues, &rates))
    };
    asked.answer(page.await)
}

pub(crate) async fn servers(asked: Asked) -> Response {
    let servers = Servers::find(&asked).await;
    asked.answer(servers.map(|servers| pages::servers(&asked.view, &servers)))
}

pub(crate) async fn missing(asked: Asked) -> Response {
    asked.answer(Err(Refused::NotFound("There is no such page.".to_owned())))
}

#[cfg(test)]
pub(crate) mod fuzz;
