//! Every kind of job and every option, as users write it, and what became of each.

use boltjobs::{JobState, Overlap, Stats};
use boltjobs_tests::{Bench, patiently};
use chrono::{TimeZone, Utc};

#[path = "contract/scheduling.rs"]
#[rustfmt::skip]
mod scheduling;

/// Waits until nothing is ready and nothing runs.
async fn settled(bench: &Bench) -> Stats {
    patiently(async {
        loop {
            let stats = bench.client().stats().await.unwrap();
            if stats.enqueued + stats.processing == 0 {
                return stats;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn every_kind_of_job_runs_as_it_is_written() {
    let bench = Bench::start().await;
    patiently(bench.scope(scheduling::tour())).await.unwrap();
    let stats = settled(&bench).await;

    // Those at once, with options, unique, in bulk and in the batch.
    let enrolled = &stats.requests["school.enroll"];
    assert_eq!((enrolled.succeeded, enrolled.scheduled, enrolled.failed), (1 + 1 + 1 + 10 + 10, 3, 0));
    // The one after the success, not the one after the failure; and two of the batch.
    let welcomed = &stats.requests["scheduling::SendWelcome"];
    assert_eq!((welcomed.succeeded, welcomed.deleted), (3, 1));
    // What follows the batch: its success and its end.
    assert_eq!(stats.requests["scheduling::NightlyReport"].succeeded, 2);

    let batches = bench.client().batches(None, 10).await.unwrap();
    let [batch] = batches.as_slice() else { panic!("{batches:?}") };
    assert_eq!((batch.name(), batch.state()), ("autumn intake", Some(JobState::Succeeded)));
    assert_eq!((batch.total(), batch.succeeded(), batch.unfinished()), (12, 12, 0));

    let vip = bench.client().jobs().tag("vip").list().await.unwrap();
    let vip = &vip.jobs[0];
    assert_eq!((vip.queue(), vip.priority(), vip.meta()["tenant"].as_str()), ("express", 50, "oslo"));
    assert_eq!(vip.tags(), ["school", "vip"]);
    assert_eq!(vip.payload()["token"], "***");
    assert_eq!(vip.title(), "Enroll 4 in Rust");

    let definitions = bench.client().recurring_jobs().await.unwrap();
    let ids: Vec<_> = definitions.iter().map(|definition| definition.id()).collect();
    assert_eq!(ids, ["greet", "nightly-report", "quarterly"]);
    let [greet, nightly, _] = definitions.as_slice() else { panic!() };
    assert_eq!((greet.queue(), greet.overlap(), greet.is_declared()), ("mail", Overlap::Skip, false));
    assert_eq!(greet.next_run(), Some(Utc.with_ymd_and_hms(2027, 1, 1, 14, 0, 0).unwrap()));
    assert_eq!((nightly.is_declared(), nightly.timezone()), (true, "Europe/Oslo"));
    bench.server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_job_of_an_older_version_is_brought_up() {
    let bench = Bench::start().await;
    let mut spec = boltjobs_core::job::JobSpec::new("scheduling::Invite", *b"{\"student\":7}");
    spec.version = 1;
    let id = boltjobs::JobId::from_u128(7);
    let job = boltjobs_core::job::NewJob { id, spec: spec.into(), start_at: None };
    bench.store.enqueue(vec![job], boltjobs_tests::seconds(0)).await.unwrap();
    bench.until(id, JobState::Succeeded).await;
    bench.server.shutdown().await.unwrap();
}
