use boltjobs::prelude::*;

#[request]
struct Greet;

#[handler]
async fn greet(_request: &Greet) {}

fn main() {}
