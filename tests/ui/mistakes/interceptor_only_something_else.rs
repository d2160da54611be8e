use boltjobs::prelude::*;

struct Greet;

#[interceptor(only = [Greet])]
async fn audit(call: Call, next: Next) -> Outcome {
    next.run(call).await
}

fn main() {}
