use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
#[derive(Debug)]
struct Greet {
    name: String,
    loud: bool,
}

fn check(jobs: &TestJobs) {
    let expected = Greet { name: "Ada".into(), loud: true };
    assert_enqueued!(jobs, expected);
}

fn main() {}
