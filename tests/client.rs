//! Looking at jobs and steering them.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{JobId, RowData};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_tests::{Bench, patiently};

const HOUR: Duration = Duration::from_secs(3_600);

/// Answers with twice its number.
#[request(response = u64, display = "Double {number}")]
#[derive(Debug)]
pub struct Double {
    number: u64,
}

#[handler(retries = 0)]
async fn double(request: Double) -> JobResult<u64> {
    request.number.checked_mul(2).ok_or_else(|| "too large".into())
}

#[tokio::test]
async fn a_handle_waits_for_the_typed_result() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Double { number: 21 }.enqueue().await.unwrap() }).await;
    assert_eq!(patiently(job.wait()).await.unwrap(), 42);
    assert_eq!(patiently(job.wait()).await.unwrap(), 42, "also when it has ended");
    assert_eq!(bench.job(job.id()).await.result(), Some(serde_json::json!(42)));
}

#[tokio::test]
async fn a_thousand_who_wait_are_all_told() {
    let bench = Bench::start().await;
    let jobs = Double::enqueue_all((0..1_000).map(|number| Double { number }));
    let jobs = bench.scope(async { jobs.await.unwrap() }).await;
    let waiting: Vec<_> =
        jobs.into_iter().map(|job| tokio::spawn(async move { job.wait().await.unwrap() })).collect();
    let mut sum = 0;
    for wait in waiting {
        sum += patiently(wait).await.unwrap();
    }
    assert_eq!(sum, 999 * 1_000);
}

#[tokio::test]
async fn history_tells_each_transition_with_its_data() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Double { number: 1 }.schedule_in(HOUR).await.unwrap() }).await;
    let done = bench.advance_until(HOUR, job.id(), JobState::Succeeded).await;
    assert_eq!(done.title(), "Double 1");
    let [scheduled, enqueued, processing, succeeded] = done.history() else { panic!("{:?}", done.history()) };
    assert_eq!(scheduled.data, RowData::Scheduled { due: scheduled.at.plus(HOUR) });
    assert_eq!((enqueued.state, enqueued.at), (JobState::Enqueued, scheduled.at.plus(HOUR)));
    let RowData::Processing { server, attempt, epoch, .. } = &processing.data else {
        panic!("{processing:?}")
    };
    assert_eq!((&**server, *attempt), (bench.server.name(), 1));
    assert!(epoch.get() > 0);
    let RowData::Succeeded { result, .. } = &succeeded.data else { panic!("{succeeded:?}") };
    assert_eq!(result.as_deref(), Some(b"2".as_slice()));
}

#[tokio::test]
async fn a_job_of_a_request_that_nobody_knows_can_be_looked_at_steered_and_deleted() {
    let bench = Bench::start().await;
    let spec =
        JobSpec { title: Some("Mail to ada".to_owned()), ..JobSpec::new("old.mail", *br#"{"to":"ada"}"#) };
    let id = JobId::from_u128(9);
    bench
        .store
        .enqueue(vec![NewJob { id, spec: spec.into(), start_at: None }], bench.clock_now())
        .await
        .unwrap();
    let (client, job) = (bench.client(), bench.job(id).await);
    assert_eq!(
        (job.request_name(), job.title(), job.state()),
        ("old.mail", "Mail to ada", JobState::Enqueued)
    );
    assert_eq!(job.payload(), serde_json::json!({"to": "ada"}));
    assert_eq!(client.jobs().text("ada").list().await.unwrap().jobs.len(), 1);
    let why = client.explain(id).await.unwrap().to_string();
    assert!(why.contains("`old.mail`"), "{why}");
    assert!(client.reschedule(id, HOUR).await.unwrap());
    assert!(client.requeue(id).await.unwrap());
    assert!(client.delete(id).await.unwrap());
    assert_eq!(bench.job(id).await.state(), JobState::Deleted);
}

#[tokio::test]
async fn commands_say_whether_they_happened() {
    let bench = Bench::start().await;
    let client = bench.client();
    let job = bench.scope(async { Double { number: 1 }.schedule_in(HOUR).await.unwrap() }).await;
    let id = job.id();
    assert!(!client.delete(id).expecting(JobState::Failed).await.unwrap());
    assert_eq!(job.state().await.unwrap(), JobState::Scheduled);
    assert!(client.reschedule(id, HOUR * 2).expecting(JobState::Scheduled).await.unwrap());
    assert_eq!(bench.job(id).await.due_at().unwrap().timestamp(), 1_767_225_600 + 7_200);
    assert!(client.requeue(id).await.unwrap());
    patiently(job.wait()).await.unwrap();

    assert!(!client.delete(id).await.unwrap(), "it has ended well");
    assert!(client.requeue(id).because("once more").await.unwrap());
    patiently(job.wait()).await.unwrap();
    let again = bench.until(id, JobState::Succeeded).await;
    assert!(again.history().iter().any(|row| row.reason.as_deref() == Some("once more")));
    let unknown = JobId::from_u128(5);
    assert!(!client.delete(unknown).await.unwrap());
    assert!(client.job(unknown).await.unwrap().is_none());
}

#[tokio::test]
async fn a_deleted_job_does_not_run_and_whoever_waits_is_told() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Double { number: 1 }.schedule_in(HOUR).await.unwrap() }).await;
    assert!(bench.client().delete(job.id()).because("not wanted").await.unwrap());
    let error = patiently(job.wait()).await.unwrap_err().to_string();
    assert!(error.ends_with("ended in Deleted: not wanted"), "{error}");
    let marker = bench.scope(async { Double { number: 1 }.schedule_in(HOUR).await.unwrap() }).await;
    bench.clock.advance(HOUR);
    patiently(marker.wait()).await.unwrap();
    assert_eq!(job.state().await.unwrap(), JobState::Deleted);
}

