use boltjobs::prelude::*;

#[request(version = 2)]
#[derive(Debug)]
struct Invite {
    student: u64,
}

#[upcast]
fn invite_from_v1(old: u64) -> Invite {
    Invite { student: old }
}

fn main() {}
