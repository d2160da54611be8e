//! Jobs that wait for a time, and definitions that fire at one.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::Store;
use boltjobs::prelude::*;
use boltjobs_core::clock::Clock;
use boltjobs_core::job::JobSpec;
use boltjobs_core::recurring::Definition;
use boltjobs_tests::{Bench, Flaky, patiently};

const HOUR: Duration = Duration::from_secs(3_600);

/// Returns the instant that its job stands for.
#[request(response = Option<i64>)]
#[derive(Debug, Clone)]
pub struct Tick;

#[handler]
async fn tick(_: Tick, ctx: JobContext) -> JobResult<Option<i64>> {
    assert!(ctx.recurring_id().is_none_or(|id| id.starts_with("tick")));
    Ok(ctx.scheduled_for().map(|at| at.timestamp()))
}

async fn settled(bench: &Bench, jobs: u64) {
    patiently(async {
        while bench.client().stats().await.unwrap().succeeded < jobs {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(bench.client().stats().await.unwrap().succeeded, jobs);
}

#[tokio::test]
async fn a_scheduled_job_starts_at_its_time_and_not_a_microsecond_before() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Tick.schedule_in(HOUR).await.unwrap() }).await;
    let marker =
        bench.scope(async { Tick.schedule_in(HOUR - Duration::from_micros(1)).await.unwrap() }).await;
    bench.clock.advance(HOUR - Duration::from_micros(1));
    // The scheduler has been at work for this instant once the other job has run.
    patiently(marker.wait()).await.unwrap();
    assert_eq!(job.state().await.unwrap(), JobState::Scheduled);
    bench.clock.advance(Duration::from_micros(1));
    patiently(job.wait()).await.unwrap();
}

#[tokio::test]
async fn an_earlier_job_that_comes_later_is_not_overslept() {
    let bench = Bench::start().await;
    let late = bench.scope(async { Tick.schedule_in(HOUR * 2).await.unwrap() }).await;
    let early = bench.scope(async { Tick.schedule_in(HOUR).await.unwrap() }).await;
    bench.clock.advance(HOUR);
    patiently(early.wait()).await.unwrap();
    assert_eq!(late.state().await.unwrap(), JobState::Scheduled);
}

#[tokio::test]
async fn a_job_that_comes_due_is_in_the_queue_that_it_was_given() {
    let bench = Bench::with(|builder| builder.queues(["mail"])).await;
    let elsewhere = bench.scope(async { Tick.schedule_in(HOUR).await.unwrap() }).await;
    let mail = bench.scope(async { Tick.schedule_in(HOUR).queue("mail").await.unwrap() }).await;
    bench.clock.advance(HOUR);
    patiently(mail.wait()).await.unwrap();
    bench.until(elsewhere.id(), JobState::Enqueued).await;
    assert_eq!(bench.job(elsewhere.id()).await.queue(), "default");
}

#[tokio::test]
async fn what_is_due_starts_once_a_store_that_failed_answers_again() {
    let store = Arc::new(Flaky::default());
    let bench = Bench::on(Arc::clone(&store) as Arc<dyn Store>, |builder| builder).await;
    let job = bench.scope(async { Tick.schedule_in(HOUR).await.unwrap() }).await;
    bench.scope(async { Tick.recurring("tick", Cron::hourly()).await.unwrap() }).await;
    store.fail_due(3);
    bench.clock.advance(HOUR);
    patiently(async {
        while bench.client().stats().await.unwrap().succeeded < 2 {
            bench.clock.advance(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(bench.job(job.id()).await.attempts(), 1);
}

#[tokio::test]
async fn a_time_that_has_passed_is_now() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Tick.schedule_at(boltjobs::Timestamp::EPOCH).await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_is_set_back_starts_nothing_early_and_loses_nothing() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Tick.schedule_in(HOUR).await.unwrap() }).await;
    bench.clock.set_back(HOUR);
    let marker = bench.scope(async { Tick.schedule_in(HOUR).await.unwrap() }).await;
    bench.clock.advance(HOUR);
    patiently(marker.wait()).await.unwrap();
    assert_eq!(job.state().await.unwrap(), JobState::Scheduled);
    bench.clock.advance(HOUR);
    patiently(job.wait()).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_is_set_forward_starts_what_is_due_and_expires_no_lease_of_a_live_server() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Tick.schedule_in(HOUR).await.unwrap() }).await;
    bench.clock.set_forward(HOUR);
    patiently(job.wait()).await.unwrap();
    assert_eq!(bench.job(job.id()).await.attempts(), 1);
}

