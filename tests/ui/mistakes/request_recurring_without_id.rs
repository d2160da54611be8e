use boltjobs::prelude::*;

#[request(recurring(cron = "30 2 * * *"))]
#[derive(Debug, Default)]
struct Report;

fn main() {}
