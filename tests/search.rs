//! Finding jobs, doing something with all of them, and how long they are kept.

use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::{JobDetails, Keep, Page, Retention};
use boltjobs_tests::{Bench, patiently};

const HOUR: Duration = Duration::from_secs(3_600);

/// Fails while its word is "bad".
#[request(name = "word.say", aliases = ["word.tell"], display = "Say {word}", tags = ["spoken"])]
#[derive(Debug)]
pub struct Say {
    word: String,
}

#[handler(retries = 0)]
async fn say(request: Say) -> JobResult {
    if request.word.starts_with("bad") { Err("the WORD was bad".into()) } else { Ok(()) }
}

/// Has a secret in its payload.
#[request]
#[derive(Debug)]
pub struct Whisper {
    #[request(sensitive)]
    secret: String,
    to: String,
}

#[handler]
async fn whisper(_: Whisper, ctx: JobContext) -> JobResult {
    ctx.cancelled().await;
    Err(JobError::cancelled().into())
}

fn word(word: &str) -> Say {
    Say { word: word.to_owned() }
}

fn ids(page: &Page) -> Vec<JobId> {
    page.jobs.iter().map(JobDetails::id).collect()
}

/// Enqueues these words for later, and returns their jobs.
async fn later(words: &[&str]) -> Vec<JobId> {
    let mut jobs = Vec::new();
    for one in words {
        jobs.push(word(one).schedule_in(HOUR).await.unwrap().id());
    }
    jobs
}

#[tokio::test]
async fn jobs_are_found_by_state_queue_request_tag_and_text() {
    let bench = Bench::start().await;
    let client = bench.client();
    let (failed, mail, vip, hidden) = bench
        .scope(async {
            let failed = word("bad luck").enqueue().await.unwrap();
            patiently(failed.wait()).await.unwrap_err();
            let mail = word("hello").schedule_in(HOUR).queue("mail").await.unwrap();
            let vip = word("good bye")
                .schedule_in(HOUR)
                .queue("mail")
                .tag("vip")
                .meta("tenant", "Oslo")
                .await
                .unwrap();
            let whisper = Whisper { secret: "s3cret".into(), to: "ada".into() };
            (failed.id(), mail.id(), vip.id(), whisper.schedule_in(HOUR).await.unwrap().id())
        })
        .await;
    let found = async |query: boltjobs::JobQuery| {
        assert_eq!(
            query.clone().count().await.unwrap(),
            query.clone().list().await.unwrap().jobs.len() as u64
        );
        ids(&query.list().await.unwrap())
    };
    let jobs = || client.jobs();
    assert_eq!(found(jobs()).await, [hidden, vip, mail, failed]);
    assert_eq!(found(jobs().oldest_first()).await, [failed, mail, vip, hidden]);
    assert_eq!(found(jobs().state(JobState::Failed).request::<Say>().text("word WAS")).await, [failed]);
    assert_eq!(
        found(jobs().state(JobState::Failed).state(JobState::Scheduled).request::<Say>()).await,
        [vip, mail, failed]
    );
    assert_eq!(found(jobs().states([JobState::Succeeded, JobState::Failed])).await, [failed]);
    assert_eq!(found(jobs().queue("mail")).await, [vip, mail]);
    assert_eq!(found(jobs().queue("mail").queue("default").request::<Whisper>()).await, [hidden]);
    assert_eq!(found(jobs().tag("spoken")).await, [vip, mail, failed]);
    assert_eq!(found(jobs().tag("spoken").tag("vip")).await, [vip]);
    assert_eq!(found(jobs().tag("vip").state(JobState::Failed)).await, []);
    assert_eq!(found(jobs().text("OSLO")).await, [vip]);
    assert_eq!(found(jobs().text("say hello")).await, [mail]);
    assert_eq!(found(jobs().text(mail.to_string())).await, [mail]);
    assert_eq!(found(jobs().text("s3cret")).await, [], "a secret is told to nobody");
    assert_eq!(found(jobs().request_name("word.say").text("")).await, [vip, mail, failed]);
}

