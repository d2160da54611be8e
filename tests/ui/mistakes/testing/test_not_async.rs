use boltjobs::prelude::*;
use boltjobs::testing::*;

#[request]
struct Greet;

#[boltjobs::test]
fn a_greeting_is_enqueued(jobs: TestJobs) {
    assert_not_enqueued!(jobs, Greet);
}

fn main() {}
