use boltjobs::prelude::*;

#[request(response = bool)]
struct HasPassed;

#[handler]
async fn has_passed(_: HasPassed) {}

fn main() {}
