//! What a backlog costs in memory.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use boltjobs_core::job::NewJob;
use boltjobs_core::store::Store;
use boltjobs_sled::SledStore;
use common::{at, job};
use peak_alloc::PeakAlloc;
use pollster::block_on;
use tempfile::tempdir;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The bytes for each job that waits, beside its payload, that `docs/guarantees.md` states.
const STATED: usize = 2_000;
const PAYLOAD: usize = 250;
const JOBS: u64 = 40_000;

/// Adds so many jobs, and returns by how many bytes each of them has made the process grow.
fn growth(store: &SledStore, first: u64, start: Option<boltjobs_core::Timestamp>) -> usize {
    let before = MEMORY.current_usage();
    for batch in 0..JOBS / 1_000 {
        let numbers = (0..1_000).map(|number| first + batch * 1_000 + number);
        let jobs = numbers.map(|number| NewJob { start_at: start, ..job(number, PAYLOAD) }).collect();
        block_on(store.enqueue(jobs, at(0))).unwrap();
    }
    MEMORY.current_usage().saturating_sub(before) / usize::try_from(JOBS).unwrap()
}

#[test]
fn a_waiting_job_takes_no_more_memory_than_is_stated() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    // The first ones pay for what the store needs in any case.
    growth(&store, 0, None);
    for (first, start) in [(1, None), (2, Some(at(1_000)))] {
        let bytes = growth(&store, first * 1_000_000, start);
        assert!(bytes > PAYLOAD / 2, "{bytes} bytes for each job: is it measured at all?");
        assert!(bytes <= STATED + PAYLOAD, "{bytes} bytes for each job, due at {start:?}");
    }
}
