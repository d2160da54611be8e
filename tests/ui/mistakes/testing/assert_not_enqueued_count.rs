use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
#[derive(Debug)]
struct Greet {
    name: String,
    loud: bool,
}

fn check(jobs: &TestJobs) {
    assert_not_enqueued!(jobs, Greet { name: "Ada", .. }, count = 0);
}

fn main() {}