/// A job from before the request was renamed.
#[tokio::test]
async fn jobs_under_an_older_name_of_a_request_are_found() {
    let bench = Bench::with(|builder| builder.workers(0)).await;
    let spec = boltjobs_core::job::JobSpec::new("word.tell", br#"{"word":"old"}"#.as_slice());
    let old = boltjobs_core::job::NewJob { id: JobId::from_u128(7), spec: spec.into(), start_at: None };
    bench.store.enqueue(vec![old], boltjobs_tests::seconds(1)).await.unwrap();
    let new = bench.scope(async { word("new").enqueue().await.unwrap().id() }).await;
    let page = bench.client().jobs().request::<Say>().list().await.unwrap();
    assert_eq!(ids(&page), [new, JobId::from_u128(7)]);
}

#[tokio::test]
async fn pages_of_a_search_go_on_where_the_one_before_ended() {
    let bench = Bench::start().await;
    let jobs = bench.scope(later(&["one a", "two b", "three a", "four b", "five a"])).await;
    let query = || bench.client().jobs().text("SAY").request::<Say>().limit(2);
    let first = query().text(" A").list().await.unwrap();
    assert_eq!((ids(&first), first.next), (vec![jobs[4], jobs[2]], Some(jobs[2])));
    let second = query().text(" A").after(first.next.unwrap()).list().await.unwrap();
    assert_eq!((ids(&second), second.next), (vec![jobs[0]], None));
    let oldest = query().oldest_first().after(jobs[1]).list().await.unwrap();
    assert_eq!(ids(&oldest), [jobs[2], jobs[3]]);
    assert!(query().limit(1_001).list().await.unwrap_err().to_string().contains("use 1 to 1000"));
}

/// More jobs than one look at the store examines.
#[tokio::test]
async fn a_text_is_found_however_many_jobs_stand_before_it() {
    let bench = Bench::with(|builder| builder.workers(0)).await;
    let words = (0..21_000).map(|n| word(if n == 5 { "needle" } else { "hay" }));
    let jobs = bench.scope(async { Say::enqueue_all(words).await.unwrap() }).await;
    let query = bench.client().jobs().text("Needle");
    assert_eq!(query.clone().count().await.unwrap(), 1);
    let page = query.list().await.unwrap();
    assert_eq!((ids(&page), page.next), (vec![jobs[5].id()], None));
    assert_eq!(bench.client().jobs().count().await.unwrap(), 21_000);
}

#[tokio::test]
async fn all_that_failed_are_requeued_in_steps_and_each_is_reported() {
    let bench = Bench::start().await;
    let client = bench.client();
    let failed = bench
        .scope(async {
            let jobs = Say::enqueue_all((0..2_500).map(|_| word("bad"))).await.unwrap();
            for job in &jobs {
                patiently(job.wait()).await.unwrap_err();
            }
            later(&["good"]).await;
            jobs
        })
        .await;
    let report = client.jobs().state(JobState::Failed).request::<Say>().requeue_all().await.unwrap();
    assert_eq!((report.to_string(), report.skipped()), ("2500".to_owned(), &[][..]));
    let newest_first: Vec<_> = failed.iter().rev().map(JobHandle::id).collect();
    assert_eq!(report.done(), newest_first);
    for job in &failed {
        let ended = bench.until(job.id(), JobState::Failed).await;
        assert_eq!(ended.history().iter().filter(|row| row.state == JobState::Processing).count(), 2);
    }
}

#[tokio::test]
async fn a_bulk_command_reports_what_it_skips() {
    let bench = Bench::start().await;
    let client = bench.client();
    let [done, one, two, runs] = bench
        .scope(async {
            let done = word("good").enqueue().await.unwrap();
            patiently(done.wait()).await.unwrap();
            let [one, two] = later(&["one", "two"]).await[..] else { panic!("two words") };
            let runs = Whisper { secret: String::new(), to: "ada".into() }.enqueue().await.unwrap().id();
            bench.until(runs, JobState::Processing).await;
            [done.id(), one, two, runs]
        })
        .await;
    let few = client.jobs().request::<Say>().limit(1).delete_all().await.unwrap();
    assert_eq!((few.done(), few.skipped()), (&[two][..], &[][..]));
    let report = client.jobs().delete_all().await.unwrap();
    assert_eq!((report.done(), report.skipped()), (&[runs, one][..], &[two, done][..]));
    assert_eq!(report.to_string(), "2");
    bench.until(runs, JobState::Deleted).await;
    let none = client.jobs().state(JobState::Failed).requeue_all().await.unwrap();
    assert_eq!(none, boltjobs::BulkReport::default());
    assert_eq!(client.jobs().tag("spoken").requeue_all().await.unwrap().done(), [two, one, done]);
}

#[tokio::test]
async fn no_more_ended_jobs_are_kept_than_were_asked_for() {
    let kept = Retention::default().succeeded(Keep::for_age(HOUR * 24).at_most(3)).failed(HOUR);
    let bench = Bench::with(|builder| builder.retention(kept).workers(1)).await;
    let client = bench.client();
    let jobs = bench
        .scope(async {
            let jobs = Say::enqueue_all((0..10).map(|_| word("good"))).await.unwrap();
            patiently(jobs[9].wait()).await.unwrap();
            jobs
        })
        .await;
    patiently(async {
        while client.jobs().state(JobState::Succeeded).count().await.unwrap() > 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let left = ids(&client.jobs().list().await.unwrap());
    assert_eq!(left, [9, 8, 7].map(|n| jobs[n].id()));
}
