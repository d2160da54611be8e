use boltjobs::prelude::*;

#[handler(retires = 5, backoff = "slowly", timeout = "soon", on_exhausted = "delte")]
async fn greet() {}

fn main() {}
