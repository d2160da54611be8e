//! What is acknowledged is on the disk itself: the system calls are counted from outside, by `strace`.

use std::process::Command;

use boltjobs_core::store::Store;
use boltjobs_sled::SledStore;
use pollster::block_on;

mod common;

/// The folder of the child, which enqueues and ends.
const FOLDER: &str = "BOLTJOBS_SYNCED_FOLDER";
const GROUPS: u64 = 20;

#[test]
fn each_acknowledged_group_is_followed_by_an_fdatasync() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let store = SledStore::open(folder).unwrap();
        for number in 0..GROUPS {
            // Each is awaited, so each is a group of its own.
            block_on(store.enqueue(vec![common::job(number, 100)], common::at(0))).unwrap();
        }
        // Nothing is closed: what follows an acknowledgement must have come before it.
        std::process::exit(0);
    }
    let found = Command::new("strace").arg("--version").output();
    if found.is_err() && std::env::var_os("CI").is_none() {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls");
    let traced = Command::new("strace")
        .args(["-f", "-e", "trace=fdatasync", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "each_acknowledged_group_is_followed_by_an_fdatasync", "--nocapture"])
        .env(FOLDER, folder.path().join("jobs"))
        .output()
        .expect("strace runs; install it");
    assert!(traced.status.success(), "{traced:?}");
    let calls = std::fs::read_to_string(&log).unwrap();
    let syncs = calls.lines().filter(|line| line.contains("fdatasync(") && !line.contains("= -1")).count();
    assert!(syncs as u64 >= GROUPS, "{syncs} syncs for {GROUPS} acknowledged groups:\n{calls}");
}
