//! What the recorder of a program is told.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::Store;
use boltjobs::prelude::*;
use boltjobs_core::job::JobSpec;
use boltjobs_core::recurring::Definition;
use boltjobs_sled::SledOptions;
use boltjobs_tests::{Bench, Flaky, Metrics, Recorder, patiently};
use tempfile::tempdir;
use tokio::sync::Notify;

const PAGE: &str = include_str!("../docs/metrics.md");

/// How often the gauges are told.
const TICK: Duration = Duration::from_secs(10);

/// Lets a test see that a handler is at work, and lets it and the observer go on.
#[derive(Debug, Clone, Default)]
pub struct Doors {
    entered: Arc<Notify>,
    open: Arc<Notify>,
    observe: Arc<Notify>,
}

/// Does as it is told.
#[request(name = "play")]
#[derive(Debug)]
pub struct Play(String);

#[handler(retries = 0, backoff = "fixed(1s)")]
async fn play(Play(what): Play, ctx: JobContext, doors: Data<Doors>) -> JobResult {
    match &*what {
        "snooze" => return Err(JobError::snooze(Duration::from_secs(3_600)).into()),
        "fail" => return Err("no luck".into()),
        "fail at first" if ctx.attempt() == 1 => return Err("no luck".into()),
        "wait" => doors.entered.notify_one(),
        _ => return Ok(()),
    }
    tokio::select! {
        () = doors.open.notified() => Ok(()),
        () = ctx.cancelled() => Err(JobError::cancelled().into()),
    }
}

/// Fails, and is deleted for it.
#[request(name = "forget")]
#[derive(Debug)]
pub struct Forget;

#[handler(retries = 0, on_exhausted = "delete")]
async fn forget(_: Forget) -> JobResult {
    Err("no luck".into())
}

/// Has an observer that waits.
#[request(name = "flood")]
#[derive(Debug)]
pub struct Flood;

#[observer(only = [Flood])]
async fn slow(_: Transition, doors: Data<Doors>) {
    doors.observe.notified().await;
}

fn tell(what: &str) -> boltjobs::Enqueue<Play> {
    Play(what.to_owned()).enqueue()
}

async fn bench(settings: impl FnOnce(boltjobs::Builder) -> boltjobs::Builder) -> (Bench, Doors) {
    let doors = Doors::default();
    let given = doors.clone();
    (Bench::with(|builder| settings(builder.provide(given).workers(1))).await, doors)
}

/// Waits until a series has a value; `step` is what makes it come.
async fn until(recorder: &Recorder, series: &str, expected: f64, step: impl Fn()) {
    let come = async {
        while recorder.value(series) != expected {
            step();
            tokio::task::yield_now().await;
        }
    };
    let came = tokio::time::timeout(Duration::from_secs(60), come).await;
    assert!(came.is_ok(), "`{series}` is {}, and not {expected}", recorder.value(series));
}

fn nothing() {}

/// Waits until so many attempts at [`Play`] have ended in a way.
async fn ended(recorder: &Recorder, outcome: &str, count: f64) {
    let series = format!("boltjobs_attempts_ended_total outcome={outcome} queue=default request=play");
    until(recorder, &series, count, nothing).await;
}

