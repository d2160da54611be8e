use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
#[derive(Debug)]
struct Greet {
    name: String,
    loud: bool,
}

fn check(jobs: &TestJobs) {
    assert_scheduled!(jobs, Greet { name: "Ada", .. }, in = 3600);
}

fn main() {}
