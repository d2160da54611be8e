//! A bit of everything at once.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;
use boltjobs::{JobId, JobState, OnConflict, Unique};

const QUEUES: [&str; 3] = ["default", "mail", "registrar"];

const TWICE: &str = "a step that is done is done again";

thread_local! {
    /// The jobs whose step is done, as their handlers were told.
    static DONE: RefCell<BTreeSet<JobId>> = const { RefCell::new(BTreeSet::new()) };
}

/// Fails now and then, takes its time, and enqueues others.
#[request(concurrency_key = "course:{course}", response = u64)]
#[derive(Debug, Clone)]
pub struct Enroll {
    pub student: u64,
    pub course: u64,
}

#[handler(retries = 3, backoff = "list(0s, 1s, 1m)", concurrency = 4, concurrency_per_key = 2)]
async fn enroll(request: Enroll, ctx: JobContext) -> JobResult<u64> {
    let seat: u64 = ctx
        .step("seat", || async {
            assert!(!DONE.with_borrow(|done| done.contains(&ctx.id())), "{TWICE}");
            Ok(request.student * 10)
        })
        .await?;
    DONE.with_borrow_mut(|done| done.insert(ctx.id()));
    if request.student % 9 == 7 {
        let mut first = false;
        let () = ctx
            .step("wait", || async {
                first = true;
                Ok(())
            })
            .await?;
        if first {
            return Err(JobError::snooze(Duration::from_secs(3)).into());
        }
    }
    tokio::time::sleep(Duration::from_secs(request.course)).await;
    if request.student % 5 == 1 && ctx.attempt() < 3 {
        return Err("the registrar is busy".into());
    }
    if request.student % 7 == 6 {
        return Err(JobError::discard("no such student").into());
    }
    if request.student % 4 == 2 {
        Notify { student: request.student }.schedule_in(Duration::from_secs(request.student)).await?;
    }
    Ok(seat)
}

#[request]
#[derive(Debug)]
pub struct Notify {
    pub student: u64,
}

#[handler(retries = 2, backoff = "fixed(5s)", rate_limit = "5/1s")]
async fn notify(request: Notify, ctx: JobContext) -> JobResult {
    ctx.progress(50, "half");
    if request.student % 6 == 5 && ctx.attempt() == 1 {
        panic!("no address");
    }
    tracing::info!(request.student, "told");
    Ok(())
}

/// Blocks its thread.
#[request(queue = "registrar")]
#[derive(Debug)]
pub struct Report {
    pub number: u64,
}

#[handler(retries = 1, backoff = "fixed(1s)")]
fn report(request: Report) -> JobResult {
    if request.number % 3 == 2 { Err("no paper".into()) } else { Ok(()) }
}

#[request]
#[derive(Debug, Default)]
pub struct Close;

#[handler]
async fn close(_: Close, ctx: JobContext) -> JobResult {
    let _seat = ctx.parent_result::<u64>().await?;
    Ok(())
}

/// Needs what its parent returned.
#[request]
#[derive(Debug)]
pub struct Seat;

#[handler(retries = 0)]
async fn seat(_: Seat, ctx: JobContext) -> JobResult {
    ctx.parent_result::<u64>().await?.map(drop).ok_or_else(|| "the result of the parent is gone".into())
}

/// Waits until it is told to stop, or long.
#[request]
#[derive(Debug)]
pub struct Study;

#[handler]
async fn study(_: Study, ctx: JobContext) -> JobResult {
    tokio::select! {
        biased;
        () = ctx.cancelled() => Err(JobError::cancelled().into()),
        () = tokio::time::sleep(Duration::from_secs(3600)) => Ok(()),
    }
}

