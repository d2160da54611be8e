//! Interceptors around enqueueing: one call for each write.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use boltjobs::Error;
use boltjobs::prelude::*;
use boltjobs_tests::Bench;
use chrono::{DateTime, Utc};

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
}

/// Nobody handles it, so that it stays as it was written.
#[request(display = "Mail to {to}", queue = "mail")]
#[derive(Debug)]
pub struct Mail {
    to: String,
}

/// Concerns nobody.
#[request]
#[derive(Debug)]
pub struct Quiet;

fn mail(to: &str) -> Mail {
    Mail { to: to.to_owned() }
}

#[interceptor(enqueue, only = [Mail])]
async fn b_outer(jobs: Submission, next: NextSubmission, log: Data<Log>) -> boltjobs::Result<Receipt> {
    let titles: Vec<_> = jobs.iter().map(|job| format!("{} in {}", job.title(), job.queue())).collect();
    log.note(titles.join(", "));
    let receipt = next.run(jobs).await;
    match &receipt {
        Ok(receipt) => log.note(format!("{} written", receipt.ids().len())),
        Err(error) => log.note(error.to_string()),
    }
    receipt
}

#[interceptor(enqueue, after = b_outer, only = [Mail])]
async fn a_judge(mut jobs: Submission, next: NextSubmission) -> boltjobs::Result<Receipt> {
    for job in &mut jobs {
        let to = job.request::<Mail>().expect("it is a mail").to;
        assert!(job.request::<Quiet>().is_none());
        match to.as_str() {
            "nobody" => return Err(Error::refused("nobody reads it")),
            "bad queue" => job.set_queue("No Queue")?,
            "bad priority" => job.set_priority(101)?,
            "bad timeout" => job.set_timeout(Duration::ZERO)?,
            "boom" => panic!("at {to}"),
            _ => {}
        }
        job.set_queue("express")?;
        job.set_priority(job.priority() + 5)?;
        job.set_retries(2);
        job.set_timeout(Duration::from_secs(7))?;
        job.add_tag("judged");
        let tenant = job.meta("tenant").unwrap_or("nobody").to_uppercase();
        job.set_meta("tenant", tenant);
        if let Some(at) = job.start_at() {
            job.set_meta("starts", at.to_rfc3339());
        }
    }
    next.run(jobs).await
}

#[interceptor(enqueue, after = a_judge, only = [Mail])]
async fn innermost(jobs: Submission, next: NextSubmission, log: Data<Log>) -> boltjobs::Result<Receipt> {
    log.note("innermost");
    let ids: Vec<_> =
        jobs.iter().map(|job| (job.id(), job.request_name().to_owned(), job.tags().len())).collect();
    assert!(ids.iter().all(|(_, name, tags)| name == "submissions::Mail" && *tags == 1));
    let receipt = next.run(jobs).await?;
    assert!(receipt.ids().eq(ids.iter().map(|(id, ..)| *id)));
    Ok(receipt)
}

async fn bench() -> (Bench, Log) {
    let log = Log::default();
    let given = log.clone();
    (Bench::with(|builder| builder.provide(given)).await, log)
}

#[tokio::test]
async fn one_write_is_one_call_whatever_its_size() {
    let (bench, log) = bench().await;
    let handles = bench.scope(async { Mail::enqueue_all(["ada", "bob"].map(mail)).await.unwrap() }).await;
    assert_eq!(handles.len(), 2);
    assert_eq!(log.take(), ["Mail to ada in mail, Mail to bob in mail", "innermost", "2 written"]);
    bench.scope(async { Quiet.enqueue().await.unwrap() }).await;
    assert_eq!(log.take(), [""; 0], "it is none of their requests");
}

#[tokio::test]
async fn an_interceptor_changes_what_is_written() {
    let (bench, _) = bench().await;
    let at: DateTime<Utc> = "2031-01-01T08:00:00Z".parse().unwrap();
    let job =
        bench.scope(async { mail("ada").schedule_at(at).meta("tenant", "oslo").priority(90).await.unwrap() });
    let job = bench.job(job.await.id()).await;
    assert_eq!((job.queue(), job.priority(), job.tags()), ("express", 95, &["judged".to_owned()][..]));
    assert_eq!((&*job.meta()["tenant"], &*job.meta()["starts"]), ("OSLO", "2031-01-01T08:00:00+00:00"));
    let stored = bench.store.job(job.id()).await.unwrap().unwrap();
    assert_eq!((stored.spec.retries, stored.spec.timeout), (Some(2), Some(Duration::from_secs(7))));
}

#[tokio::test]
async fn a_refused_write_is_told_to_those_outside_and_leaves_nothing() {
    let (bench, log) = bench().await;
    let all = bench.scope(async { Mail::enqueue_all(["ada", "nobody"].map(mail)).await });
    let error = all.await.unwrap_err().to_string();
    assert_eq!(error, "the enqueue was refused by the interceptor `a_judge`: nobody reads it");
    assert_eq!(log.take()[1..], [error], "the one outside is told, the one inside is not called");
    assert_eq!(bench.client().stats().await.unwrap(), boltjobs::Stats::default());
}

#[tokio::test]
async fn a_write_that_the_store_refuses_is_told_to_all_around_it() {
    let (bench, log) = bench().await;
    let unknown = boltjobs::JobId::from_u128(7);
    let refused = bench.scope(async { mail("ada").continue_after(unknown).await }).await;
    let error = refused.unwrap_err();
    assert!(matches!(&error, Error::Store(_)), "{error}");
    assert_eq!(log.take(), ["Mail to ada in mail", "innermost", &error.to_string()]);
    assert_eq!(bench.client().stats().await.unwrap(), boltjobs::Stats::default());
}

#[tokio::test]
async fn what_an_interceptor_sets_is_checked_and_its_panic_is_an_error() {
    let (bench, _) = bench().await;
    for (to, expected) in [
        ("bad queue", "invalid queue name `No Queue`"),
        ("bad priority", "priority 101 is out of range"),
        ("bad timeout", "a timeout of zero"),
        ("boom", "the interceptor `a_judge` panicked: at boom"),
    ] {
        let error = bench.scope(async { mail(to).enqueue().await }).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert_eq!(bench.client().stats().await.unwrap(), boltjobs::Stats::default());
}

#[tokio::test]
async fn an_interceptor_around_enqueueing_can_be_left_out() {
    let log = Log::default();
    let given = log.clone();
    let bench = Bench::with(|builder| builder.provide(given).without_interceptor("a_judge")).await;
    let mails = bench.scope(async { Mail::enqueue_all(["nobody"].map(mail)).await });
    // The one that is left reads a tag that nobody has set.
    assert!(mails.await.unwrap_err().to_string().starts_with("the interceptor `innermost` panicked"));
    assert_eq!(log.take()[0], "Mail to nobody in mail");
}