#[tokio::test]
async fn lists_come_in_pages_newest_first() {
    let bench = Bench::start().await;
    let jobs = bench
        .scope(async {
            let mut jobs = Vec::new();
            for number in 0..5 {
                jobs.push(Double { number }.schedule_in(HOUR).await.unwrap().id());
            }
            jobs
        })
        .await;
    let client = bench.client();
    let first = client.jobs().state(JobState::Scheduled).limit(3).list().await.unwrap();
    let ids = |page: &boltjobs::Page| page.jobs.iter().map(boltjobs::JobDetails::id).collect::<Vec<_>>();
    assert_eq!(ids(&first), [jobs[4], jobs[3], jobs[2]]);
    let second = client.jobs().limit(3).after(first.next.unwrap()).list().await.unwrap();
    assert_eq!((ids(&second), second.next), (vec![jobs[1], jobs[0]], None));
    assert!(client.jobs().state(JobState::Failed).list().await.unwrap().jobs.is_empty());
    assert!(client.jobs().limit(0).list().await.unwrap_err().to_string().contains("1 to 1000"));
}

#[tokio::test]
async fn counts_are_exact_by_state_queue_and_request() {
    let bench = Bench::start().await;
    bench
        .scope(async {
            Double { number: u64::MAX }.enqueue().queue("mail").await.unwrap().wait().await.unwrap_err();
            Double { number: 1 }.enqueue().await.unwrap().wait().await.unwrap();
            Double { number: 1 }.schedule_in(HOUR).queue("mail").await.unwrap();
        })
        .await;
    let stats = bench.client().stats().await.unwrap();
    assert_eq!((stats.succeeded, stats.failed, stats.scheduled, stats.enqueued), (1, 1, 1, 0));
    assert_eq!((stats.queues["mail"].failed, stats.queues["mail"].scheduled), (1, 1));
    assert_eq!(stats.requests["client::Double"].succeeded, 1);
}

#[tokio::test]
async fn ended_jobs_are_removed_when_their_retention_is_over() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Double { number: 1 }.enqueue().await.unwrap() }).await;
    patiently(job.wait()).await.unwrap();
    bench.clock.advance(HOUR * 24 - Duration::from_secs(1));
    assert_eq!(job.state().await.unwrap(), JobState::Succeeded);
    bench.clock.advance(Duration::from_secs(1));
    patiently(async {
        while bench.client().job(job.id()).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(bench.client().stats().await.unwrap(), boltjobs::Stats::default());
    let error = job.wait().await.unwrap_err().to_string();
    assert!(error.contains("does not exist"), "{error}");
}

#[tokio::test]
async fn by_default_a_failure_is_kept_for_ninety_days_and_what_waits_for_ever() {
    let bench = Bench::start().await;
    let (failed, deleted, waits) = bench
        .scope(async {
            let failed = Double { number: u64::MAX }.enqueue().await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            let deleted = Double { number: 1 }.schedule_in(HOUR).await.unwrap();
            assert!(deleted.delete().await.unwrap());
            let later = Double { number: 1 }.schedule_in(HOUR * 24 * 365).await.unwrap();
            let follows = Double { number: 2 }.continue_after(&later).await.unwrap();
            (failed, deleted, [later, follows])
        })
        .await;
    let gone = async |job: JobId| {
        patiently(async {
            while bench.client().job(job).await.unwrap().is_some() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    bench.clock.advance(HOUR * 24);
    gone(deleted.id()).await;
    bench.clock.advance(HOUR * 24 * 89 - Duration::from_secs(1));
    assert_eq!(failed.state().await.unwrap(), JobState::Failed);
    bench.clock.advance(Duration::from_secs(1));
    gone(failed.id()).await;
    let states = [waits[0].state().await.unwrap(), waits[1].state().await.unwrap()];
    assert_eq!(states, [JobState::Scheduled, JobState::Awaiting]);
}

#[tokio::test]
async fn a_deletion_is_told_by_its_reason_and_not_by_an_older_error() {
    let bench = Bench::start().await;
    let job = bench.scope(async { Double { number: u64::MAX }.enqueue().retries(1).await.unwrap() }).await;
    bench.until(job.id(), JobState::Scheduled).await;
    assert!(bench.client().delete(job.id()).because("the customer left").await.unwrap());
    let error = patiently(job.wait()).await.unwrap_err().to_string();
    assert!(error.ends_with("ended in Deleted: the customer left"), "{error}");
}
