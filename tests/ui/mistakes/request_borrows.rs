use boltjobs::prelude::*;

#[request]
struct Greet<'a> {
    name: &'a str,
}

fn main() {}
