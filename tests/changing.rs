//! Changing jobs that wait or have failed: one of them, and many in the background.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Bulk, Error, MemoryStore, OperationStatus};
use boltjobs_core::operation::{Operations, Order};
use boltjobs_core::store::JobFilter;
use boltjobs_tests::{Bench, patiently};

const HOUR: Duration = Duration::from_secs(3_600);

/// Answers with its text in capitals; fails without one.
#[request(response = String, display = "Shout {text}", name = "shout", aliases = ["yell"])]
#[derive(Debug)]
pub struct Shout {
    text: String,
}

#[handler(retries = 0)]
async fn shout(request: Shout) -> JobResult<String> {
    if request.text.is_empty() {
        Err("there is nothing to shout".into())
    } else {
        Ok(request.text.to_uppercase())
    }
}

/// Another request.
#[request]
#[derive(Debug)]
pub struct Other;

#[handler]
async fn other(_: Other) -> JobResult {
    Ok(())
}

fn say(text: &str) -> Shout {
    Shout { text: text.to_owned() }
}

#[tokio::test]
async fn a_job_that_waits_is_changed_and_does_what_it_says_then() {
    let bench = Bench::with(|builder| builder.queues([Queue::new("default"), Queue::new("slow")])).await;
    let client = bench.client();
    let job = bench.scope(async { say("ada").schedule_in(HOUR).tag("red").await.unwrap() }).await;
    let change = client.change(job.id()).queue("slow").priority(-7).request(&say("bob"));
    assert!(change.expecting(JobState::Scheduled).await.unwrap());
    let changed = bench.job(job.id()).await;
    assert_eq!((changed.queue(), changed.priority(), changed.title()), ("slow", -7, "Shout bob"));
    assert_eq!((changed.tags(), changed.state()), (&["red".to_owned()][..], JobState::Scheduled));
    assert!(!client.change(job.id()).queue("default").expecting(JobState::Failed).await.unwrap());
    assert!(client.requeue(job.id()).await.unwrap());
    assert_eq!(patiently(job.wait()).await.unwrap(), "BOB");
    assert!(!client.change(job.id()).queue("default").await.unwrap(), "it has succeeded");
}

