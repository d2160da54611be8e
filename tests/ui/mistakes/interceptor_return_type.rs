use boltjobs::prelude::*;

#[interceptor]
async fn audit(_call: Call, _next: Next) -> JobResult {
    Ok(())
}

fn main() {}
