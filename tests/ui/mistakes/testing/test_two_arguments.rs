use boltjobs::testing::*;

#[boltjobs::test]
async fn a_greeting_is_enqueued(jobs: TestJobs, name: String) {
    jobs.drain().await;
    drop(name);
}

fn main() {}
