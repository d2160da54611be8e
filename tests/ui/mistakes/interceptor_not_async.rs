use boltjobs::prelude::*;

#[interceptor]
fn audit(_call: Call, _next: Next) -> Outcome {
    Outcome::success(())
}

fn main() {}
