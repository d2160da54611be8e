use boltjobs::prelude::*;

#[request]
struct Greet;

#[interceptor]
async fn audit(_call: Greet, _next: Next) -> Outcome {
    Outcome::success(())
}

fn main() {}
