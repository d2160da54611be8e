use boltjobs::prelude::*;

#[observer(onyl = [Greet])]
async fn watch(_: Transition) {}

fn main() {}
