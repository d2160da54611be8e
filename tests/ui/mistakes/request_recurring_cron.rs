use boltjobs::prelude::*;

#[request(recurring(id = "nightly", cron = "30 25 * * *"))]
#[derive(Debug, Default)]
struct Report;

fn main() {}
