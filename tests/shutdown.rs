//! How a server stops.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{MemoryStore, Store};
use boltjobs_core::store::StoreError;
use boltjobs_tests::{Bench, Flaky, patiently};
use tokio::sync::Notify;

/// Lets a test see that a handler is at work, and let it go on.
#[derive(Debug, Default)]
pub struct Doors {
    entered: Notify,
    open: Notify,
}

/// Waits for the door.
#[request]
#[derive(Debug)]
pub struct Wait {
    heed: bool,
}

#[handler(retries = 0)]
async fn wait(request: Wait, ctx: JobContext, doors: Data<Arc<Doors>>) -> JobResult {
    doors.entered.notify_one();
    tokio::select! {
        () = doors.open.notified() => Ok(()),
        () = ctx.cancelled(), if request.heed => Err(JobError::cancelled().into()),
    }
}

/// Tells on which task it runs.
#[request(response = String)]
#[derive(Debug)]
pub struct Where;

#[handler]
async fn place(_: Where) -> JobResult<String> {
    Ok(format!("{:?}", tokio::task::try_id()))
}

/// Jobs that run at once run on tasks of their own, and the next ones on the same; none of them is left behind.
#[tokio::test]
async fn tasks_run_one_job_after_the_other_and_end_with_the_server() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let bench = Bench::with(|builder| builder.workers(4).provide(Arc::new(Doors::default()))).await;
    let mut places = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let job = bench.scope(async { Where.enqueue().await.unwrap() }).await;
        places.insert(patiently(job.wait()).await.unwrap());
    }
    assert!((1..=4).contains(&places.len()), "{places:?}");
    patiently(bench.server.shutdown()).await.unwrap();
    patiently(async {
        while tasks() > before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn at_work(heed: bool) -> (Bench, JobHandle<Wait>, Arc<Doors>) {
    let doors = Arc::new(Doors::default());
    let given = Arc::clone(&doors);
    let bench = Bench::on(Arc::new(Flaky::staying_open()), |builder| {
        builder.provide(given).shutdown_timeout(Duration::from_secs(20))
    })
    .await;
    let job = bench.scope(async { Wait { heed }.enqueue().await.unwrap() }).await;
    patiently(doors.entered.notified()).await;
    (bench, job, doors)
}

#[tokio::test]
async fn shutdown_lets_running_handlers_finish_and_closes_the_store() {
    let doors = Arc::new(Doors::default());
    let given = Arc::clone(&doors);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let bench = Bench::on(Arc::clone(&store), |builder| builder.provide(given)).await;
    let job = bench.scope(async { Wait { heed: true }.enqueue().await.unwrap() }).await;
    patiently(doors.entered.notified()).await;
    let mut ended = store.watch(boltjobs_core::watch::Interest::Ended);
    let stopping = tokio::spawn(bench.server.shutdown());
    doors.open.notify_one();
    patiently(stopping).await.unwrap().unwrap();
    assert_eq!(patiently(ended.changed()).await.ended, [job.id()]);
    assert_eq!(store.counts().await.unwrap_err(), StoreError::Closed);
}

#[tokio::test]
async fn shutdown_puts_back_what_does_not_finish_in_time_with_its_attempt() {
    for heed in [true, false] {
        let (bench, job, _doors) = at_work(heed).await;
        let (store, clock) = (Arc::clone(&bench.store), Arc::clone(&bench.clock));
        let stopping = tokio::spawn(bench.server.shutdown());
        patiently(async {
            while !stopping.is_finished() {
                clock.advance(Duration::from_secs(5));
                tokio::task::yield_now().await;
            }
        })
        .await;
        stopping.await.unwrap().unwrap();
        let job = store.job(job.id()).await.unwrap().unwrap();
        assert_eq!((job.state, job.attempt), (JobState::Enqueued, 0), "heed: {heed}");
        assert_eq!(job.history.last().unwrap().reason.as_deref(), Some("the server shut down"));
    }
}

#[tokio::test]
async fn after_shutdown_nothing_is_claimed_and_enqueue_says_so() {
    let bench = Bench::with(|builder| builder.provide(Arc::new(Doors::default()))).await;
    let client = bench.client();
    bench.server.shutdown().await.unwrap();
    let refused = client.scope(async { Wait { heed: true }.enqueue().await }).await.unwrap();
    assert!(refused.unwrap_err().to_string().contains("closed"));
    let error = Wait { heed: true }.enqueue().await.unwrap_err().to_string();
    assert_eq!(
        error,
        "boltjobs is not running; call boltjobs::start() first, and keep the server that it returns until the end"
    );
}

#[tokio::test]
async fn whoever_waits_is_told_when_the_server_goes() {
    for drop_it in [true, false] {
        let bench = Bench::with(|builder| builder.provide(Arc::new(Doors::default()))).await;
        let hour = Duration::from_secs(3_600);
        let job = bench.scope(async { Wait { heed: true }.schedule_in(hour).await.unwrap() }).await;
        let waiting = tokio::spawn(async move { job.wait().await });
        tokio::task::yield_now().await;
        if drop_it {
            drop(bench);
        } else {
            bench.server.shutdown().await.unwrap();
        }
        let error = patiently(waiting).await.unwrap().unwrap_err().to_string();
        assert!(error.contains("the store is closed"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_dropped_stops_its_handlers_and_frees_its_store_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let location = format!("sled:{}", folder.path().join("jobs").display());
    for _ in 0..10 {
        let doors = Arc::new(Doors::default());
        let given = Arc::clone(&doors);
        let server = boltjobs::builder().store(location.as_str()).provide(given).start().await.unwrap();
        // The handle keeps no hold on the folder.
        let job =
            server.client().scope(async { Wait { heed: false }.enqueue().await.unwrap() }).await.unwrap();
        patiently(doors.entered.notified()).await;
        drop(server);
        patiently(async {
            // The handler held the only other pointer to the doors, apart from the server.
            while Arc::strong_count(&doors) > 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        drop(job);
    }
}

#[tokio::test]
async fn a_second_server_on_a_folder_is_told_who_has_it_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let location = format!("sled:{}", folder.path().join("jobs").display());
    let doors = Arc::new(Doors::default());
    let start = || boltjobs::builder().store(location.as_str()).provide(Arc::clone(&doors)).start();
    let first = start().await.unwrap();
    let error = start().await.unwrap_err().to_string();
    assert!(error.contains("jobs` is in use"), "{error}");
    first.shutdown().await.unwrap();
    start().await.unwrap().shutdown().await.unwrap();
}

#[tokio::test]
async fn a_store_that_fails_for_good_does_not_hold_up_the_shutdown() {
    for break_down in [|store: &Flaky| store.fail(u32::MAX), Flaky::stall] {
        shut_down_without(break_down).await;
    }
}

/// Shuts down while a handler has ended and the store fails.
async fn shut_down_without(break_down: impl Fn(&Flaky)) {
    let doors = Arc::new(Doors::default());
    let (given, store) = (Arc::clone(&doors), Arc::new(Flaky::staying_open()));
    let bench = Bench::on(Arc::clone(&store) as Arc<dyn Store>, |builder| builder.provide(given)).await;
    let job = bench.scope(async { Wait { heed: true }.enqueue().await.unwrap() }).await;
    patiently(doors.entered.notified()).await;
    break_down(&store);
    doors.open.notify_one();
    // Another one is claimed, or the claim has no answer.
    bench.scope(async { Wait { heed: true }.enqueue().await.unwrap() }).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let clock = Arc::clone(&bench.clock);
    let stopping = tokio::spawn(bench.server.shutdown());
    patiently(async {
        while !stopping.is_finished() {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    })
    .await;
    stopping.await.unwrap().unwrap();
    // Its outcome is lost with the store, so it will be run again.
    assert_eq!(store.job(job.id()).await.unwrap().unwrap().state, JobState::Processing);
}
