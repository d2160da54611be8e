use boltjobs::prelude::*;

struct Greet;

#[handler]
async fn greet(_: Greet) {}

fn main() {}
