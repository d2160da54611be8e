//! What is answered under which path.

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};

use crate::Source;
use crate::routes::IsPage;
use crate::{
    actions, api, assets, auditing, backfill, batches, bulk, changing, columns, copying, editing, events,
    exporting, failing, failure, guard, listing, login, making, pausing, probes, prometheus, queue, request,
    rerunning, routes, server, settings, silencing,
};

/// Makes the router of all pages, and of what programs ask.
pub(crate) fn pages(source: Source) -> Router {
    Router::new()
        .route("/", get(routes::overview))
        .route("/jobs", get(listing::jobs).post(actions::jobs))
        .route("/jobs/new", get(making::form).post(making::sent))
        .route("/jobs/copy", get(copying::look).post(copying::sent))
        .route("/jobs/{id}", get(routes::job))
        .route("/jobs/{id}/edit", get(changing::form).post(changing::sent))
        .route("/queries", post(actions::queries))
        .route("/columns", post(columns::choose))
        .route("/recurring", get(routes::recurring).post(actions::many_recurring))
        .route("/recurring/{id}", get(routes::definition).post(actions::recurring))
        .route("/recurring/{id}/edit", get(editing::form).post(editing::sent))
        .route("/recurring/{id}/backfill", get(backfill::look).post(backfill::sent))
        .route("/queues", get(routes::queues))
        .route("/queues/{name}", get(queue::queue).post(actions::queues))
        .route("/requests/{name}", get(request::page).post(request::sent))
        .route("/pause", get(pausing::confirm).post(pausing::sent))
        .route("/servers", get(routes::servers))
        .route("/servers/{name}", get(server::page).post(server::sent))
        .route("/servers/{name}/stop", get(server::confirm))
        .route("/failures", get(failing::failures))
        .route("/failures/{fingerprint}", get(failure::failure).post(silencing::failure))
        .route("/retries", get(failing::retries))
        .route("/health", get(failing::health))
        .route("/health/{check}", post(silencing::check))
        .route("/settings", get(settings::settings).post(settings::choose))
        .route("/audit", get(auditing::audit))
        .route("/batches", get(batches::batches))
        .route("/batches/{id}", get(batches::batch).post(actions::batch))
        .route("/batches/{id}/rerun", get(rerunning::look).post(rerunning::sent))
        .route("/demo", post(actions::demo))
        .route("/operations", get(bulk::operations).post(actions::begin))
        .route("/operations/new", get(bulk::dry_run))
        .route("/operations/{id}", get(bulk::operation).post(actions::steer))
        .fallback(routes::missing)
        // What is above has the frame of a page, what is below has none.
        .layer(Extension(IsPage))
        .merge(api::router())
        .route("/jobs/{id}/export", get(exporting::export))
        .route("/audit/export", get(auditing::export))
        .route("/metrics", get(prometheus::metrics))
        .route("/healthz", get(probes::health))
        .route("/readyz", get(probes::ready))
        .route("/login", get(login::page).post(login::log_in).layer(DefaultBodyLimit::max(login::LONGEST)))
        .route("/logout", post(login::log_out))
        .route("/events", get(events::events))
        .route("/assets/{name}", get(assets::asset))
        .layer(middleware::from_fn_with_state(source.clone(), guard::check))
        .layer(middleware::from_fn(api::in_json))
        .with_state(source)
}