#[tokio::test]
async fn a_recurring_definition_fires_at_each_instant_once() {
    let bench = Bench::start().await;
    bench.scope(async { Tick.recurring("tick", Cron::minutely()).await.unwrap() }).await;
    for minute in 1..=3 {
        bench.clock.advance(Duration::from_secs(60));
        settled(&bench, minute).await;
    }
    let page = bench.client().jobs().state(JobState::Succeeded).list().await.unwrap();
    let mut instants: Vec<_> = page.jobs.iter().map(|job| job.result().unwrap().as_i64().unwrap()).collect();
    instants.sort_unstable();
    let start = 1_767_225_600;
    assert_eq!(instants, [start + 60, start + 120, start + 180]);
    assert!(page.jobs.iter().all(|job| job.recurring_id() == Some("tick")));
}

#[tokio::test]
async fn adding_a_definition_again_moves_nothing_and_a_changed_cron_counts_from_now() {
    let bench = Bench::start().await;
    let details = || async { bench.client().recurring_jobs().await.unwrap().remove(0) };
    bench.scope(async { Tick.recurring("tick", Cron::hourly()).await.unwrap() }).await;
    let first = details().await;
    bench.clock.advance(Duration::from_secs(90));
    bench.scope(async { Tick.recurring("tick", Cron::hourly()).await.unwrap() }).await;
    assert_eq!(details().await, first);

    bench.scope(async { Tick.recurring("tick", "*/10 * * * *").await.unwrap() }).await;
    let changed = details().await;
    assert_eq!(changed.created_at(), first.created_at());
    let next = changed.next_run().unwrap();
    assert_eq!(next.timestamp(), 1_767_225_600 + 600);
}

#[tokio::test]
async fn a_definition_is_triggered_paused_resumed_and_removed() {
    let bench = Bench::start().await;
    let definition = bench
        .scope(async {
            Tick.recurring("tick", Cron::hourly()).queue("mail").meta("tenant", "oslo").await.unwrap()
        })
        .await;
    let before = bench.client().recurring_jobs().await.unwrap().remove(0);
    let triggered = definition.trigger().await.unwrap().unwrap();
    settled(&bench, 1).await;
    assert_eq!(bench.job(triggered).await.queue(), "mail");
    assert_eq!(bench.job(triggered).await.meta()["tenant"], "oslo");
    let after = bench.client().recurring_jobs().await.unwrap().remove(0);
    assert_eq!((after.next_run(), after.last_job()), (before.next_run(), Some(triggered)));

    assert!(definition.pause().await.unwrap());
    assert!(!definition.pause().await.unwrap());
    let marker = bench.scope(async { Tick.schedule_in(HOUR * 3).await.unwrap() }).await;
    bench.clock.advance(HOUR * 3);
    patiently(marker.wait()).await.unwrap();
    settled(&bench, 2).await;

    assert!(definition.resume().await.unwrap());
    assert!(!definition.resume().await.unwrap());
    bench.clock.advance(HOUR);
    settled(&bench, 3).await;

    assert!(definition.remove().await.unwrap());
    assert!(!definition.remove().await.unwrap());
    assert!(bench.client().recurring_jobs().await.unwrap().is_empty());
    let unknown = bench.client().recurring("no-such-id");
    assert_eq!(unknown.trigger().await.unwrap(), None);
    assert!(!unknown.pause().await.unwrap());
}

