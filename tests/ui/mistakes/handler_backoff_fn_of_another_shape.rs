use boltjobs::prelude::*;

#[request]
struct Greet;

fn slowly(attempt: u64) -> u64 {
    60 * attempt
}

#[handler(backoff = slowly)]
async fn greet(_: Greet) {}

fn main() {}
