use boltjobs::prelude::*;

#[interceptor(befor = trace)]
async fn audit(call: Call, next: Next) -> Outcome {
    next.run(call).await
}

fn main() {}
