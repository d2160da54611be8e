use boltjobs::prelude::*;

#[request(display = "{student}")]
enum Change {
    Enroll { student: u64 },
    Leave { student: u64 },
}

fn main() {}
