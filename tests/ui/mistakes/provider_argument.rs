use boltjobs::prelude::*;

#[provider]
fn pool(_: JobContext) -> String {
    String::new()
}

fn main() {}
