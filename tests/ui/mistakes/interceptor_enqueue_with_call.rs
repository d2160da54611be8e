use boltjobs::prelude::*;

#[interceptor(enqueue)]
async fn stamp(call: Call, next: Next) -> Outcome {
    next.run(call).await
}

fn main() {}
