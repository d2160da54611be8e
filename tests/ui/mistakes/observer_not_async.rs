use boltjobs::prelude::*;

#[observer]
fn watch(_: Transition) {}

fn main() {}
