use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
#[derive(Debug)]
struct Greet {
    name: String,
    loud: bool,
}

fn check(jobs: &TestJobs) {
    assert_enqueued!(jobs);
}

fn main() {}