#[tokio::test]
async fn runs_that_are_past_are_backfilled_for_their_own_instants() {
    let bench = Bench::start().await;
    let definition = bench.scope(async { Tick.recurring("tick-back", Cron::hourly()).await.unwrap() }).await;
    let now = bench.clock.now();
    let backfill = definition.backfill(now.minus(HOUR * 3)..now);
    let seen = backfill.dry_run().await.unwrap();
    let made = backfill.await.unwrap();
    assert!(seen == made && made.iter().all(|run| run.is_new), "{made:?}");
    settled(&bench, 3).await;
    for (hours, run) in [3, 2, 1].into_iter().zip(made) {
        let job = bench.job(run.job).await;
        let instant = now.minus(HOUR * hours);
        assert_eq!((job.recurring_id(), run.scheduled_for), (Some("tick-back"), instant));
        assert_eq!(job.result().unwrap().as_i64(), Some(instant.to_datetime().timestamp()));
    }
    assert!(definition.backfill(now.minus(HOUR)..now).await.unwrap().iter().all(|run| !run.is_new));
    for (range, why) in [
        (now.minus(HOUR * 1_001)..now, "more than 1000 runs; end it at"),
        (now..now.plus(HOUR), "which is to come"),
        (now..now, "set a later end"),
    ] {
        let error = definition.backfill(range).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let unknown = bench.client().recurring("none").backfill(now.minus(HOUR)..now);
    assert!(matches!(unknown.await, Err(boltjobs::Error::UnknownRecurring(_))));
}

#[tokio::test]
async fn missed_occurrences_fire_as_the_definition_says() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            Tick.recurring("tick-once", Cron::hourly()).await.unwrap();
            Tick.recurring("tick-all", Cron::hourly())
                .misfire(Misfire::FireAll { at_most: 3 })
                .await
                .unwrap();
            Tick.recurring("tick-skip", Cron::hourly()).misfire(Misfire::Skip).await.unwrap();
        })
        .await;
    // Five hours and ten minutes pass at once, as if nobody had been there.
    bench.clock.advance(HOUR * 5 + Duration::from_secs(600));
    settled(&bench, 4).await;
    let page = bench.client().jobs().state(JobState::Succeeded).list().await.unwrap();
    let of = |id: &str| {
        let jobs = page.jobs.iter().filter(|job| job.recurring_id() == Some(id));
        let mut at: Vec<_> =
            jobs.map(|job| job.result().unwrap().as_i64().unwrap() - 1_767_225_600).collect();
        at.sort_unstable();
        at
    };
    assert_eq!(of("tick-once"), [5 * 3_600 + 600], "one job, scheduled for now");
    assert_eq!(
        of("tick-all"),
        [3 * 3_600, 4 * 3_600, 5 * 3_600],
        "the latest ones, each with its own instant"
    );
    assert!(of("tick-skip").is_empty());
}

#[tokio::test]
async fn a_broken_definition_shows_its_error_and_stops_no_other() {
    let bench = Bench::start().await;
    let stray = Definition::new("a stray", Cron::minutely(), JobSpec::new("from.another.program", *b"{}"));
    bench.store.put_recurring(stray, bench.clock.now()).await.unwrap();
    bench.scope(async { Tick.recurring("tick", Cron::minutely()).await.unwrap() }).await;
    bench.clock.advance(Duration::from_secs(60));
    settled(&bench, 1).await;
    let definitions = bench.client().recurring_jobs().await.unwrap();
    assert!(definitions[0].error().unwrap().contains("from.another.program"), "{definitions:?}");
    assert_eq!(definitions[1].error(), None);
}

#[tokio::test]
async fn a_schedule_that_cant_be_read_is_an_error_that_says_how_to_mend_it() {
    let bench = Bench::start().await;
    let said = |result: boltjobs::Result<boltjobs::RecurringRef>| result.unwrap_err().to_string();
    bench
        .scope(async {
            assert!(said(Tick.recurring("tick", "61 * * * *").await).contains("61"));
            let zone = said(Tick.recurring("tick", Cron::hourly()).timezone("Europe/Olso").await);
            assert!(zone.contains("Europe/Oslo"), "{zone}");
            assert!(said(Tick.recurring("", Cron::hourly()).await).contains("id"));
            let none = Tick.recurring("tick", Cron::hourly()).misfire(Misfire::FireAll { at_most: 0 }).await;
            assert!(said(none).contains("Misfire::Skip"));
            assert!(
                Tick.enqueue().queue("Not A Queue").await.unwrap_err().to_string().contains("Not A Queue")
            );
            assert!(Tick.enqueue().priority(101).await.unwrap_err().to_string().contains("-100 to 100"));
        })
        .await;
    assert!(bench.client().recurring_jobs().await.unwrap().is_empty());
    assert_eq!(bench.client().stats().await.unwrap().enqueued, 0);
}
