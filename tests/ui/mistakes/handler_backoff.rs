use boltjobs::prelude::*;

#[request]
struct Greet;

#[handler(backoff = "exponentail(2s)")]
async fn greet(_: Greet) {}

fn main() {}
