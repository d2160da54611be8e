//! What the store knows, as Prometheus scrapes it: the text exposition format 0.0.4.
//!
//! It is read from counters, and costs the same however many jobs there are. What is counted over time is told by each
//! program to the `metrics` facade instead; `docs/metrics.md` lists that. Names are the same where they mean the same.

use std::fmt::{Display, Write as _};

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use boltjobs_core::recurring::RecurringJob;
use boltjobs_core::store::{Counts, QueueInfo, ServerInfo, StateCounts, StoreError};
use boltjobs_core::{JobState, Timestamp};

use crate::routes::Asked;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers a scrape.
pub(crate) async fn metrics(asked: Asked) -> Response {
    match read(&asked).await {
        Ok(text) => ([(CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn read(asked: &Asked) -> Result<String, StoreError> {
    let (store, now) = (asked.store(), asked.now());
    let mut text = Exposition::default();
    jobs(&mut text, &store.counts().await?);
    queues(&mut text, &store.queues(now).await?, now);
    servers(&mut text, &store.servers(now).await?, now);
    recurring(&mut text, &store.recurring_jobs().await?);
    Ok(text.0)
}

fn jobs(text: &mut Exposition, counts: &Counts) {
    text.gauge("boltjobs_jobs", "Jobs in the state, ended ones that are retained too.");
    text.states(&[], &counts.states);
    text.gauge("boltjobs_request_jobs", "Jobs of the request in the state.");
    for (request, counts) in &counts.requests {
        text.states(&[("request", request)], counts);
    }
}

fn queues(text: &mut Exposition, queues: &[QueueInfo], now: Timestamp) {
    text.gauge("boltjobs_queue_jobs", "Jobs of the queue in the state.");
    for queue in queues {
        text.states(&[("queue", &queue.name)], &queue.counts);
    }
    let waited = "How long the job has waited that is first in line for a worker, 0 when none is.";
    text.gauge("boltjobs_queue_oldest_wait_seconds", waited);
    for queue in queues {
        let waited = queue.oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
        text.value(&[("queue", &queue.name)], waited);
    }
    text.gauge("boltjobs_queue_paused", "1 while the queue is paused, 0 while it is not.");
    for queue in queues {
        text.value(&[("queue", &queue.name)], u8::from(queue.paused_since.is_some()));
    }
    let limit = "Jobs of the queue that may run at once over all servers; no series where there is no limit.";
    text.gauge("boltjobs_queue_limit", limit);
    for (queue, limit) in queues.iter().filter_map(|queue| Some((queue, queue.limit?))) {
        text.value(&[("queue", &queue.name)], limit);
    }
    text.gauge("boltjobs_queue_servers", "Servers that work the queue.");
    for queue in queues {
        text.value(&[("queue", &queue.name)], queue.servers);
    }
}

fn servers(text: &mut Exposition, servers: &[ServerInfo], now: Timestamp) {
    text.gauge("boltjobs_servers", "Servers that are there.");
    text.value(&[], servers.len());
    text.gauge("boltjobs_slots", "Jobs that the server runs at once, at most: its workers.");
    for server in servers {
        text.value(&[("server", &server.offer.server)], server.offer.workers);
    }
    text.gauge("boltjobs_server_heartbeat_age_seconds", "How long ago the server was heard of.");
    for server in servers {
        text.value(&[("server", &server.offer.server)], now.since(server.heartbeat).as_secs_f64());
    }
    text.gauge(
        "boltjobs_server_resident_bytes",
        "Memory of the process of the server, where the system tells.",
    );
    for (offer, resident) in servers.iter().filter_map(|it| Some((&it.offer, it.offer.vitals.resident?))) {
        text.value(&[("server", &offer.server)], resident);
    }
    text.gauge(
        "boltjobs_server_lag_seconds",
        "How late the runtime of the handlers came to what it was to do at once.",
    );
    for (offer, lag) in servers.iter().filter_map(|it| Some((&it.offer, it.offer.vitals.lag?))) {
        text.value(&[("server", &offer.server)], lag.as_secs_f64());
    }
    text.gauge("boltjobs_server_info", "1 for each server that tells the version of its program.");
    for (offer, version) in
        servers.iter().filter_map(|it| Some((&it.offer, it.offer.vitals.version.as_deref()?)))
    {
        text.value(&[("server", &offer.server), ("version", version)], 1);
    }
}

fn recurring(text: &mut Exposition, all: &[RecurringJob]) {
    text.gauge("boltjobs_recurring", "Recurring definitions, by whether they are paused.");
    let paused = all.iter().filter(|recurring| recurring.paused).count();
    text.value(&[("paused", "false")], all.len() - paused);
    text.value(&[("paused", "true")], paused);
    let errors = all.iter().filter(|recurring| recurring.definition.error().is_some()).count();
    let help = "Recurring definitions that can't fire, as their cron or time zone can't be read.";
    text.gauge("boltjobs_recurring_errors", help);
    text.value(&[], errors);
}

/// The text so far; the name of the metric whose values come now is kept beside it.
#[derive(Default)]
struct Exposition(String, &'static str);

// Writing to a String can't fail.
impl Exposition {
    /// Begins a metric. The help is ours, and has nothing that would need to be escaped.
    fn gauge(&mut self, name: &'static str, help: &str) {
        self.1 = name;
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    /// Adds a value for each state.
    fn states(&mut self, labels: &[(&str, &str)], counts: &StateCounts) {
        for state in JobState::ALL {
            let name = state.as_str().to_lowercase();
            let labels: Vec<_> = labels.iter().copied().chain([("state", &*name)]).collect();
            self.value(&labels, counts.get(state));
        }
    }

    /// Adds a value.
    fn value(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(self.1);
        for (at, (label, value)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"{}\"", escaped(value));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }
}

/// Writes a label so that it stays one label on one line.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
