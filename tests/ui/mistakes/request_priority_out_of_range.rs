use boltjobs::prelude::*;

#[request(priority = -101)]
struct Greet;

fn main() {}
