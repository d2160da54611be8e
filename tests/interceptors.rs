//! Interceptors around handlers: how they nest, what they see, and what they can change.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{Builder, Error, FromJobContext, RowData};
use boltjobs_tests::{Bench, patiently};
use tokio::sync::Semaphore;

/// What happened, in order; each test has its own.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn has(&self, line: &str) -> bool {
        self.0.lock().unwrap().iter().any(|noted| noted == line)
    }

    async fn until(&self, line: &str) {
        patiently(async {
            while !self.has(line) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// Opens when the test says so.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

/// Does as it is told.
#[request(name = "act", response = u32)]
#[derive(Debug)]
pub struct Act(String);

#[handler(retries = 1, backoff = "fixed(10s)", timeout = "30s")]
async fn act(Act(what): Act, log: Data<Log>, gate: Data<Gate>) -> JobResult<u32> {
    log.note("handler");
    match what.as_str() {
        "fail" | "excuse" => Err("no luck".into()),
        "panic" => panic!("at the disco"),
        "hang" | "linger" => std::future::pending().await,
        "wait" => {
            gate.0.acquire().await?.forget();
            Ok(1)
        }
        _ => Ok(1),
    }
}

fn seen(outcome: &Outcome) -> String {
    match (outcome.response::<u32>(), outcome.error(), outcome.deleted()) {
        (Some(response), ..) => format!("success {response}"),
        (_, Some(_), _) if outcome.is_panic() => "panic".to_owned(),
        (_, Some(_), _) if outcome.is_timeout() => "timeout".to_owned(),
        (_, Some(error), _) => format!("failure {error}"),
        (.., Some(reason)) => format!("deleted {reason}"),
        _ => "something else".to_owned(),
    }
}

#[interceptor(before = trace, only = [Act])]
async fn z_outermost(call: Call, next: Next, log: Data<Log>) -> Outcome {
    log.note("outermost");
    let outcome = next.run(call).await;
    log.note(format!("outermost: {}", seen(&outcome)));
    outcome
}

#[interceptor(only = [Act])]
async fn audit(call: Call, next: Next, log: Data<Log>, ctx: JobContext) -> Outcome {
    log.note(format!("audit {} {} {}", call.request_name(), call.attempt(), call.is_job()));
    let outcome = next.run(call).await;
    log.note(format!("audit: {} after {:?}", seen(&outcome), ctx.elapsed()));
    outcome
}

#[interceptor(after = audit, only = [Act])]
async fn a_judge(call: Call, next: Next, log: Data<Log>) -> Outcome {
    let told = call.request::<Act>().map(|request| request.0.clone()).unwrap_or_default();
    match told.as_str() {
        "stop" => Outcome::delete("nobody wants it"),
        "answer" => Outcome::success(7_u32),
        "answer wrongly" => Outcome::success("seven"),
        "object" => Outcome::failure("objection"),
        "snooze" => Outcome::failure(JobError::snooze(Duration::from_secs(60))),
        "discard" => Outcome::failure(JobError::discard("out of order")),
        "panic outside" => panic!("in the court"),
        "linger" => {
            let outcome = next.run(call).await;
            log.note(seen(&outcome));
            std::future::pending().await
        }
        "excuse" => match next.run(call).await {
            failed if failed.is_failure() => Outcome::success(0_u32),
            outcome => outcome,
        },
        _ => next.run(call).await,
    }
}

#[interceptor(after = panic_guard, only = [Act])]
async fn a_innermost(call: Call, next: Next, log: Data<Log>) -> Outcome {
    log.note("innermost");
    next.run(call).await
}

/// An argument that only some jobs have.
#[derive(Debug)]
pub struct Tenant;

impl FromJobContext for Tenant {
    async fn from_job_context(ctx: &JobContext) -> Result<Self, boltjobs::Failure> {
        ctx.meta("tenant").map(|_| Self).ok_or_else(|| "no tenant".into())
    }
}

/// Is nobody's.
#[request]
#[derive(Debug)]
pub struct Owned;

#[handler(retries = 0)]
async fn owned(_: Owned) {}

#[interceptor(only = [Owned])]
async fn tenants_only(call: Call, next: Next, _: Tenant) -> Outcome {
    next.run(call).await
}

async fn bench(settings: impl FnOnce(Builder) -> Builder) -> (Bench, Log, Gate) {
    let (log, gate) = (Log::default(), Gate(Arc::new(Semaphore::new(0))));
    let (given, open) = (log.clone(), gate.clone());
    (Bench::with(|builder| settings(builder.provide(given).provide(open))).await, log, gate)
}

async fn enqueue(bench: &Bench, what: &str) -> JobHandle<Act> {
    bench.scope(async { Act(what.to_owned()).enqueue().await.unwrap() }).await
}

async fn process(bench: &Bench, what: &str) -> boltjobs::Result<u32> {
    bench.scope(async { Act(what.to_owned()).process().await }).await
}

/// Runs what is told once, and returns what each of them saw.
async fn told(what: &str, state: JobState) -> (Bench, boltjobs::JobDetails, Vec<String>) {
    let (bench, log, _) = bench(|builder| builder).await;
    let job = enqueue(&bench, what).await;
    let job = bench.until(job.id(), state).await;
    (bench, job, log.take())
}

#[tokio::test]
async fn interceptors_nest_by_their_constraints_then_by_name() {
    let (_, job, log) = told("work", JobState::Succeeded).await;
    assert_eq!(
        log,
        [
            "outermost",
            "audit act 1 true",
            "innermost",
            "handler",
            "audit: success 1 after 0ns",
            "outermost: success 1"
        ]
    );
    assert_eq!(job.result(), Some(1.into()));
}

#[tokio::test]
async fn an_interceptor_stops_a_job_and_the_others_are_told() {
    let (_, job, log) = told("stop", JobState::Deleted).await;
    assert_eq!(log[2..], ["audit: deleted nobody wants it after 0ns", "outermost: deleted nobody wants it"]);
    let row = job.history().last().unwrap();
    assert_eq!(row.reason.as_deref(), Some("stopped by the interceptor `a_judge`: nobody wants it"));
    assert_eq!(row.error, None);
}

#[tokio::test]
async fn an_interceptor_answers_in_place_of_the_handler() {
    let (_, job, log) = told("answer", JobState::Succeeded).await;
    assert_eq!(job.result(), Some(7.into()));
    assert!(!log.contains(&"handler".to_owned()));
    let (_, job, _) = told("answer wrongly", JobState::Scheduled).await;
    let message = &job.last_error().unwrap().message;
    assert!(message.starts_with("the interceptor `a_judge` answered with something else"), "{message}");
    assert!(message.ends_with("with a `u32`"), "{message}");
}

#[tokio::test]
async fn an_interceptor_makes_a_success_of_a_failure_and_a_failure_of_a_success() {
    let (_, job, log) = told("excuse", JobState::Succeeded).await;
    assert_eq!(job.result(), Some(0.into()));
    assert!(log.contains(&"handler".to_owned()));
    let (_, job, _) = told("object", JobState::Scheduled).await;
    assert_eq!(job.last_error().unwrap().message, "objection");
}

#[tokio::test]
async fn directives_mean_the_same_from_an_interceptor() {
    let (_, job, _) = told("snooze", JobState::Scheduled).await;
    assert_eq!((job.attempts(), job.last_error()), (0, None));
    let (_, job, _) = told("discard", JobState::Failed).await;
    assert_eq!(job.attempts(), 1);
}

#[tokio::test]
async fn what_happens_inside_is_an_outcome() {
    let (_, job, log) = told("fail", JobState::Scheduled).await;
    assert!(log.contains(&"outermost: failure no luck".to_owned()), "{log:?}");
    assert_eq!(job.last_error().unwrap().message, "no luck");
    let (_, job, log) = told("panic", JobState::Scheduled).await;
    assert!(log.contains(&"outermost: panic".to_owned()), "{log:?}");
    let error = job.last_error().unwrap();
    assert_eq!((&*error.kind, &*error.message), ("panic", "the handler panicked: at the disco"));
    assert!(error.backtrace.as_ref().unwrap().contains("interceptors.rs"), "{error:?}");

    let (bench, log, _) = bench(|builder| builder).await;
    let job = enqueue(&bench, "hang").await;
    let row = patiently(async {
        loop {
            let details = bench.job(job.id()).await;
            if details.state() == JobState::Scheduled {
                return details.last_error().cloned().unwrap();
            }
            bench.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(row.await.message, "timed out after 30s; raise its `timeout`, or let it do less at a time");
    assert!(log.take().contains(&"outermost: timeout".to_owned()));
}

#[tokio::test]
async fn a_panic_of_an_interceptor_is_a_failure_that_names_it() {
    let (_, job, log) = told("panic outside", JobState::Scheduled).await;
    let error = job.last_error().unwrap();
    assert_eq!(
        (&*error.kind, &*error.message),
        ("panic", "the interceptor `a_judge` panicked: in the court")
    );
    assert!(error.backtrace.is_some());
    assert!(log.contains(&"outermost: panic".to_owned()), "those outside see it: {log:?}");
}

#[tokio::test]
async fn an_argument_that_cant_be_made_is_a_failure_that_names_the_interceptor() {
    let (bench, ..) = bench(|builder| builder).await;
    let job = bench.scope(async { Owned.enqueue().await.unwrap() }).await;
    let failed = bench.until(job.id(), JobState::Failed).await;
    assert_eq!(failed.last_error().unwrap().message, "the interceptor `tenants_only` can't run: no tenant");
    let job = bench.scope(async { Owned.enqueue().meta("tenant", "oslo").await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
}

#[tokio::test]
async fn a_call_in_place_has_the_same_chain() {
    let (bench, log, _) = bench(|builder| builder).await;
    assert_eq!(process(&bench, "work").await.unwrap(), 1);
    assert_eq!(log.take()[1], "audit act 1 false");
    assert_eq!(process(&bench, "answer").await.unwrap(), 7);
    let error = process(&bench, "fail").await.unwrap_err();
    assert!(matches!(&error, Error::Process { message, .. } if message == "no luck"), "{error}");
    let error = process(&bench, "panic").await.unwrap_err();
    assert_eq!(error.to_string(), "request `act` failed: the handler panicked: at the disco");
    let error = process(&bench, "stop").await.unwrap_err();
    assert!(matches!(&error, Error::Stopped { by, .. } if by == "a_judge"), "{error}");
}

#[tokio::test]
async fn a_call_in_place_times_out() {
    let (bench, ..) = bench(|builder| builder).await;
    let hanging = process(&bench, "hang");
    let time = async {
        loop {
            bench.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let ended = patiently(async {
        tokio::select! {
            ended = hanging => ended,
            () = time => unreachable!("time goes on"),
        }
    });
    let error = ended.await.unwrap_err().to_string();
    assert!(error.starts_with("request `act` failed: timed out after 30s"), "{error}");
}

#[tokio::test]
async fn an_interceptor_that_is_left_out_does_not_run() {
    let (bench, log, gate) = bench(|it| it.without_interceptor("audit").without_interceptor("timeout")).await;
    let job = enqueue(&bench, "wait").await;
    log.until("handler").await;
    bench.clock.advance(Duration::from_secs(3_600));
    gate.0.add_permits(1);
    assert_eq!(patiently(job.wait()).await.unwrap(), 1);
    assert_eq!(log.take(), ["outermost", "innermost", "handler", "outermost: success 1"]);
}

#[tokio::test]
async fn without_the_panic_guard_the_server_survives_all_the_same() {
    let (bench, log, _) = bench(|builder| builder.without_interceptor("panic_guard")).await;
    let job = enqueue(&bench, "panic").await;
    let failed = bench.until(job.id(), JobState::Scheduled).await;
    assert_eq!(failed.last_error().unwrap().message, "the handler panicked: at the disco");
    let log = log.take();
    assert!(!log.iter().any(|line| line.starts_with("outermost:")), "it went past them: {log:?}");
    assert_eq!(patiently(enqueue(&bench, "work").await.wait()).await.unwrap(), 1);
}

#[tokio::test]
async fn the_time_that_is_stored_is_the_one_that_interceptors_measure() {
    let (bench, log, gate) = bench(|builder| builder).await;
    let job = enqueue(&bench, "wait").await;
    log.until("handler").await;
    bench.clock.advance(Duration::from_secs(25));
    gate.0.add_permits(1);
    let done = bench.until(job.id(), JobState::Succeeded).await;
    let RowData::Succeeded { ran, .. } = &done.history().last().unwrap().data else { panic!("{done:?}") };
    assert_eq!(*ran, Duration::from_secs(25));
    assert!(log.take().contains(&"audit: success 1 after 25s".to_owned()));
}

#[tokio::test]
async fn an_interceptor_that_goes_on_after_a_timeout_is_dropped_when_its_grace_is_over() {
    let (bench, log, _) = bench(|builder| builder.lease(Duration::from_secs(86_400))).await;
    let job = enqueue(&bench, "linger").await;
    patiently(async {
        while !log.has("timeout") {
            bench.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Its lease lasts, so that nothing but the grace can end it.
    assert!(job.delete().await.unwrap());
    patiently(async {
        while bench.job(job.id()).await.state() != JobState::Deleted {
            bench.clock.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn leaving_out_what_is_not_there_stops_the_start() {
    let start = boltjobs::builder().store("memory").provide(Log::default());
    let start = start.provide(Gate(Arc::new(Semaphore::new(0)))).without_interceptor("audits");
    let error = start.start().await.unwrap_err().to_string();
    assert!(
        error.contains("`without_interceptor`: there is no interceptor `audits`; did you mean `audit`?"),
        "{error}"
    );
}
