use boltjobs::prelude::*;

#[interceptor(before = "trace")]
async fn audit(call: Call, next: Next) -> Outcome {
    next.run(call).await
}

fn main() {}
