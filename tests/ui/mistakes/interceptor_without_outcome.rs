use boltjobs::prelude::*;

#[interceptor]
async fn audit(call: Call, next: Next) {
    next.run(call).await;
}

fn main() {}
