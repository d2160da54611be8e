use boltjobs::testing::*;

#[boltjobs::test(wiht = |builder| builder.workers(1))]
async fn a_greeting_is_enqueued(jobs: TestJobs) {
    jobs.drain().await;
}

fn main() {}
