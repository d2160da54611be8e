use boltjobs::prelude::*;

#[request(version = 2)]
#[derive(Debug)]
struct Invite {
    student: u64,
}

struct InviteV1 {
    student: u64,
}

#[upcast(from = 1)]
fn invite_from_v1(old: InviteV1) -> Invite {
    Invite { student: old.student }
}

fn main() {}
