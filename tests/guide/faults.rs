use std::time::Duration;

use boltjobs::prelude::*;
use boltjobs::testing::*;

use crate::first::fake_bank;
use crate::program::{Charge, SendReceipt};

#[boltjobs::test]
async fn an_outcome_that_could_not_be_stored_is_stored_later(jobs: TestJobs) {
    fake_bank(&jobs);
    jobs.fail_nth(StoreCall::Settle, 1);
    Charge { order: 17 }.enqueue().await.unwrap();

    let report = jobs.drain().await;
    assert_eq!((report.attempts(), report.succeeded::<Charge>()), (1, 1));
    assert!(jobs.pending_faults().is_empty(), "it has happened");
}

#[boltjobs::test]
async fn an_enqueue_that_fails_is_told_to_its_caller(jobs: TestJobs) {
    jobs.fail_nth(StoreCall::Enqueue, 1);
    assert!(Charge { order: 17 }.enqueue().await.is_err());
    assert_not_enqueued!(jobs, Charge { .. });
}

#[boltjobs::test]
async fn an_order_is_charged_once_wherever_the_process_dies(jobs: TestJobs) {
    let bank = fake_bank(&jobs);
    for (order, point) in (0..).zip(CrashPoint::all()) {
        jobs.crash_at(point);
        // The call of the test itself may be the one that dies. It says so, and nobody knows what was stored.
        let enqueued = Charge { order }.enqueue().await;
        let report = jobs.run_until_idle().await;
        let charged = bank.charged().into_iter().filter(|charged| *charged == order).count();
        assert!(charged == 1 || enqueued.is_err() && charged == 0, "{point}: {report}");
    }
}

#[boltjobs::test]
async fn a_crash_in_the_middle_of_a_handler(jobs: TestJobs) {
    let bank = fake_bank(&jobs);
    let job = Charge { order: 17 }.enqueue().await.unwrap();

    jobs.begin().await; // it has charged, and prints
    assert_eq!(job.state().await.unwrap(), JobState::Processing);
    jobs.crash().await;

    let report = jobs.run_until_idle().await;
    assert_eq!((report.succeeded::<Charge>(), report.succeeded::<SendReceipt>()), (1, 1));
    assert_eq!(bank.charged(), [17]);
}

#[boltjobs::test]
async fn a_job_that_was_taken_away_counts_once(jobs: TestJobs) {
    fake_bank(&jobs);
    let job = Charge { order: 17 }.enqueue().await.unwrap();

    jobs.begin().await;
    jobs.expire_lease(&job).await;
    assert_eq!(jobs.drain().await.succeeded::<Charge>(), 1);

    Charge { order: 18 }.enqueue().await.unwrap();
    jobs.begin().await;
    jobs.pause(Duration::from_secs(120)).await;
    assert_eq!(jobs.run_until_idle().await.failed::<Charge>(), 0);
}
