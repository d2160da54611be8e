use boltjobs::prelude::*;

#[interceptor]
async fn audit(call: Call, next: Next, tenant: String) -> Outcome {
    drop(tenant);
    next.run(call).await
}

fn main() {}
