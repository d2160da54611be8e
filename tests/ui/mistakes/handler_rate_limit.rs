use boltjobs::prelude::*;

#[request]
#[derive(Debug)]
struct Greet;

#[handler(rate_limit = "100 per minute")]
async fn greet(_: Greet) {}

fn main() {}
