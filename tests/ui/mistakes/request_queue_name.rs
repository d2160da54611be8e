use boltjobs::prelude::*;

#[request(queue = "High Priority")]
struct Greet;

fn main() {}
