//! What a handler logs ends up in the log of its job, and where the program wants it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{JobDetails, LogLevel};
use boltjobs_tests::{Bench, patiently};
use tokio::sync::Barrier;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// Logs as it is told.
#[request]
#[derive(Debug, Clone)]
pub struct Say {
    what: String,
}

fn say(what: &str) -> Say {
    Say { what: what.to_owned() }
}

fn common_line() {
    tracing::info!("from everywhere");
}

/// Where two handlers meet.
pub struct Meeting(Barrier);

#[handler(retries = 1, backoff = "fixed(1s)")]
async fn speak(request: Say, ctx: JobContext, meeting: Data<Meeting>) -> JobResult {
    match request.what.as_str() {
        "levels" => {
            tracing::error!(code = 7, name = "x", "at {}", "first");
            tracing::warn!(answer = ?Some(42));
            tracing::info!(target: "elsewhere", "then");
            tracing::debug!("never");
            let _span = tracing::info_span!("inner").entered();
            tracing::info!("within");
        }
        "flood" => (0..100_000).for_each(|n| tracing::info!("line {n}")),
        "long" => tracing::info!("{}", "ä".repeat(10_000)),
        "retry" => {
            tracing::info!("attempt {}", ctx.attempt());
            if ctx.attempt() == 1 {
                return Err("once more".into());
            }
        }
        "common" => common_line(),
        "hang" => {
            tracing::info!("still here");
            ctx.cancelled().await;
        }
        who => {
            for n in 0..3 {
                meeting.0.wait().await;
                tracing::info!("{who} {n}");
            }
        }
    }
    Ok(())
}

/// The same on a thread that may block.
#[request]
#[derive(Debug)]
pub struct Block;

#[handler]
fn block(_: Block) -> JobResult {
    tracing::warn!("from a thread");
    Ok(())
}

async fn bench() -> Bench {
    Bench::with(|builder| builder.provide(Meeting(Barrier::new(2)))).await
}

