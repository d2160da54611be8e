//! What is answered under which path.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use boltjobs_core::JobId;
use boltjobs_core::store::StoreError;
use maud::Markup;

use crate::Source;
use crate::overview::Overview;
use crate::pages::{self, JobPage};

/// What becomes of a page whose store fails.
#[derive(Debug)]
pub(crate) struct Unavailable(StoreError);

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        let page = pages::notice("The store does not answer", &self.0.to_string());
        (StatusCode::SERVICE_UNAVAILABLE, html(page)).into_response()
    }
}

fn html(page: Markup) -> Html<String> {
    Html(page.into_string())
}

pub(crate) async fn overview(State(source): State<Source>) -> Result<Html<String>, Unavailable> {
    Ok(html(pages::overview(&Overview::load(&source).await?)))
}

pub(crate) async fn job(
    State(source): State<Source>,
    Path(id): Path<String>,
) -> Result<Response, Unavailable> {
    let Ok(id) = id.parse::<JobId>() else {
        return Ok(not_found(&format!("`{id}` is not the id of a job.")));
    };
    let Some(job) = source.store.job(id).await? else {
        return Ok(not_found(&format!("There is no job {id}: it never was, or its retention is over.")));
    };
    let now = source.now();
    let explanation = source.store.explain(id, now).await?;
    Ok(html(pages::job(&JobPage { job, explanation, now })).into_response())
}

/// Answers 200 while the store does.
pub(crate) async fn health(State(source): State<Source>) -> (StatusCode, String) {
    match source.store.counts().await {
        Ok(_) => (StatusCode::OK, "ok\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/style.css"))
}

pub(crate) async fn missing() -> Response {
    not_found("There is no such page.")
}

fn not_found(why: &str) -> Response {
    (StatusCode::NOT_FOUND, html(pages::notice("Not found", why))).into_response()
}

#[cfg(test)]
mod fuzz;