/// One thing that somebody does. What fails is what may fail while the store does.
async fn act(sim: &Sim, jobs: &mut Vec<JobHandle<Enroll>>) -> boltjobs::Result<()> {
    let student = sim.below(40) as u64;
    let enroll = Enroll { student, course: sim.below(4) as u64 };
    match sim.below(14) {
        0 | 1 => jobs.push(enroll.enqueue().queue(QUEUES[sim.below(3)]).priority(sim.below(9) as i32).await?),
        2 => jobs.push(enroll.schedule_in(Duration::from_secs(student)).tag("late").await?),
        3 => {
            Notify { student }.enqueue().meta("tenant", "7").await?;
        }
        4 => {
            Report { number: student }.enqueue().await?;
        }
        5 => {
            let key = Unique::key(format!("student:{}", student % 3));
            let on_conflict = [OnConflict::Reject, OnConflict::Replace, OnConflict::Reschedule][sim.below(3)];
            let after = Duration::from_secs(student);
            Notify { student }.schedule_in(after).unique(key.on_conflict(on_conflict)).await?;
        }
        6 => {
            if let Some(parent) = jobs.last() {
                let when = [After::Succeeded, After::Failed, After::Finished][sim.below(3)];
                Close.continue_after(parent).when(when).await?;
                Seat.continue_after(parent).await?;
                Close.continue_after(parent).when(when).after(&jobs[0]).await?;
            }
        }
        7 => {
            let batch =
                Batch::new("intake").extend((0..sim.below(4) as u64).map(|student| Notify { student }));
            batch.push(enroll).on_finish(Close).on_success(Close).submit().await?;
        }
        8 => {
            Enroll::enqueue_all((0..sim.below(6) as u64).map(|course| Enroll { student, course })).await?;
        }
        9 => {
            let study = Study.enqueue().await?;
            if sim.below(2) == 0 {
                sim.begin().await;
            }
            study.delete().await?;
        }
        10 => {
            Notify { student }.enqueue().expires_in(Duration::from_secs(student)).await?;
        }
        11 => {
            if let Some(job) = jobs.last() {
                // One that succeeded begins anew, with all its steps.
                DONE.with_borrow_mut(|done| done.remove(&job.id()));
                let _ = if sim.below(2) == 0 { job.requeue().await? } else { job.delete().await? };
            }
        }
        12 => {
            let queue = sim.client().queue(QUEUES[sim.below(3)]);
            queue.pause().await?;
            sim.advance(Duration::from_secs(student)).await;
            while queue.resume().await.is_err() {
                sim.advance(Duration::from_secs(1)).await;
            }
        }
        _ => {
            sim.advance(Duration::from_secs(student)).await;
        }
    }
    Ok(())
}

#[boltjobs::simulate(runs = 150)]
async fn whatever_happens_all_that_was_acknowledged_ends(sim: Sim) {
    DONE.take();
    sim.strike_the_test(sim.below(2) == 0);
    let mut jobs = Vec::new();
    for _ in 0..sim.below(30) {
        let _ = act(&sim, &mut jobs).await;
        if sim.below(3) == 0 {
            sim.drain().await;
        }
    }
    sim.calm().await;
    for queue in QUEUES {
        sim.client().queue(queue).resume().await.unwrap();
    }
    let report = sim.run_until_idle().await;
    sim.assert_idle().await;
    for job in &jobs {
        assert!(job.state().await.unwrap().is_final());
    }
    // Whatever was, one that runs for long runs once.
    let study = Study.enqueue().await.unwrap();
    assert_eq!(sim.run_until_idle().await.attempts(), 1);
    assert_eq!(study.state().await.unwrap(), JobState::Succeeded);
    let faults: Vec<_> = report.errors();
    assert!(
        !faults.iter().any(|error| error.contains(TWICE) || error.contains("parent is gone")),
        "{faults:?}"
    );
}

/// A job that is told to stop as it is handed out learns of it at once, and not with a heartbeat.
#[boltjobs::simulate(runs = 100)]
async fn a_job_that_is_deleted_as_it_starts_is_told(sim: Sim) {
    sim.calm().await;
    let study = Study.enqueue().await.unwrap();
    let delete = async {
        for _ in 0..sim.below(12) {
            tokio::task::yield_now().await;
        }
        study.delete().await
    };
    let (_, deleted) = tokio::join!(biased; sim.begin(), delete);
    assert!(deleted.unwrap());
    let report = sim.drain().await;
    assert!(report.passed() < Duration::from_secs(1), "{:?}", report.passed());
    assert_eq!(study.state().await.unwrap(), JobState::Deleted);
}

#[boltjobs::simulate(runs = 50, with = |builder| builder.workers(1))]
async fn one_worker_does_it_all_in_the_order_of_each_key(sim: Sim) {
    for student in [2, 4, 8, 9] {
        Enroll { student, course: 1 }.enqueue().await.unwrap();
    }
    let report = sim.run_until_idle().await;
    let ended = report.transitions().into_iter().filter(|moved| moved.to() == JobState::Succeeded);
    assert_eq!(ended.count() as u64, report.succeeded::<Enroll>() + report.succeeded::<Notify>());
    sim.assert_idle().await;
}

/// Enqueues the next one at once.
#[request]
#[derive(Debug)]
pub struct Pass {
    pub left: u32,
}

#[handler]
async fn pass(request: Pass) -> JobResult {
    if let Some(left) = request.left.checked_sub(1) {
        Pass { left }.enqueue().await?;
    }
    Ok(())
}

#[boltjobs::simulate(runs = 40)]
async fn a_job_that_comes_while_the_server_looks_is_not_overlooked(sim: Sim) {
    sim.calm().await;
    Pass { left: 5 }.enqueue().await.unwrap();
    assert_eq!(sim.drain().await.succeeded::<Pass>(), 6);
}
