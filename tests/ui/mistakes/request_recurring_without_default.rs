use boltjobs::prelude::*;

#[request(recurring(id = "nightly", cron = "30 2 * * *"))]
#[derive(Debug)]
struct Report {
    month: u8,
}

fn main() {}
