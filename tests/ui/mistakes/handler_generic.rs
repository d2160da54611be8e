use boltjobs::prelude::*;

#[request]
struct Greet;

#[handler]
async fn greet<T>(_: Greet, _: Data<T>) {}

fn main() {}
