use boltjobs::prelude::*;

#[request(concurrency_key = "all")]
#[derive(Debug)]
struct Greet;

#[handler(concurrency_per_key = 0)]
async fn greet(_: Greet) {}

fn main() {}
