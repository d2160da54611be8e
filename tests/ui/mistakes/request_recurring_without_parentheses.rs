use boltjobs::prelude::*;

#[request(recurring = "30 2 * * *")]
#[derive(Debug, Default)]
struct Report;

fn main() {}
