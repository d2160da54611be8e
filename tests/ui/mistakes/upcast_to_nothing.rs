use boltjobs::prelude::*;

#[upcast(from = 1)]
fn invite_from_v1(_: u64) {}

fn main() {}
