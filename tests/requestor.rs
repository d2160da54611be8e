//! Calling handlers in place, as users write it, with what surrounds them.

use boltjobs::{Error, JobState};
use boltjobs_tests::{Bench, patiently};

#[path = "contract/requestor.rs"]
#[rustfmt::skip]
mod requestor;

#[tokio::test]
async fn a_call_in_place_goes_through_its_interceptors() {
    let bench = Bench::start().await;
    bench.scope(requestor::tour()).await.unwrap();
    let unknown = || requestor::HasPassed { student: 0 };
    let error = bench.scope(async { unknown().process().await }).await.unwrap_err();
    assert!(matches!(error, Error::Stopped { .. }));
    assert_eq!(
        error.to_string(),
        "request `requestor::HasPassed` was stopped by the interceptor `deny_unknown_students`: student 0 does not exist"
    );
    assert_eq!(bench.client().stats().await.unwrap(), boltjobs::Stats::default(), "nothing is stored");

    let job = bench.scope(async { unknown().enqueue().await.unwrap() }).await;
    let stopped = patiently(job.wait()).await.unwrap_err().to_string();
    assert!(stopped.ends_with("`deny_unknown_students`: student 0 does not exist"), "{stopped}");
    assert_eq!(job.state().await.unwrap(), JobState::Deleted);
    bench.server.shutdown().await.unwrap();
}
