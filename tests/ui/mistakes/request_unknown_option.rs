use boltjobs::prelude::*;

#[request(prioirty = 5)]
struct Greet;

#[handler]
async fn greet(_: Greet) {}

fn main() {
    let _ = Greet.enqueue();
}
