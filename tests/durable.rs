//! What a server leaves behind when it is shut down, the next one finds.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Client, JobDetails, RecurringDetails, Server, Stats};
use boltjobs_tests::{Child, ManualClock, patiently, role, say};
use tempfile::tempdir;

const HOUR: Duration = Duration::from_secs(3_600);

/// The order in which the handlers of one test ran.
type Order = Arc<Mutex<Vec<String>>>;

/// Fails if its name says so.
#[request(response = usize, tags = ["named"])]
#[derive(Debug)]
pub struct Named {
    #[request(sensitive)]
    name: String,
}

#[handler(retries = 1, backoff = "fixed(2h)")]
async fn named(request: Named, order: Data<Order>) -> JobResult<usize> {
    if request.name.starts_with("bad") {
        return Err("a bad name".into());
    }
    let length = request.name.len();
    order.lock().unwrap().push(request.name);
    Ok(length)
}

fn by_name(name: &str) -> Named {
    Named { name: name.to_owned() }
}

/// Starts on a folder, with one worker so that jobs run one after the other, or with none.
async fn start(folder: &Path, workers: usize, clock: &Arc<ManualClock>, order: &Order) -> Server {
    let builder = boltjobs::builder().store(format!("sled:{}", folder.display())).workers(workers);
    builder.provide(Arc::clone(order)).clock(Arc::clone(clock) as _).start().await.unwrap()
}

/// All that a client can see.
async fn all(client: &Client) -> (Vec<JobDetails>, Vec<RecurringDetails>, Stats) {
    let jobs = client.jobs().limit(1_000).list().await.unwrap().jobs;
    (jobs, client.recurring_jobs().await.unwrap(), client.stats().await.unwrap())
}

