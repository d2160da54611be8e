use boltjobs::prelude::*;

#[request(version = 2)]
#[derive(Debug)]
struct Invite {
    student: u64,
}

struct NoError;

#[upcast(from = 1)]
fn invite_from_v1(old: u64) -> Result<Invite, NoError> {
    Ok(Invite { student: old })
}

fn main() {}
