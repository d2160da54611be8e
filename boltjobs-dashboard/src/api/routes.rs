//! What is under which path.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any, get, post};

use super::{acting, backfilling, handling, making, reading, rerunning, serving, silencing, watching};
use crate::Source;

/// The document that describes the rest, for generators of clients.
const DOCUMENT: &str = include_str!("../../assets/openapi.json");

/// Lists each path with what answers there.
fn table() -> Vec<(&'static str, MethodRouter<Source>)> {
    vec![
        ("/api/openapi.json", get(document)),
        ("/api/overview", get(reading::overview)),
        ("/api/counts", get(reading::counts)),
        ("/api/jobs", get(reading::jobs).post(acting::jobs)),
        ("/api/jobs/{id}", get(reading::job).post(acting::job)),
        ("/api/requests", get(making::requests).post(making::make)),
        ("/api/requests/{name}", get(handling::request).post(handling::act)),
        ("/api/recurring", get(reading::recurring).post(acting::many_recurring)),
        ("/api/recurring/{id}", get(reading::definition).post(acting::recurring)),
        ("/api/recurring/{id}/backfill", get(backfilling::look).post(backfilling::fill)),
        ("/api/queues", get(reading::queues).post(acting::queues)),
        ("/api/queues/{name}", get(reading::queue).post(acting::queue)),
        ("/api/servers", get(reading::servers)),
        ("/api/servers/{name}", get(serving::server).post(serving::act)),
        ("/api/throughput", get(watching::throughput)),
        ("/api/failures", get(watching::failures)),
        ("/api/failures/{fingerprint}", get(watching::one_failure).post(silencing::failure)),
        ("/api/batches", get(watching::batches)),
        ("/api/batches/{id}", get(watching::batch).post(acting::batch)),
        ("/api/batches/{id}/rerun", get(rerunning::look).post(rerunning::rerun)),
        ("/api/operations", get(watching::operations).post(acting::begin)),
        ("/api/operations/new", get(watching::dry_run)),
        ("/api/operations/{id}", get(watching::operation).post(acting::steer)),
        ("/api/demo", post(acting::demo)),
        ("/api/health", get(watching::health)),
        ("/api/health/{check}", post(silencing::check)),
        ("/api/audit", get(watching::audit)),
        ("/api/settings", get(reading::settings)),
    ]
}

/// Makes the paths, to be merged with those of the pages.
pub(crate) fn router() -> Router<Source> {
    let router =
        Router::new().route("/api", any(reading::missing)).route("/api/{*path}", any(reading::missing));
    table().into_iter().fold(router, |router, (path, methods)| router.route(path, methods))
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests;
