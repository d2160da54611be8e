use boltjobs::prelude::*;

#[observer]
async fn watch(_: Transition, _: JobContext) {}

fn main() {}
