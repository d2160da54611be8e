use boltjobs::prelude::*;

#[observer]
async fn watch(_: JobContext) {}

fn main() {}
