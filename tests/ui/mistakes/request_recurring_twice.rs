use boltjobs::prelude::*;

#[request(
    recurring(id = "report", cron = "30 2 * * *"),
    recurring(id = "report", cron = "30 14 * * *"),
)]
#[derive(Debug, Default)]
struct Report;

fn main() {}
