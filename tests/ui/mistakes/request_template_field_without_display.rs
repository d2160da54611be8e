use boltjobs::prelude::*;

#[request(display = "Enroll {students}")]
struct Enroll {
    students: Vec<u64>,
}

fn main() {}
