use boltjobs::prelude::*;

#[observer]
async fn watch(_: Transition) -> bool {
    true
}

fn main() {}
