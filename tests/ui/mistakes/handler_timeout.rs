use boltjobs::prelude::*;

#[request]
struct Greet;

#[handler(timeout = "30 parsecs")]
async fn greet(_: Greet) {}

fn main() {}
