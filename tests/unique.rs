//! Keys that one job holds at a time, and jobs that are not worth starting late.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Builder, Server};
use boltjobs_tests::{Bench, ManualClock, patiently};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Returns its number.
#[request(response = u64, display = "Invoice {number}")]
#[derive(Debug)]
pub struct Invoice {
    number: u64,
}

#[handler(retries = 1, backoff = "fixed(2h)")]
async fn invoice(request: Invoice) -> JobResult<u64> {
    if request.number == 13 { Err("no luck".into()) } else { Ok(request.number) }
}

fn number(number: u64) -> Invoice {
    Invoice { number }
}

/// Enqueues a thousand jobs with one key from as many tasks, and checks that there is one.
async fn race(server: &Server) {
    let racers: Vec<_> = (0..1_000)
        .map(|n| {
            let client = server.client();
            tokio::spawn(async move {
                let enqueued = client.scope(async { number(n).schedule_in(HOUR).unique("one").await });
                let handle = enqueued.await.expect("it was started").expect("it is enqueued");
                (handle.id(), handle.is_duplicate())
            })
        })
        .collect();
    let (mut ids, mut new) = (HashSet::new(), 0);
    for racer in racers {
        let (id, duplicate) = patiently(racer).await.expect("it raced");
        ids.insert(id);
        new += u32::from(!duplicate);
    }
    assert_eq!((ids.len(), new), (1, 1));
    assert_eq!(server.client().stats().await.expect("the store counts").scheduled, 1);
}

async fn start(builder: Builder) -> Server {
    let clock = Arc::new(ManualClock::default());
    builder.clock(clock).start().await.expect("the server starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_racing_jobs_with_one_key_one_is_enqueued() {
    let server = start(boltjobs::builder().store("memory")).await;
    race(&server).await;
    server.shutdown().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_racing_jobs_with_one_key_one_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sled:{}", folder.path().display());
    let server = start(boltjobs::builder().store(store.as_str())).await;
    race(&server).await;
    server.shutdown().await.expect("it stops");
    // The key is held over a restart, too.
    let server = start(boltjobs::builder().store(store.as_str())).await;
    let again = server.client().scope(async { number(1).enqueue().unique("one").await }).await;
    assert!(again.expect("it was started").expect("it is enqueued").is_duplicate());
    server.shutdown().await.expect("it stops");
}

#[tokio::test]
async fn a_key_is_free_again_once_its_job_has_ended() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let first = number(1).schedule_in(MINUTE).unique("a").await.unwrap();
            let again = number(2).enqueue().unique("a").await.unwrap();
            assert!(!first.is_duplicate() && again.is_duplicate());
            assert_eq!(again.id(), first.id());
            assert_eq!(bench.job(first.id()).await.unique_key(), Some("a"));
            assert!(!number(2).schedule_in(MINUTE).unique("b").await.unwrap().is_duplicate());
            bench.clock.advance(MINUTE);
            assert_eq!(patiently(again.wait()).await.unwrap(), 1, "its request is that of the first one");
            assert!(!number(3).enqueue().unique("a").await.unwrap().is_duplicate());
        })
        .await;
}

#[tokio::test]
async fn a_key_that_is_held_for_a_time_outlives_its_job() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let hourly = || Unique::key("digest").within(HOUR);
            let first = number(1).enqueue().unique(hourly()).await.unwrap();
            patiently(first.wait()).await.unwrap();
            bench.clock.advance(HOUR - MINUTE);
            let early = number(2).enqueue().unique(hourly()).await.unwrap();
            assert_eq!((early.id(), early.is_duplicate()), (first.id(), true));
            bench.clock.advance(MINUTE);
            assert!(!number(2).enqueue().unique(hourly()).await.unwrap().is_duplicate());
        })
        .await;
}

