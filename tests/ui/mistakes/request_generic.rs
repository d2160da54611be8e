use boltjobs::prelude::*;

#[request]
struct Resize<T> {
    image: T,
}

fn main() {}
