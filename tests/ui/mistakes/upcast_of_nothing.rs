use boltjobs::prelude::*;

#[request(version = 2)]
#[derive(Debug)]
struct Invite {
    student: u64,
}

#[upcast(from = 1)]
fn invite_from_v1() -> Invite {
    Invite { student: 0 }
}

fn main() {}