#[tokio::test]
async fn the_latest_of_several_wins_if_it_replaces() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let latest = || Unique::key("save").on_conflict(OnConflict::Replace);
            let first = number(1).schedule_in(MINUTE).tag("kept").unique(latest()).await.unwrap();
            bench.clock.advance(MINUTE / 2);
            let second = number(2).schedule_in(MINUTE).unique(latest()).await.unwrap();
            assert_eq!(second.id(), first.id());
            let job = bench.job(first.id()).await;
            assert_eq!(
                (job.title(), job.tags(), job.state()),
                ("Invoice 2", &["kept".to_owned()][..], JobState::Scheduled)
            );
            bench.clock.advance(MINUTE);
            assert_eq!(patiently(first.wait()).await.unwrap(), 2);
            let reasons: Vec<_> =
                bench.job(first.id()).await.history().iter().filter_map(|row| row.reason.clone()).collect();
            assert_eq!(*reasons[0], *"replaced by a job with its unique key");

            let moved = Unique::key("save").on_conflict(OnConflict::Reschedule);
            let third = number(3).schedule_in(HOUR).unique("save").await.unwrap();
            assert_eq!(number(4).enqueue().unique(moved).await.unwrap().id(), third.id());
            assert_eq!(patiently(third.wait()).await.unwrap(), 3);
        })
        .await;
}

#[tokio::test]
async fn a_requeue_says_no_while_another_job_holds_the_key() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            let failed = number(13).enqueue().retries(0).unique("a").await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            let holder = number(1).schedule_in(HOUR).unique("a").await.unwrap();
            assert!(!failed.requeue().await.unwrap());
            assert!(holder.delete().await.unwrap());
            assert!(failed.requeue().await.unwrap());
        })
        .await;
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_an_error_that_says_so() {
    let bench = Bench::start().await;
    let fault = async |unique: Unique| {
        bench.scope(async { number(1).enqueue().unique(unique).await.unwrap_err().to_string() }).await
    };
    assert!(fault("".into()).await.contains("a unique key can't be empty"));
    assert!(fault("k".repeat(513).into()).await.contains("513 bytes"));
    assert!(fault(Unique::key("k").within(Duration::ZERO)).await.contains("give `within` a span"));
    assert!(fault(Unique::key("k").states([])).await.contains("`k` is never held"));
    let never =
        bench.scope(async { number(1).enqueue().expires_in(Duration::ZERO).await.unwrap_err() }).await;
    assert!(never.to_string().contains("could never start"), "{never}");
    assert_eq!(bench.client().stats().await.unwrap(), boltjobs::Stats::default());
}

#[tokio::test]
async fn a_job_that_nobody_starts_in_time_is_deleted_with_the_reason() {
    let bench = Bench::with(|builder| builder.workers(0)).await;
    let [waiting, scheduled] = bench
        .scope(async {
            let waiting = number(1).enqueue().expires_in(HOUR).await.unwrap();
            [waiting, number(2).schedule_in(HOUR * 2).expires_in(HOUR).await.unwrap()]
        })
        .await;
    let expires = bench.job(waiting.id()).await.expires_at().unwrap();
    assert_eq!(expires.timestamp(), 1_767_225_600 + 3_600);
    bench.clock.advance(HOUR - Duration::from_micros(1));
    assert_eq!(waiting.state().await.unwrap(), JobState::Enqueued);
    // Nothing but its time wakes whoever deletes it.
    bench.clock.advance(Duration::from_micros(1));
    for job in [waiting, scheduled] {
        let error = patiently(job.wait()).await.unwrap_err().to_string();
        assert!(error.ends_with("ended in Deleted: expired: it had not started within 1h"), "{error}");
    }
}

#[tokio::test]
async fn a_job_that_was_started_in_time_is_retried_after_it() {
    let bench = Bench::start().await;
    let job = bench.scope(async { number(13).enqueue().expires_in(HOUR).await.unwrap() }).await;
    let waits = bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!(waits.expires_at(), None);
    let failed = bench.advance_until(HOUR * 2, job.id(), JobState::Failed).await;
    assert_eq!(failed.attempts(), 2);
}

#[tokio::test]
async fn a_job_of_a_definition_expires_from_the_moment_of_firing() {
    let bench = Bench::with(|builder| builder.workers(0)).await;
    let client = bench.client();
    bench
        .scope(async { number(1).recurring("often", "@every 1h").expires_in(MINUTE * 10).await.unwrap() })
        .await;
    bench.clock.advance(HOUR);
    let fired = patiently(async {
        loop {
            let page = client.jobs().list().await.unwrap();
            if let Some(job) = page.jobs.first() {
                return job.id();
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let expires = bench.job(fired).await.expires_at().unwrap();
    assert_eq!(expires.timestamp(), 1_767_225_600 + 3_600 + 600);
    bench.advance_until(MINUTE * 10, fired, JobState::Deleted).await;
}
