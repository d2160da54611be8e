use std::time::Duration;

use boltjobs::prelude::*;

#[request]
struct Greet;

fn slowly(attempt: u32) -> Duration {
    Duration::from_secs(60) * attempt
}

#[handler(backoff = "slowly")]
async fn greet(_: Greet) {}

fn main() {
    slowly(1);
}
