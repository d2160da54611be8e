use boltjobs::prelude::*;

#[request(recurring(
    id = "nightly",
    cron = "30 2 * * *",
    timezone = "Oslo",
    misfire = "fire_all(0)",
    overlap = "none",
    jitter = "ten seconds",
    ends_at = "tomorrow",
))]
#[derive(Debug, Default)]
struct Report;

fn main() {}
