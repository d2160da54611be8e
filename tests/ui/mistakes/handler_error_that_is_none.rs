use boltjobs::prelude::*;

#[request]
struct Greet;

struct Refused;

#[handler]
async fn greet(_: Greet) -> Result<(), Refused> {
    Err(Refused)
}

fn main() {}