/// Leaves a job in every state behind, and definitions that count, wait and were moved.
async fn fill(client: &Client, clock: &ManualClock) {
    let good = by_name("done").enqueue().meta("from", "here").await.unwrap();
    assert_eq!(patiently(good.wait()).await.unwrap(), 4);
    patiently(by_name("bad").enqueue().retries(0).await.unwrap().wait()).await.unwrap_err();
    let retried = by_name("bad once").enqueue().await.unwrap();
    patiently(async {
        while retried.state().await.unwrap() != JobState::Scheduled {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let deleted = by_name("gone").schedule_in(HOUR).await.unwrap();
    assert!(client.delete(deleted.id()).because("not wanted").await.unwrap());
    by_name("later").schedule_in(HOUR * 3).queue("mail").await.unwrap();

    by_name("tick").recurring("hourly", Cron::hourly()).await.unwrap();
    let paused =
        by_name("pause").recurring("paused", Cron::hourly()).timezone("Europe/Berlin").await.unwrap();
    assert!(paused.pause().await.unwrap());
    clock.advance(Duration::from_secs(90));
    by_name("tick").recurring("changed", "*/10 * * * *").misfire(Misfire::Skip).priority(3).await.unwrap();
}

#[tokio::test]
async fn a_restart_keeps_jobs_queues_history_and_definitions_as_they_were() {
    let (folder, clock, order) = (tempdir().unwrap(), Arc::new(ManualClock::default()), Order::default());
    let server = start(folder.path(), 1, &clock, &order).await;
    server.client().scope(fill(&server.client(), &clock)).await.unwrap();
    server.shutdown().await.unwrap();

    // Nobody works now, so that the queue is kept, too.
    let server = start(folder.path(), 0, &clock, &order).await;
    let enqueue = async {
        for (name, priority) in [("second", 0), ("third", 0), ("first", 5), ("last", -5)] {
            by_name(name).enqueue().priority(priority).await.unwrap();
        }
    };
    server.client().scope(enqueue).await.unwrap();
    let before = all(&server.client()).await;
    assert_eq!((before.0.len(), before.1.len()), (9, 3));
    server.shutdown().await.unwrap();
    for _ in 0..2 {
        let server = start(folder.path(), 0, &clock, &order).await;
        assert_eq!(all(&server.client()).await, before);
        // To say again what is there moves nothing.
        let again = async { by_name("tick").recurring("hourly", Cron::hourly()).await.unwrap() };
        server.client().scope(again).await.unwrap();
        assert_eq!(all(&server.client()).await, before);
        server.shutdown().await.unwrap();
    }

    order.lock().unwrap().clear();
    let server = start(folder.path(), 1, &clock, &order).await;
    until_succeeded(&server.client(), 5).await;
    assert_eq!(*order.lock().unwrap(), ["first", "second", "third", "last"]);
    // Each definition fires at the instants at which it would have fired without the restarts.
    for (ticks, seconds) in (1..).zip([510, 600, 600, 600, 600, 600]) {
        clock.advance(Duration::from_secs(seconds));
        until_succeeded(&server.client(), 5 + ticks).await;
    }
    until_succeeded(&server.client(), 5 + 6 + 1).await;
    assert_eq!(order.lock().unwrap()[4..], ["tick"; 7]);
    clock.advance(HOUR * 2);
    patiently(async {
        while !order.lock().unwrap().contains(&"later".to_owned()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.shutdown().await.unwrap();
}

async fn until_succeeded(client: &Client, jobs: u64) {
    patiently(async {
        while client.stats().await.unwrap().succeeded < jobs {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_enqueued_eventually_is_all_there_after_a_shutdown() {
    let (folder, clock, order) = (tempdir().unwrap(), Arc::new(ManualClock::default()), Order::default());
    for round in 1..=5 {
        let store = format!("sled:{}", folder.path().display());
        let builder = boltjobs::builder().store(store).workers(0).durability(Durability::Eventual);
        let server = builder.provide(Arc::clone(&order)).start().await.unwrap();
        let enqueue = async {
            for _ in 0..20 {
                by_name("one").enqueue().await.unwrap();
                Named::enqueue_all((0..4).map(|_| by_name("many"))).await.unwrap();
            }
        };
        server.client().scope(enqueue).await.unwrap();
        server.shutdown().await.unwrap();
        let server = start(folder.path(), 0, &clock, &order).await;
        assert_eq!(server.client().stats().await.unwrap().enqueued, 100 * round);
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn the_environment_says_where_the_store_is_and_how_it_is_worked() {
    let test = "the_environment_says_where_the_store_is_and_how_it_is_worked";
    if let Some(role) = role() {
        return obey(&role).await;
    }
    let (folder, clock, order) = (tempdir().unwrap(), Arc::new(ManualClock::default()), Order::default());
    // Without a word it is below the working directory; what a variable says wins, and what the code says wins over it.
    for (role, place, set) in [
        ("unset", "boltjobs-data", None),
        ("set", "elsewhere", Some("sled:elsewhere")),
        ("empty", "boltjobs-data", Some("")),
        ("overruled", "chosen", Some("sled:unwanted")),
    ] {
        let folder = tempdir().unwrap();
        let mut child = Child::of(test, role, |command| {
            command.current_dir(folder.path()).env("BOLTJOBS_QUEUES", "mail").env_remove("BOLTJOBS_WORKERS");
            match set {
                Some(store) => command.env("BOLTJOBS_STORE", store),
                None => command.env_remove("BOLTJOBS_STORE"),
            }
        });
        child.expect("worked");
        child.finish();
        let made: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(made, [place], "{role}");
        let server = start(&folder.path().join(place), 0, &clock, &order).await;
        let stats = server.client().stats().await.unwrap();
        assert_eq!((stats.queues["mail"].succeeded, stats.queues["default"].enqueued), (1, 1), "{role}");
        server.shutdown().await.unwrap();
    }
    let mut child = Child::of(test, "refused", |command| {
        command.current_dir(folder.path()).env("BOLTJOBS_STORE", "tape:1").env("BOLTJOBS_WORKERS", "many")
    });
    child.expect("refused");
    child.finish();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a start that is refused makes nothing");
}

/// Starts as the environment says, and works one of two jobs.
async fn obey(role: &str) {
    let builder = boltjobs::builder().provide(Order::default());
    let builder = if role == "overruled" { builder.store("sled:chosen") } else { builder };
    if role == "refused" {
        let error = builder.start().await.unwrap_err().to_string();
        assert!(error.contains("BOLTJOBS_WORKERS: `many`"), "{error}");
        let error =
            boltjobs::builder().provide(Order::default()).workers(1).start().await.unwrap_err().to_string();
        assert!(
            error.contains("can't open the store `tape:1`") && error.contains("use `sled:<folder>`"),
            "{error}"
        );
        return say("refused");
    }
    let server = builder.start().await.unwrap();
    by_name("stays").enqueue().await.unwrap();
    patiently(by_name("runs").enqueue().queue("mail").await.unwrap().wait()).await.unwrap();
    say("worked");
    server.shutdown().await.unwrap();
}
