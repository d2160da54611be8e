use boltjobs::prelude::*;

#[interceptor]
async fn audit(_call: Call) -> Outcome {
    Outcome::success(())
}

fn main() {}
