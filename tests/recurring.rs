//! Recurring definitions: their options, their runs, and those that the code declares.

use std::sync::Arc;
use std::time::Duration;

use boltjobs::__private::{DeclaredRecurring, Registration, RequestInfo, default_parts, inventory};
use boltjobs::prelude::*;
use boltjobs::{MemoryStore, RecurringDetails, Request, RunOutcome, Store};
use boltjobs_core::clock::Clock;
use boltjobs_core::job::JobSpec;
use boltjobs_core::recurring::Definition;
use boltjobs_sled::SledStore;
use boltjobs_tests::{Bench, ManualClock, patiently, seconds};
use chrono::{DateTime, TimeZone, Utc};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Ends at once.
#[request(display = "Tick of {of}")]
#[derive(Debug, Default, Clone)]
pub struct Tick {
    pub of: String,
    #[request(sensitive)]
    pub secret: String,
}

#[handler(retries = 0)]
async fn tick(request: Tick) -> JobResult {
    if request.of == "failures" {
        return Err("as it was asked to".into());
    }
    Ok(())
}

/// Runs until it is told to stop.
#[request]
#[derive(Debug)]
pub struct Linger;

#[handler]
async fn linger(_: Linger, ctx: JobContext) -> JobResult {
    ctx.cancelled().await;
    Err(JobError::cancelled().into())
}

/// What `#[request(recurring(..))]` says of a request, without the attribute.
static YEARLY: RequestInfo = RequestInfo {
    name: Some("tick.yearly"),
    recurring: &[DeclaredRecurring {
        id: "yearly",
        cron: "30 2 1 1 *",
        timezone: "Europe/Oslo",
        misfire: Misfire::Skip,
        overlap: "skip",
        dst: Dst::SkipGap,
        jitter: Some(MINUTE),
        starts_at: Some(boltjobs::Timestamp::from_micros(1_798_761_600_000_000)),
        ends_at: None,
        queue: Some("reports"),
        parts: default_parts::<Tick>,
    }],
    ..<Tick as Request>::INFO
};

inventory::submit! {
    Registration::Request(&YEARLY)
}

/// Providers and hooks find what is declared.
#[on_start]
async fn what_is_declared_is_there() -> JobResult {
    let definitions = boltjobs::client().recurring_jobs().await?;
    assert!(definitions.iter().any(|found| found.id() == "yearly"), "{definitions:?}");
    Ok(())
}

fn day(year: i32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap()
}

async fn details(bench: &Bench, id: &str) -> RecurringDetails {
    let definitions = bench.client().recurring_jobs().await.unwrap();
    definitions.into_iter().find(|found| found.id() == id).expect("the definition is there")
}

