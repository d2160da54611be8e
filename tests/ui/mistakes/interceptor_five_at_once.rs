use boltjobs::prelude::*;

#[request]
struct Greet;

#[interceptor(before = "trace", afer = stopwatch, only = Greet)]
fn audit(_call: &Call, _next: impl Sized) -> Outcome {
    Outcome::success(())
}

fn main() {}
