use boltjobs::testing::*;

#[boltjobs::simulate]
async fn nothing_is_lost(jobs: TestJobs) {
    jobs.run_until_idle().await;
}

fn main() {}
