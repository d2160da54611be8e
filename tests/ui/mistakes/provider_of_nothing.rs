use boltjobs::prelude::*;

#[provider]
async fn pool() -> JobResult {
    Ok(())
}

fn main() {}