/// Runs a job to its end.
async fn run(bench: &Bench, what: &str) -> JobDetails {
    let job = bench.scope(async { say(what).enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    bench.job(job.id()).await
}

fn messages(job: &JobDetails) -> Vec<&str> {
    job.log().map(|line| line.message.as_str()).collect()
}

#[tokio::test]
async fn what_a_handler_logs_is_in_the_log_of_its_job() {
    let bench = bench().await;
    let job = run(&bench, "levels").await;
    let expected = [r#"at first code=7 name="x""#, "answer=Some(42)", "then", "within"];
    assert_eq!(messages(&job), expected);
    let levels: Vec<_> = job.log().map(|line| line.level).collect();
    assert_eq!(levels, [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Info]);
    let targets: Vec<_> = job.log().map(|line| line.target.as_str()).collect();
    assert_eq!(targets, ["job_log", "job_log", "elsewhere", "job_log"]);
    assert!(job.log().all(|line| line.attempt == 1 && line.at == job.history()[0].at));

    let job = bench.scope(async { Block.enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    assert_eq!(messages(&bench.job(job.id()).await), ["from a thread"]);
    // Outside of a handler there is no job. That a line is first reached there does not matter.
    common_line();
    assert_eq!(bench.job(job.id()).await.log().count(), 1);
    assert_eq!(messages(&run(&bench, "common").await), ["from everywhere"]);
}

#[tokio::test]
async fn each_attempt_adds_to_the_log() {
    let bench = bench().await;
    let job = bench.scope(async { say("retry").enqueue().await.unwrap() }).await;
    let failed = bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!(messages(&failed), ["attempt 1"]);
    bench.clock.advance(Duration::from_secs(1));
    patiently(job.wait()).await.unwrap();
    let done = bench.job(job.id()).await;
    assert_eq!(messages(&done), ["attempt 1", "attempt 2"]);
    assert_eq!(done.log().map(|line| line.attempt).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn jobs_that_run_at_once_have_logs_of_their_own() {
    for level in [LevelFilter::INFO, LevelFilter::TRACE] {
        let bench = Bench::with(|builder| builder.log_level(level).provide(Meeting(Barrier::new(2)))).await;
        let jobs = bench.scope(async { Say::enqueue_all([say("one"), say("two")]).await.unwrap() }).await;
        for (job, who) in jobs.iter().zip(["one", "two"]) {
            patiently(job.wait()).await.unwrap();
            let details = bench.job(job.id()).await;
            let said: Vec<_> = details.log().filter(|line| line.target == "job_log").collect();
            let said: Vec<_> = said.iter().map(|line| line.message.clone()).collect();
            assert_eq!(said, (0..3).map(|n| format!("{who} {n}")).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_flood_keeps_its_beginning_and_its_end() {
    let bench = bench().await;
    let job = run(&bench, "flood").await;
    let kept = messages(&job);
    assert_eq!(kept.len(), 1_000);
    assert_eq!(
        (kept[0], kept[499], kept[500], kept[999]),
        ("line 0", "line 499", "line 99500", "line 99999")
    );
    assert_eq!(job.log().map(|line| line.skipped).sum::<u64>(), 99_000);
}

#[tokio::test]
async fn a_long_line_is_cut_between_two_characters() {
    let bench = bench().await;
    let job = run(&bench, "long").await;
    let line = messages(&job)[0];
    assert!(line.len() <= 8 << 10 && line.len() > (8 << 10) - 4, "{}", line.len());
    assert!(line.ends_with("ä…"));
}

#[tokio::test]
async fn the_log_of_a_job_is_seen_while_it_runs() {
    let bench = bench().await;
    let job = bench.scope(async { say("hang").enqueue().await.unwrap() }).await;
    bench.until(job.id(), JobState::Processing).await;
    let details = patiently(async {
        loop {
            let details = bench.job(job.id()).await;
            if details.log().next().is_some() {
                return details;
            }
            bench.clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((details.state(), messages(&details)), (JobState::Processing, vec!["still here"]));
}

#[tokio::test]
async fn the_level_of_the_logs_is_a_choice() {
    let meeting = || Meeting(Barrier::new(2));
    let bench = Bench::with(|builder| builder.log_level(Level::WARN).provide(meeting())).await;
    assert_eq!(run(&bench, "levels").await.log().count(), 2);
    let bench = Bench::with(|builder| builder.log_level(LevelFilter::OFF).provide(meeting())).await;
    assert_eq!(run(&bench, "levels").await.log().count(), 0);
    let bench = Bench::with(|builder| builder.log_level(Level::DEBUG).provide(meeting())).await;
    assert!(messages(&run(&bench, "levels").await).contains(&"never"));
}

/// Keeps the messages that it gets, with the names of the spans around them.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "job_log" {
            return;
        }
        let spans = context.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
        let spans: Vec<_> = spans.map(|span| span.name()).collect();
        self.0.lock().unwrap().push(format!("{} {}", event.metadata().level(), spans.join("/")));
    }
}

#[tokio::test]
async fn the_programs_own_subscriber_gets_what_it_wants_whatever_the_jobs_log() {
    let (all, errors) = (Seen::default(), Seen::default());
    let subscriber = Registry::default()
        .with(all.clone().with_filter(LevelFilter::DEBUG))
        .with(errors.clone().with_filter(LevelFilter::ERROR));
    let _guard = tracing::subscriber::set_default(subscriber);
    let bench = Bench::with(|builder| builder.log_level(Level::WARN).provide(Meeting(Barrier::new(2)))).await;
    let job = run(&bench, "levels").await;
    assert_eq!(job.log().count(), 2);
    // The first two are wanted by the log, too; the filter of the second layer holds for both kinds.
    assert_eq!(all.all(), ["ERROR job", "WARN job", "DEBUG job", "INFO job/inner"]);
    assert_eq!(errors.all(), ["ERROR "]);
}

#[tokio::test]
async fn a_subscriber_that_wants_less_than_the_logs_gets_no_more_and_one_that_comes_late_gets_it_all() {
    let bench = bench().await;
    assert_eq!(run(&bench, "levels").await.log().count(), 4);
    let late = Seen::default();
    let _guard =
        tracing::subscriber::set_default(Registry::default().with(late.clone()).with(LevelFilter::WARN));
    let job = run(&bench, "levels").await;
    assert_eq!(job.log().count(), 4);
    assert_eq!(late.all().len(), 2, "{:?}", late.all());
}