#[tokio::test]
async fn what_has_failed_is_mended_and_run_again() {
    let bench = Bench::start().await;
    let client = bench.client();
    let job = bench.scope(async { say("").enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap_err();
    assert!(client.change(job.id()).request(&say("now")).await.unwrap());
    assert_eq!(bench.job(job.id()).await.state(), JobState::Failed, "it waits for whoever requeues it");
    assert!(client.requeue(job.id()).await.unwrap());
    assert_eq!(patiently(job.wait()).await.unwrap(), "NOW");
    assert_eq!(bench.job(job.id()).await.attempts(), 1);
}

#[tokio::test]
async fn a_change_that_can_not_be_says_what_to_do_instead() {
    let bench = Bench::start().await;
    let client = bench.client();
    let job = bench.scope(async { say("ada").schedule_in(HOUR).await.unwrap().id() }).await;
    let wrong = client.change(job).request(&Other).await.unwrap_err().to_string();
    assert!(wrong.contains("is of request `shout`") && wrong.contains("enqueue a new one"), "{wrong}");
    assert!(matches!(client.change(job).queue("No").await, Err(Error::Name(_))));
    assert!(matches!(client.change(job).priority(101).await, Err(Error::InvalidOption(_))));
    assert_eq!(bench.job(job).await.queue(), "default");
    let unknown = boltjobs::JobId::from_u128(7);
    assert!(!client.change(unknown).request(&say("x")).await.unwrap());
}

#[tokio::test]
async fn what_one_types_finds_the_jobs_that_the_methods_find() {
    let bench = Bench::start().await;
    let client = bench.client();
    bench.scope(async { say("ada").schedule_in(HOUR).queue("slow").tag("red").await.unwrap() }).await;
    bench.scope(async { say("bob").schedule_in(HOUR).await.unwrap() }).await;
    let typed = client.jobs().matching("queue:slow tag:red ada").unwrap();
    assert_eq!(typed.count().await.unwrap(), 1);
    let both = client.jobs().queue("slow").matching("queue:default").unwrap();
    assert_eq!(both.count().await.unwrap(), 2, "it adds to what was said");
    let error = client.jobs().matching("colour:red").unwrap_err();
    assert!(matches!(error, Error::Query(_)), "{error}");
    assert!(error.to_string().starts_with("the query can't be read at character 1"), "{error}");
}

#[tokio::test]
async fn many_jobs_are_changed_in_the_background() {
    let bench = Bench::start().await;
    let client = bench.client();
    for queue in ["default", "slow"] {
        client.queue(queue).pause().await.unwrap();
    }
    let jobs = (0..1_200).map(|number| say(&number.to_string()));
    bench.scope(async { Shout::enqueue_all(jobs).await.unwrap() }).await;
    let all = || client.jobs().queue("default");

    let moved = all().limit(700).in_background(Bulk::Move("slow".into())).by("ada").await.unwrap();
    let details = patiently(moved.wait()).await.unwrap();
    assert_eq!((details.status, details.planned, details.done), (OperationStatus::Finished, 700, 700));
    assert_eq!(client.jobs().queue("slow").count().await.unwrap(), 700);

    let first = all().in_background(Bulk::Prioritize(9)).await.unwrap();
    assert_eq!(patiently(first.wait()).await.unwrap().done, 500);
    assert_eq!(all().limit(1).list().await.unwrap().jobs[0].priority(), 9);

    let deleted = all().in_background(Bulk::Delete).await.unwrap();
    assert_eq!(patiently(deleted.wait()).await.unwrap().done, 500);
    assert_eq!(client.jobs().state(JobState::Deleted).count().await.unwrap(), 500);
    assert_eq!(deleted.take_back().await.unwrap(), Some(500));
    assert_eq!(deleted.take_back().await.unwrap(), None, "once");
    assert_eq!(client.jobs().state(JobState::Enqueued).count().await.unwrap(), 1_200);

    let listed: Vec<_> = client.operations().await.unwrap().into_iter().map(|it| it.id).collect();
    assert_eq!(listed, [deleted.id(), first.id(), moved.id()]);
    let wrong = all().in_background(Bulk::Move("No".into())).await.unwrap_err();
    assert!(matches!(wrong, Error::InvalidOption(_)), "{wrong}");
    assert!(!moved.pause().unwrap() && !moved.resume().await.unwrap(), "it has come to its end");
    let unknown = client.operation(boltjobs::JobId::from_u128(7)).details().await.unwrap_err();
    assert!(matches!(unknown, Error::UnknownOperation(_)), "{unknown}");
}

#[tokio::test]
async fn a_careful_operation_stops_when_a_job_fails_again() {
    let bench = Bench::start().await;
    let client = bench.client();
    for _ in 0..3 {
        let job = bench.scope(async { say("").enqueue().await.unwrap() }).await;
        patiently(job.wait()).await.unwrap_err();
    }
    let failed = client.jobs().state(JobState::Failed);
    let operation = failed.in_background(Bulk::Requeue).careful().await.unwrap();
    let wait = operation.wait();
    tokio::pin!(wait);
    // Each look of it takes half a second of the clock.
    let details = loop {
        tokio::select! {
            details = &mut wait => break details.unwrap(),
            () = tokio::task::yield_now() => bench.clock.advance(Duration::from_secs(1)),
        }
    };
    assert!(
        matches!(&details.status, OperationStatus::Stopped(why) if why.contains("failed again")),
        "{details:?}"
    );
    assert_eq!(details.done, 1);
}

#[tokio::test]
async fn an_operation_that_a_process_has_left_open_goes_on_with_the_next_start() {
    let store = Arc::new(MemoryStore::new());
    let bench = Bench::on(Arc::clone(&store) as _, |builder| builder).await;
    bench.scope(async { say("ada").schedule_in(HOUR).await.unwrap() }).await;
    // It is stored, and nobody has worked on it when the process ends.
    let lost = Operations::new(Arc::clone(&store) as _, Arc::clone(&bench.clock) as _);
    let order = Order {
        bulk: Bulk::Move("slow".into()),
        filter: JobFilter::default(),
        careful: false,
        held: false,
        limit: None,
        actor: "ada".to_owned(),
    };
    let id = boltjobs::JobId::from_u128(7);
    drop(lost.begin(id, order).await.unwrap());
    let again = Bench::on(Arc::clone(&store) as _, |builder| builder).await;
    let operation = again.client().operation(id);
    let details = patiently(operation.wait()).await.unwrap();
    assert_eq!((details.status, details.done), (OperationStatus::Finished, 1));
    assert_eq!(again.client().jobs().queue("slow").count().await.unwrap(), 1);
}
