use boltjobs::prelude::*;

#[request]
struct Greet;

#[handler(retires = 5)]
async fn greet(_: Greet) {}

fn main() {}
