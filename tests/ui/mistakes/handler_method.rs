use boltjobs::prelude::*;

#[request]
struct Greet;

struct Greeter;

impl Greeter {
    #[handler]
    async fn greet(&self, _: Greet) {}
}

fn main() {}
