#![allow(warnings, clippy::all, clippy::pedantic, clippy::restriction)]
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::store::Store;
use boltjobs_core::{JobId, Timestamp};
use boltjobs_sled::SledOptions;
use pollster::block_on;
fn rss() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().find(|l| l.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let cache: u64 = a[1].parse().unwrap();
    let memory: u64 = a[2].parse().unwrap();
    let total: u64 = a[3].parse().unwrap();
    let d = tempfile::tempdir().unwrap();
    let store = SledOptions::new().cache(cache).memory(memory).open(d.path()).unwrap();
    let now = Timestamp::from_micros(1_700_000_000_000_000);
    let mut base = 0;
    for call in 0..total / 10_000 {
        let jobs = (0..10_000u64)
            .map(|n| {
                let n = call * 10_000 + n;
                NewJob {
                    id: JobId::from_parts(now, u128::from(n)),
                    spec: JobSpec::new("bench", format!("{{\"n\":{n:050}}}").into_bytes()),
                    start_at: None,
                }
            })
            .collect();
        block_on(store.enqueue(jobs, now)).unwrap();
        if call % 10 == 9 {
            println!("{} {} KiB", (call + 1) * 10_000, rss());
            if call == 9 {
                base = rss()
            }
        }
    }
    println!("per job {}", (rss() - base) * 1024 / (total - 100_000));
}
