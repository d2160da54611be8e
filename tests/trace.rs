//! The trace context of the code that enqueues, carried to the handler.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs_tests::{Bench, patiently};
use tracing::span::Attributes;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Tells its place in the trace; its first attempt may fail, and it may enqueue another.
#[request(response = Vec<String>)]
#[derive(Debug)]
pub struct Place {
    deeper: bool,
    fails: bool,
}

const PLACE: Place = Place { deeper: false, fails: false };

#[handler(backoff = "fixed(1s)")]
async fn place(request: Place, ctx: JobContext) -> JobResult<Vec<String>> {
    if request.fails && ctx.attempt() == 1 {
        return Err(ctx.traceparent().into());
    }
    let mut places = vec![ctx.traceparent()];
    if request.deeper {
        // One that is stored and one that is not.
        places.extend(PLACE.enqueue().await?.wait().await?);
        places.extend(PLACE.process().await?);
    }
    Ok(places)
}

fn parts(traceparent: &str) -> (&str, &str) {
    let parts: Vec<_> = traceparent.split('-').collect();
    assert_eq!((parts.len(), parts[0], parts[3]), (4, "00", "01"), "{traceparent}");
    (parts[1], parts[2])
}

#[tokio::test]
async fn a_trace_goes_from_who_enqueues_through_each_attempt_to_what_the_handler_enqueues() {
    let bench = Bench::start().await;
    let job = Place { deeper: true, fails: true };
    let job = bench.scope(async { job.enqueue().traceparent(PARENT).await.unwrap() }).await;
    let failed = bench.until(job.id(), JobState::Scheduled).await;
    bench.clock.advance(Duration::from_secs(1));
    let places = patiently(job.wait()).await.unwrap();
    let first = failed.last_error().unwrap().message.clone();
    let all: Vec<_> = std::iter::once(&first).chain(&places).map(|place| parts(place)).collect();
    assert!(all.iter().all(|(trace, _)| *trace == TRACE), "{all:?}");
    let mut spans: Vec<_> = all.iter().map(|(_, span)| *span).collect();
    spans.sort_unstable();
    spans.dedup();
    assert_eq!(spans.len(), 4, "each attempt and each job is a span of its own: {all:?}");
    assert_eq!(bench.job(job.id()).await.traceparent(), Some(PARENT));
    // The child was enqueued by the second attempt.
    let jobs = bench.client().jobs().list().await.unwrap().jobs;
    assert_eq!(jobs[0].traceparent(), Some(places[0].as_str()));
}

#[tokio::test]
async fn a_job_that_nobody_traces_is_a_trace_of_its_own() {
    let bench = Bench::start().await;
    let jobs = bench.scope(async { Place::enqueue_all([PLACE, PLACE]).await.unwrap() }).await;
    let (first, second) =
        (patiently(jobs[0].wait()).await.unwrap(), patiently(jobs[1].wait()).await.unwrap());
    assert_eq!(bench.job(jobs[0].id()).await.traceparent(), None);
    assert_eq!(parts(&first[0]).0, jobs[0].id().to_string().replace('-', ""));
    assert_ne!(parts(&first[0]).0, parts(&second[0]).0);
}

#[tokio::test]
async fn a_program_says_what_its_trace_context_is_and_a_false_one_is_left_out() {
    let said: Arc<Mutex<Option<String>>> = Arc::default();
    let asked = Arc::clone(&said);
    let bench = Bench::with(|builder| builder.trace_context(move || asked.lock().unwrap().clone())).await;
    for (says, carried) in [(Some(PARENT), Some(PARENT)), (Some("nonsense"), None), (None, None)] {
        *said.lock().unwrap() = says.map(str::to_owned);
        let job = bench.scope(async { PLACE.enqueue().await.unwrap() }).await;
        patiently(job.wait()).await.unwrap();
        assert_eq!(bench.job(job.id()).await.traceparent(), carried, "{says:?}");
    }
    // What the code says of one job wins.
    *said.lock().unwrap() = Some(PARENT.replace("4bf9", "5555"));
    let job = bench.scope(async { PLACE.enqueue().traceparent(PARENT).await.unwrap() }).await;
    assert_eq!(bench.job(job.id()).await.traceparent(), Some(PARENT));
}

#[tokio::test]
async fn a_traceparent_that_is_none_is_an_error_that_shows_the_form() {
    let bench = Bench::start().await;
    let refused = bench.scope(async { PLACE.enqueue().traceparent("00-abc").await.unwrap_err() }).await;
    let text = refused.to_string();
    assert!(text.contains("`00-abc` is no W3C traceparent") && text.contains("32 hex digits"), "{text}");
}

#[tokio::test]
async fn each_job_of_a_recurring_definition_is_a_trace_of_its_own() {
    let bench = Bench::with(|builder| builder.trace_context(|| Some(PARENT.to_owned()))).await;
    bench.scope(async { PLACE.recurring("often", "@every 60s").await.unwrap() }).await;
    bench.clock.advance(Duration::from_secs(60));
    let job = patiently(async {
        loop {
            if let Some(job) = bench.client().jobs().list().await.unwrap().jobs.pop() {
                return job;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(job.traceparent(), None);
}

/// Keeps the fields of the spans of jobs.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &tracing::Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "job" {
            self.0.lock().unwrap().push(format!("{:?}", attributes.values()));
        }
    }
}

#[tokio::test]
async fn the_span_of_an_attempt_names_its_trace_and_who_enqueued_it() {
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(Registry::default().with(spans.clone()));
    let bench = Bench::start().await;
    let job = bench.scope(async { PLACE.enqueue().traceparent(PARENT).await.unwrap() }).await;
    let places = patiently(job.wait()).await.unwrap();
    let seen = spans.0.lock().unwrap().concat();
    for expected in [TRACE, parts(&places[0]).1, "parent_span_id: 00f067aa0ba902b7"] {
        assert!(seen.contains(expected), "{expected} is missing in {seen}");
    }
}
