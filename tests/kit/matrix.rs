//! What a crash costs at each point at which a process can die, written down in `docs/crashes.md`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;
use boltjobs::{JobId, JobState};

thread_local! {
    /// How often the handler of each job has done its work.
    static DONE: RefCell<BTreeMap<JobId, u32>> = const { RefCell::new(BTreeMap::new()) };
}

#[request]
#[derive(Debug)]
struct Work {
    seconds: u64,
}

#[handler(retries = 0)]
async fn work(request: Work, ctx: JobContext) -> JobResult {
    ctx.progress(10, "at it");
    DONE.with_borrow_mut(|done| *done.entry(ctx.id()).or_default() += 1);
    tokio::time::sleep(Duration::from_secs(request.seconds)).await;
    Ok(())
}

#[request]
#[derive(Debug, Default)]
struct Chime;

#[handler(retries = 0)]
async fn chime(_: Chime, ctx: JobContext) -> JobResult {
    DONE.with_borrow_mut(|done| *done.entry(ctx.id()).or_default() += 1);
    Ok(())
}

/// What was seen of a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    crashes: u32,
    /// The jobs that were acknowledged and did not come to their end.
    lost: usize,
    /// How often a handler did its work again, at most.
    repeated: u32,
    /// How many instants of a definition were missed or had two jobs.
    misfired: usize,
}

/// Does something again until it is acknowledged, as a client does that was told of a failure.
macro_rules! again {
    ($crashes:ident, $what:expr) => {
        loop {
            match $what.await {
                Ok(done) => break done,
                Err(_) => $crashes += 1,
            }
        }
    };
}

/// A life with every call in it, of which one is the end of the process.
async fn life(jobs: TestJobs, point: CrashPoint) -> Seen {
    DONE.take();
    let (mut failed, mut acknowledged) = (0_u32, Vec::new());
    jobs.crash_at(point);
    for seconds in [0, 1, 40] {
        acknowledged.push(again!(failed, Work { seconds }.enqueue()).id());
    }
    acknowledged.push(again!(failed, Work { seconds: 1 }.schedule_in(Duration::from_secs(5))).id());
    again!(failed, Chime.recurring("chime", Cron::minutely()).misfire(Misfire::FireAll { at_most: 9 }));
    let batch = again!(failed, Batch::new("none").push_job(Work { seconds: 9 }.schedule_in(HOUR)).submit());
    again!(failed, batch.cancel());
    let late = again!(failed, Work { seconds: 9 }.schedule_in(HOUR));
    again!(failed, late.delete());
    again!(failed, jobs.client().queue("other").pause());
    again!(failed, jobs.client().queue("other").resume());
    let first = jobs.advance(Duration::from_secs(290)).await;
    let ended = jobs.client().recurring_jobs().await.unwrap();
    let instants: Vec<_> = ended[0].runs().iter().map(|run| run.scheduled_for).collect();
    let mut once = instants.clone();
    once.dedup();
    again!(failed, jobs.client().recurring("chime").remove());
    let second = jobs.run_until_idle().await;
    let mut lost = 0;
    for id in &acknowledged {
        lost += usize::from(jobs.job(*id).await.state() != JobState::Succeeded);
    }
    // What has ended is removed, and whatever comes then is as it was.
    let third = jobs.advance(25 * HOUR).await;
    let last = again!(failed, Work { seconds: 0 }.enqueue());
    let fourth = jobs.run_until_idle().await;
    lost += usize::from(jobs.job(&last).await.state() != JobState::Succeeded);
    let crashes = [&first, &second, &third, &fourth].into_iter().map(Report::crashes).sum::<u64>();
    Seen {
        crashes: failed + u32::try_from(crashes).unwrap(),
        lost,
        repeated: DONE.with_borrow(|done| done.values().max().map_or(0, |most| most - 1)),
        misfired: instants.len() - once.len() + 4_usize.abs_diff(once.len()),
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

/// What a user may rely on at a point.
fn promise(point: CrashPoint) -> &'static str {
    match point {
        CrashPoint::Before(StoreCall::Enqueue) => "nothing is there, and nobody was told that it was",
        CrashPoint::After(StoreCall::Enqueue) => "all of it is there, though nobody was told",
        CrashPoint::Before(StoreCall::Claim) => "the jobs wait in their places",
        CrashPoint::After(StoreCall::Claim) => "the jobs go back, with their attempts",
        CrashPoint::Before(StoreCall::Settle) => "the jobs that had ended run again",
        CrashPoint::After(StoreCall::Settle) => "no job that has ended runs again",
        CrashPoint::Before(StoreCall::Fire) => "the instant fires after the restart",
        CrashPoint::After(StoreCall::Fire) => "the instant does not fire again",
        CrashPoint::Before(StoreCall::Note) => "what was noted last is noted again by the next run",
        CrashPoint::After(StoreCall::Note) => "what was noted stays with the job",
        CrashPoint::Before(StoreCall::Expire) => "what is over is removed after the restart",
        CrashPoint::Before(StoreCall::Due) => "what is due becomes ready after the restart",
        CrashPoint::Before(_) => "nothing of it has happened",
        CrashPoint::After(_) => "all of it has happened",
    }
}

/// Returns how often a handler may do its work again at a point.
fn allowed(point: CrashPoint) -> u32 {
    // Handlers that run when the process dies run again; one crash repeats each of them once.
    u32::from(!matches!(point, CrashPoint::Before(StoreCall::Enqueue | StoreCall::Claim)))
}

fn table() -> String {
    let mut text = String::from(
        "| the process dies | what is promised | memory | killed | power cut | done again, at most |\n|---|---|---|---|---|---|\n",
    );
    for point in CrashPoint::all() {
        let kinds = [Kind::Memory, Kind::Killed, Kind::Unpowered];
        let seen = kinds.map(|kind| run_on(kind, |builder| builder, |jobs| life(jobs, point)));
        for (kind, seen) in kinds.into_iter().zip(seen) {
            assert_eq!((seen.crashes, seen.lost, seen.misfired), (1, 0, 0), "{point}, {kind:?}: {seen:?}");
            assert!(seen.repeated <= allowed(point), "{point}, {kind:?}: {seen:?}");
        }
        let lost = seen.map(|seen| format!("lost {}", seen.lost)).join(" | ");
        let repeated = seen.map(|seen| seen.repeated).into_iter().max().unwrap_or_default();
        let _ = writeln!(text, "| {point} | {} | {lost} | {repeated} |", promise(point));
    }
    text
}

#[test]
fn what_a_crash_costs_is_written_down() {
    let (begin, end) = ("<!-- begin: made by the tests -->\n", "<!-- end -->");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/crashes.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(begin).unwrap();
    let (written, after) = rest.split_once(end).unwrap();
    let table = table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert_eq!(written, table, "docs/crashes.md is not what is seen; run this test with UPDATE_DOCS=1");
    }
}