/// Returns the definition once it is so.
async fn until(bench: &Bench, id: &str, so: impl Fn(&RecurringDetails) -> bool) -> RecurringDetails {
    patiently(async {
        loop {
            let found = details(bench, id).await;
            if so(&found) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn outcomes(found: &RecurringDetails) -> Vec<RunOutcome> {
    found.runs().iter().map(|run| run.outcome).collect()
}

#[tokio::test]
async fn every_option_of_a_definition_can_be_set_and_read() {
    let bench = Bench::start().await;
    let request = Tick { of: "mine".into(), secret: "s3cret".into() };
    let added = async {
        request
            .recurring("mine", cron!("0 9 * * MON-FRI"))
            .timezone("America/New_York")
            .misfire(Misfire::FireAll { at_most: 10 })
            .overlap(Overlap::Skip)
            .dst(Dst::Elapsed)
            .jitter(Duration::from_secs(10))
            .starts_at(day(2027))
            .ends_at(day(2037))
            .queue("mail")
            .await
            .unwrap();
    };
    bench.scope(added).await;
    let found = details(&bench, "mine").await;
    assert_eq!(
        (found.cron(), found.timezone(), found.queue()),
        ("0 9 * * MON-FRI", "America/New_York", "mail")
    );
    assert_eq!((found.misfire(), found.overlap()), (Misfire::FireAll { at_most: 10 }, Overlap::Skip));
    assert_eq!((found.dst(), found.jitter()), (Dst::Elapsed, Duration::from_secs(10)));
    assert_eq!((found.starts_at(), found.ends_at()), (Some(day(2027)), Some(day(2037))));
    let first = Utc.with_ymd_and_hms(2027, 1, 1, 14, 0, 0).unwrap();
    assert_eq!((found.next_run(), found.is_declared(), found.error()), (Some(first), false, None));
    assert_eq!(found.payload()["secret"], "***");
    assert_eq!((found.created_at(), found.updated_at()), (day(2026), day(2026)));
    assert!(found.runs().is_empty() && !found.is_paused());
}

#[tokio::test]
async fn an_option_that_makes_no_sense_is_an_error_that_names_it() {
    let bench = Bench::start().await;
    let new = || Tick::default().recurring("mine", Cron::hourly());
    let refused = [
        (
            new().starts_at(day(2030)).ends_at(day(2029)),
            "`ends_at` `2029-01-01T00:00:00Z` is before `starts_at`",
        ),
        (new().misfire(Misfire::FireAll { at_most: 0 }), "`Misfire::FireAll`"),
        (new().timezone("Mars/Olympus"), "time zone `Mars/Olympus`"),
        (new().queue("No Queue"), "queue name `No Queue`"),
        (new().priority(101), "priority 101"),
        (Tick::default().recurring("mine", "0 24 * * *"), "invalid hour `24` in cron"),
        (Tick::default().recurring(" ", Cron::hourly()), "recurring id ` `"),
    ];
    for (definition, said) in refused {
        let error = bench.scope(async { definition.await.unwrap_err() }).await.to_string();
        assert!(error.contains(said), "{error}");
    }
    assert!(bench.scope(async { new().starts_at(day(2030)).ends_at(day(2030)).await }).await.is_ok());
}

#[tokio::test]
async fn the_runs_of_a_definition_tell_what_came_of_them() {
    let bench = Bench::start().await;
    let failing = Tick { of: "failures".into(), ..Tick::default() };
    let definition = bench.scope(async { failing.recurring("failing", Cron::hourly()).await.unwrap() }).await;
    bench.clock.advance(HOUR);
    let found = until(&bench, "failing", |found| outcomes(found) == [RunOutcome::Failed]).await;
    let run = &found.runs()[0];
    assert_eq!(
        (run.job, run.scheduled_for, run.triggered),
        (found.last_job(), seconds(1_767_229_200), false)
    );
    assert!(run.ended_at.is_some() && run.ran.is_some(), "{run:?}");

    bench.scope(async { Tick::default().recurring("failing", Cron::hourly()).await.unwrap() }).await;
    let job = definition.trigger().await.unwrap();
    let found =
        until(&bench, "failing", |found| outcomes(found) == [RunOutcome::Failed, RunOutcome::Succeeded])
            .await;
    assert_eq!((found.runs()[1].job, found.runs()[1].triggered), (job, true));
}

#[tokio::test]
async fn a_definition_whose_job_runs_skips_or_cancels_as_it_says() {
    let bench = Bench::start().await;
    let linger = |overlap| Linger.recurring("linger", Cron::hourly()).overlap(overlap);
    bench.scope(async { linger(Overlap::Skip).await.unwrap() }).await;
    bench.clock.advance(HOUR);
    let job = until(&bench, "linger", |found| found.last_job().is_some()).await.last_job().unwrap();
    bench.until(job, JobState::Processing).await;
    bench.clock.advance(HOUR);
    until(&bench, "linger", |found| outcomes(found) == [RunOutcome::Unfinished, RunOutcome::Skipped]).await;
    assert_eq!(bench.job(job).await.state(), JobState::Processing);

    bench.scope(async { linger(Overlap::CancelPrevious).await.unwrap() }).await;
    bench.clock.advance(HOUR);
    let cancelled = bench.until(job, JobState::Deleted).await;
    let reason = cancelled.history().last().and_then(|row| row.reason.as_deref());
    assert_eq!(reason, Some("the next occurrence of its definition has come"));
    let expected = [RunOutcome::Deleted, RunOutcome::Skipped, RunOutcome::Unfinished];
    until(&bench, "linger", |found| outcomes(found) == expected).await;
}

#[tokio::test]
async fn a_clock_that_was_years_ahead_is_noticed_and_recovered_from() {
    // Nothing runs, so that nothing ends and has the scheduler look at the clock.
    let bench = Bench::with(|builder| builder.workers(0)).await;
    bench.scope(async { Tick::default().recurring("mine", Cron::hourly()).await.unwrap() }).await;
    let years = HOUR * 24 * 365 * 5;
    bench.clock.set_forward(years + HOUR);
    let ahead = until(&bench, "mine", |found| found.runs().len() == 1).await.next_run();
    assert!(ahead > Some(day(2030)));
    bench.clock.set_back(years + HOUR);
    let found = loop {
        // It looks at the clock every ten seconds, from when it has begun to wait, which may be after this.
        bench.clock.advance(Duration::from_secs(10));
        let noticed = until(&bench, "mine", |found| found.next_run() < ahead);
        if let Ok(found) = tokio::time::timeout(Duration::from_millis(200), noticed).await {
            break found;
        }
    };
    assert_eq!(found.next_run(), Some(day(2026) + HOUR));
    bench.clock.advance(HOUR);
    let found = until(&bench, "mine", |found| found.runs().len() == 2).await;
    assert_eq!(found.runs()[1].scheduled_for, (day(2026) + HOUR).into());
}

/// What an earlier build of a crate declared.
fn declared(id: &str, by: Option<&str>) -> Definition {
    let spec = JobSpec::new("tick.yearly", *b"{}");
    Definition { declared_by: by.map(Into::into), ..Definition::new(id, Cron::daily(), spec) }
}

#[tokio::test]
async fn what_the_code_declares_is_there_at_the_start_and_goes_with_the_code() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let earlier = ManualClock::default().now();
    for (id, by) in
        [("dropped", Some("recurring")), ("of another program", Some("elsewhere")), ("by hand", None)]
    {
        store.put_recurring(declared(id, by), earlier).await.unwrap();
    }
    // It was made at run time, once, and keeps what it has been through.
    store.put_recurring(declared("yearly", None), earlier.minus(HOUR)).await.unwrap();
    let bench = Bench::on(store, |builder| builder).await;
    let ids: Vec<_> =
        bench.client().recurring_jobs().await.unwrap().iter().map(|it| it.id().to_owned()).collect();
    assert_eq!(ids, ["by hand", "of another program", "yearly"]);
    let found = details(&bench, "yearly").await;
    assert!(found.is_declared() && !details(&bench, "by hand").await.is_declared());
    assert_eq!((found.cron(), found.timezone(), found.queue()), ("30 2 1 1 *", "Europe/Oslo", "reports"));
    assert_eq!((found.misfire(), found.overlap(), found.dst()), (Misfire::Skip, Overlap::Skip, Dst::SkipGap));
    assert_eq!((found.jitter(), found.starts_at(), found.ends_at()), (MINUTE, Some(day(2027)), None));
    assert_eq!(found.next_run(), Some(Utc.with_ymd_and_hms(2027, 1, 1, 1, 30, 0).unwrap()));
    assert_eq!((found.created_at(), found.updated_at()), (day(2026) - HOUR, day(2026)));
    assert_eq!(found.payload()["of"], "");

    let job = bench.client().recurring("yearly").trigger().await.unwrap().unwrap();
    bench.until(job, JobState::Succeeded).await;
}

#[tokio::test]
async fn what_a_client_did_to_a_declared_definition_holds_until_the_next_start() {
    let store: Arc<dyn Store> = Arc::new(boltjobs_tests::Flaky::staying_open());
    let bench = Bench::on(Arc::clone(&store), |builder| builder).await;
    let yearly = bench.client().recurring("yearly");
    assert!(yearly.pause().await.unwrap());
    bench.scope(async { Tick::default().recurring("yearly", Cron::hourly()).await.unwrap() }).await;
    assert!(!details(&bench, "yearly").await.is_declared());
    bench.server.shutdown().await.unwrap();

    let bench = Bench::on(Arc::clone(&store), |builder| builder).await;
    let found = details(&bench, "yearly").await;
    assert!(found.is_paused() && found.is_declared());
    assert_eq!((found.cron(), found.next_run()), ("30 2 1 1 *", None));
    assert!(bench.client().recurring("yearly").remove().await.unwrap());
    bench.server.shutdown().await.unwrap();

    let bench = Bench::on(store, |builder| builder).await;
    assert!(!details(&bench, "yearly").await.is_paused(), "it is a new one");
}

#[tokio::test]
async fn an_edit_changes_what_is_given_and_the_schedule_from_now() {
    let bench = Bench::start().await;
    let request = Tick { of: "mine".into(), secret: "s3cret".into() };
    let added =
        request.recurring("mine", "0 3 * * *").queue("mail").misfire(Misfire::Skip).ends_at(day(2030));
    let mine = bench.scope(async { added.await.unwrap() }).await;
    bench.clock.advance(Duration::from_secs(1));
    let edit = mine.edit().cron("0 4 * * *").timezone("Europe/Berlin").overlap(Overlap::Skip).jitter(MINUTE);
    assert!(edit.starts_at(day(2027)).ends_never().await.unwrap());
    let found = details(&bench, "mine").await;
    assert_eq!(
        (found.cron(), found.timezone(), found.overlap()),
        ("0 4 * * *", "Europe/Berlin", Overlap::Skip)
    );
    assert_eq!((found.jitter(), found.starts_at(), found.ends_at()), (MINUTE, Some(day(2027)), None));
    assert_eq!(found.next_run(), Some(day(2027) + HOUR * 3));
    assert_eq!((found.misfire(), found.queue(), found.dst()), (Misfire::Skip, "mail", Dst::OncePerDay));
    assert_eq!((&found.payload()["of"], found.created_at()), (&"mine".into(), day(2026)));
    assert_eq!(found.updated_at(), day(2026) + Duration::from_secs(1));

    bench.clock.advance(Duration::from_secs(1));
    assert!(!mine.edit().cron("0 4 * * *").await.unwrap(), "it says so already");
    assert_eq!(details(&bench, "mine").await, found);
    let edit = mine.edit().starts_now().misfire(Misfire::FireOnce).dst(Dst::Elapsed).ends_at(day(2040));
    assert!(edit.await.unwrap());
    let found = details(&bench, "mine").await;
    assert_eq!(
        (found.misfire(), found.dst(), found.ends_at()),
        (Misfire::FireOnce, Dst::Elapsed, Some(day(2040)))
    );
    assert_eq!((found.starts_at(), found.next_run()), (None, Some(day(2026) + HOUR * 3)));
}

#[tokio::test]
async fn an_edit_that_can_not_be_made_says_why_and_changes_nothing() {
    let bench = Bench::start().await;
    let mine = Tick::default().recurring("mine", Cron::hourly()).starts_at(day(2030));
    let mine = bench.scope(async { mine.await.unwrap() }).await;
    let before = [details(&bench, "mine").await, details(&bench, "yearly").await];
    let client = bench.client();
    let refused = [
        (mine.edit().cron("0 24 * * *").timezone("UTC"), "invalid hour `24` in cron `0 24 * * *`"),
        (mine.edit().timezone("Oslo").cron("@daily"), "did you mean `Europe/Oslo`"),
        (mine.edit().ends_at(day(2029)), "`ends_at` `2029-01-01T00:00:00Z` is before `starts_at`"),
        (mine.edit().misfire(Misfire::FireAll { at_most: 0 }), "`Misfire::FireAll`"),
        (
            client.recurring("none").edit().cron("@daily"),
            "recurring definition `none` does not exist; add it",
        ),
        (
            client.recurring("yearly").edit().cron("@daily"),
            "declared by the crate `recurring`, whose next start",
        ),
    ];
    for (edit, said) in refused {
        let error = edit.await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    assert_eq!([details(&bench, "mine").await, details(&bench, "yearly").await], before);
}

#[tokio::test]
async fn edits_of_other_parts_at_the_same_time_all_hold() {
    // Each of them has read before any has written.
    let bench = Bench::on(Arc::new(boltjobs_tests::Flaky::reading_slowly()), |builder| builder).await;
    let mine = bench.scope(async { Tick::default().recurring("mine", Cron::hourly()).await.unwrap() }).await;
    let (cron, zone) = (mine.edit().cron("@daily"), mine.edit().timezone("Europe/Oslo"));
    let edited =
        tokio::join!(cron.into_future(), zone.into_future(), mine.edit().jitter(MINUTE).into_future());
    assert!(edited.0.unwrap() && edited.1.unwrap() && edited.2.unwrap());
    let found = details(&bench, "mine").await;
    assert_eq!((found.cron(), found.timezone(), found.jitter()), ("@daily", "Europe/Oslo", MINUTE));
}

/// Two servers fire one definition at a thousand instants.
async fn race(store: Arc<dyn Store>) {
    let clock = Arc::new(ManualClock::default());
    let start =
        || boltjobs::builder().store(Arc::clone(&store)).clock(Arc::clone(&clock) as _).workers(0).start();
    let (one, _other) = (start().await.unwrap(), start().await.unwrap());
    let client = one.client();
    let added = async { Tick::default().recurring("raced", Cron::minutely()).await.unwrap() };
    client.scope(added).await.unwrap();
    let begin = clock.now();
    for minute in 1..=1_000 {
        clock.advance(MINUTE);
        patiently(async {
            while client.stats().await.unwrap().enqueued < minute {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    let page = client.jobs().limit(1_000).list().await.unwrap();
    assert_eq!(page.next, None);
    let mut instants = Vec::new();
    for job in page.jobs {
        let job = store.job(job.id()).await.unwrap().unwrap();
        instants.push(job.spec.occurrence.as_ref().unwrap().scheduled_for);
    }
    instants.sort();
    let expected: Vec<_> = (1..=1_000).map(|minute| begin.plus(MINUTE * minute)).collect();
    assert_eq!(instants, expected);
}

#[tokio::test]
async fn two_servers_fire_each_instant_once() {
    race(Arc::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn two_servers_fire_each_instant_once_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    race(Arc::new(SledStore::open(directory.path()).unwrap())).await;
}
