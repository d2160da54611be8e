use boltjobs::prelude::*;

#[handler]
async fn greet() {}

fn main() {}
