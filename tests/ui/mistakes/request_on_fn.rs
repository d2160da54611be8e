use boltjobs::prelude::*;

#[request]
fn greet() {}

fn main() {}
