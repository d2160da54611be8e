use boltjobs::prelude::*;

#[request]
struct Greet;

#[handler]
async fn greet(_: Greet, _: u32) {}

fn main() {}
