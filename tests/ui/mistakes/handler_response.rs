use boltjobs::prelude::*;

#[request(response = bool)]
struct HasPassed;

#[handler]
async fn has_passed(_: HasPassed) -> JobResult<u64> {
    Ok(1)
}

fn main() {}
