use boltjobs::prelude::*;

#[request(display = "Enroll {studnet}")]
struct Enroll {
    student: u64,
    course: String,
}

fn main() {}