async fn attempts(recorder: &Recorder) {
    let (bench, doors) = bench(|builder| builder).await;
    let entered = || patiently(doors.entered.notified());
    bench
        .scope(async {
            tell("well").await.unwrap();
            ended(recorder, "succeeded", 1.0).await;
            tell("fail").await.unwrap();
            ended(recorder, "failed", 1.0).await;
            tell("fail at first").retries(1).await.unwrap();
            ended(recorder, "retried", 1.0).await;
            bench.clock.advance(Duration::from_secs(1));
            ended(recorder, "succeeded", 2.0).await;
            assert!(!tell("snooze").unique("nap").await.unwrap().is_duplicate());
            assert!(tell("snooze").unique("nap").await.unwrap().is_duplicate());
            ended(recorder, "snoozed", 1.0).await;
            let stopped = tell("wait").await.unwrap();
            entered().await;
            stopped.delete().await.unwrap();
            ended(recorder, "cancelled", 1.0).await;
            tell("wait").await.unwrap();
            entered().await;
            // Somebody else takes it back, as if this server had been silent for long.
            bench.store.reap(5, bench.clock_now().plus(Duration::from_secs(100))).await.unwrap();
            doors.open.notify_one();
            ended(recorder, "lease_lost", 1.0).await;
            entered().await;
            doors.open.notify_one();
            ended(recorder, "succeeded", 3.0).await;
            Forget.enqueue().await.unwrap();
            let deleted = "boltjobs_attempts_ended_total outcome=deleted queue=default request=forget";
            until(recorder, deleted, 1.0, nothing).await;
            tell("wait").await.unwrap();
            entered().await;
        })
        .await;
    let (clock, shutdown) = (Arc::clone(&bench.clock), tokio::spawn(bench.server.shutdown()));
    while !shutdown.is_finished() {
        clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    ended(recorder, "released", 1.0).await;
    let counted = |name: &str| recorder.value(&format!("{name} queue=default request=play"));
    assert_eq!(counted("boltjobs_jobs_enqueued_total"), 7.0);
    assert_eq!(counted("boltjobs_attempts_started_total"), 9.0);
    let measured = |name: &str| recorder.all(&format!("{name} queue=default request=play")).len();
    assert_eq!((measured("boltjobs_wait_seconds"), measured("boltjobs_run_seconds")), (9, 9));
}

#[tokio::test]
async fn each_attempt_is_counted_by_what_became_of_it() {
    attempts(&Recorder::take().await).await;
}

#[tokio::test]
async fn how_long_a_job_waited_and_how_long_it_ran_are_measured() {
    let recorder = Recorder::take().await;
    let (bench, doors) = bench(|builder| builder).await;
    let queue = bench.client().queue("slow");
    queue.pause().await.unwrap();
    let job = bench.scope(async { tell("wait").queue("slow").await.unwrap() }).await;
    bench.clock.advance(Duration::from_secs(5));
    queue.resume().await.unwrap();
    patiently(doors.entered.notified()).await;
    bench.clock.advance(Duration::from_millis(2_500));
    doors.open.notify_one();
    patiently(job.wait()).await.unwrap();
    let ended = "boltjobs_attempts_ended_total outcome=succeeded queue=slow request=play";
    until(&recorder, ended, 1.0, nothing).await;
    assert_eq!(recorder.all("boltjobs_wait_seconds queue=slow request=play"), [5.0]);
    assert_eq!(recorder.all("boltjobs_run_seconds queue=slow request=play"), [2.5]);
}

#[tokio::test]
async fn a_recorder_that_comes_late_is_told_from_then_on() {
    let (bench, _) = bench(|builder| builder).await;
    let work = || async {
        let job = bench.scope(async { tell("well").queue("early").await.unwrap() }).await;
        patiently(job.wait()).await.unwrap();
    };
    work().await;
    let recorder = Recorder::take().await;
    work().await;
    let ended = "boltjobs_attempts_ended_total outcome=succeeded queue=early request=play";
    until(&recorder, ended, 1.0, nothing).await;
    assert_eq!(recorder.value("boltjobs_jobs_enqueued_total queue=early request=play"), 1.0);
}

#[tokio::test]
async fn the_jobs_of_one_write_are_counted_by_their_own_queues() {
    let recorder = Recorder::take().await;
    let (bench, _) = bench(|builder| builder.workers(0)).await;
    let batch = Batch::new("mixed")
        .extend([Play("well".into()), Play("well".into())])
        .push_job(tell("well").queue("other"))
        .push(Play("well".into()));
    bench.scope(async { batch.submit().await.unwrap() }).await;
    assert_eq!(recorder.value("boltjobs_jobs_enqueued_total queue=default request=play"), 3.0);
    assert_eq!(recorder.value("boltjobs_jobs_enqueued_total queue=other request=play"), 1.0);
    assert!(recorder.all("boltjobs_attempts_started_total queue=default request=play").is_empty());
}

async fn gauges(recorder: &Recorder) {
    let (bench, doors) = bench(|builder| builder.queues(["default"])).await;
    let tick = || bench.clock.advance(TICK);
    let zone = serde_json::from_str("\"Mars/Olympus\"").unwrap();
    let report = Definition::new("report", cron!("0 3 * * *"), JobSpec::new("play", *b"\"well\""));
    let broken = Definition { zone, ..report };
    bench.store.put_recurring(broken, bench.clock_now()).await.unwrap();
    bench
        .scope(async {
            tell("wait").await.unwrap();
            patiently(doors.entered.notified()).await;
            for _ in 0..2 {
                tell("well").queue("told").await.unwrap();
            }
            Play("well".into()).schedule_in(30 * 24 * 360 * TICK).queue("told").await.unwrap();
        })
        .await;
    let (began, jobs) = (bench.clock_now(), "boltjobs_queue_jobs queue=told state");
    until(recorder, &format!("{jobs}=enqueued"), 2.0, tick).await;
    until(recorder, "boltjobs_recurring_errors", 1.0, tick).await;
    assert_eq!(recorder.value(&format!("{jobs}=scheduled")), 1.0);
    assert_eq!(recorder.value(&format!("{jobs}=succeeded")), 0.0);
    let before = recorder.value("boltjobs_queue_oldest_wait_seconds queue=told");
    let oldest = |recorder: &Recorder| recorder.value("boltjobs_queue_oldest_wait_seconds queue=told");
    patiently(async {
        while oldest(recorder) <= before {
            tick();
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (oldest, passed) = (oldest(recorder), bench.clock_now().since(began).as_secs_f64());
    assert!(oldest % TICK.as_secs_f64() == 0.0 && oldest <= passed, "{oldest} of {passed}");
    let server = bench.server.name().to_owned();
    let (running, slots) =
        (format!("boltjobs_handlers_running server={server}"), format!("boltjobs_slots server={server}"));
    until(recorder, &running, 1.0, tick).await;
    assert_eq!(recorder.value(&slots), 1.0);
    // The queue is gone once its jobs are.
    bench.client().jobs().queue("told").delete_all().await.unwrap();
    until(recorder, &format!("{jobs}=deleted"), 3.0, tick).await;
    until(recorder, "boltjobs_queue_oldest_wait_seconds queue=told", 0.0, tick).await;
    bench.clock.advance(Duration::from_secs(2 * 24 * 3_600));
    until(recorder, &format!("{jobs}=deleted"), 0.0, tick).await;
    doors.open.notify_one();
    patiently(bench.server.shutdown()).await.unwrap();
    assert_eq!((recorder.value(&running), recorder.value(&slots)), (0.0, 0.0));
}

#[tokio::test]
async fn queues_and_slots_are_told_every_ten_seconds() {
    gauges(&Recorder::take().await).await;
}

fn exact(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// Compares what was told with what the store says of itself.
fn told_as(recorder: &Recorder, stats: boltjobs_sled::Stats) {
    for (name, value) in [
        ("groups_total", stats.groups),
        ("chunks_compacted_total", stats.dropped),
        ("journal_bytes", stats.journal_bytes),
        ("live_bytes", stats.live_bytes),
    ] {
        assert_eq!(recorder.value(&format!("boltjobs_store_{name}")), exact(value), "{name}: {stats:?}");
    }
    for name in ["group_entries", "group_bytes", "sync_seconds"] {
        let all = recorder.all(&format!("boltjobs_store_{name}"));
        assert_eq!(all.len() as u64, stats.groups, "{name}");
        assert!(all.iter().all(|value| *value > 0.0 || name == "group_entries"), "{name}");
    }
}

async fn sled(recorder: &Recorder) {
    let folder = tempdir().unwrap();
    let options = SledOptions::new().segment_size(64 << 10).compaction_floor(64 << 10);
    let store = Arc::new(options.open(folder.path()).unwrap());
    let given: Arc<dyn Store> = Arc::clone(&store) as _;
    let bench = Bench::on(given, |builder| builder.provide(Doors::default()).workers(0)).await;
    bench.scope(async { Play::enqueue_all((0..50).map(|_| Play("well".into()))).await.unwrap() }).await;
    let stats = store.stats();
    told_as(recorder, stats);
    assert!(stats.live_bytes > 50 * 50, "{stats:?}");
    assert!(recorder.all("boltjobs_store_group_entries").contains(&50.0));
    // Nothing was compacted, so each byte that was written is still there.
    let written: f64 = recorder.all("boltjobs_store_group_bytes").iter().sum();
    assert_eq!((stats.dropped, written), (0, exact(stats.journal_bytes)));
    for round in 0..100_u8 {
        let spec = JobSpec::new("play", vec![round; 2_000]);
        let definition = Definition::new("report", cron!("0 3 * * *"), spec);
        bench.store.put_recurring(definition, bench.clock_now()).await.unwrap();
    }
    patiently(bench.server.shutdown()).await.unwrap();
    told_as(recorder, store.stats());
    assert!(store.stats().dropped > 0, "{:?}", store.stats());
}

#[tokio::test]
async fn the_store_tells_of_each_group_what_its_stats_say() {
    sled(&Recorder::take().await).await;
}

async fn store_errors(recorder: &Recorder) {
    let store = Arc::new(Flaky::default());
    let bench = Bench::on(Arc::clone(&store) as _, |builder| builder.provide(Doors::default())).await;
    store.fail(3);
    let job = bench.scope(async { tell("well").await.unwrap() }).await;
    patiently(async {
        while !job.state().await.unwrap().is_final() {
            bench.clock.advance(Duration::from_millis(50));
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(recorder.value("boltjobs_store_errors_total"), 3.0);
    // A refusal is an answer, and no failure.
    let nobody = boltjobs::JobId::from_parts(bench.clock_now(), 1);
    bench.scope(async { tell("well").after(nobody).await.unwrap_err() }).await;
    assert_eq!(recorder.value("boltjobs_store_errors_total"), 3.0);
}

#[tokio::test]
async fn each_call_of_the_store_that_fails_is_counted() {
    store_errors(&Recorder::take().await).await;
}

async fn dropped_events(recorder: &Recorder) {
    let (bench, _) = bench(|builder| builder.workers(0)).await;
    bench.scope(async { Flood::enqueue_all((0..10_500).map(|_| Flood)).await.unwrap() }).await;
    let dropped = "boltjobs_observer_events_dropped_total";
    let done = || recorder.value(dropped) >= 499.0;
    patiently(async {
        while !done() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // One may be with the observer.
    assert!(recorder.value(dropped) <= 500.0);
}

#[tokio::test]
async fn each_event_that_an_observer_misses_is_counted() {
    dropped_events(&Recorder::take().await).await;
}

/// The table of the page: a kind and a column for each name.
fn table(column: usize) -> Metrics {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `boltjobs_"));
    let row = |row: &str| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let kind = ["counter", "gauge", "histogram"].into_iter().find(|kind| *kind == cells[1]);
        let name = format!("boltjobs_{}", cells[0].trim_end_matches('`'));
        (name, (kind.expect("a kind"), cells[column].replace('`', "")))
    };
    rows.map(row).collect()
}

#[tokio::test]
async fn the_page_lists_each_metric_with_its_labels_and_unit() {
    let recorder = Recorder::take().await;
    attempts(&recorder).await;
    gauges(&recorder).await;
    sled(&recorder).await;
    store_errors(&recorder).await;
    dropped_events(&recorder).await;
    assert_eq!(recorder.emitted(), table(2), "labels");
    assert_eq!(recorder.described(), table(3), "units");
}
