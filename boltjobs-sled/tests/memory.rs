//! What a backlog costs in memory.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use boltjobs_core::job::NewJob;
use boltjobs_core::store::Store;
use boltjobs_core::{JobState, Timestamp};
use boltjobs_sled::{SledOptions, SledStore};
use common::{at, job, run};
use peak_alloc::PeakAlloc;
use pollster::block_on;
use tempfile::tempdir;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The bytes for each job that waits, beside its payload, that `docs/guarantees.md` states.
const STATED: usize = 2_000;
/// The same, with its payload, when the records of many others are in memory.
const STATED_BEYOND: usize = 150;
/// The same of a job that has ended and is retained.
const STATED_ENDED: usize = 250;
const JOBS: u64 = 40_000;

/// Adds so many jobs, and returns by how many bytes each of them has made the process grow.
fn growth(store: &SledStore, first: u64, payload: usize, start: Option<Timestamp>) -> usize {
    let before = MEMORY.current_usage();
    for batch in 0..JOBS / 1_000 {
        let numbers = (0..1_000).map(|number| first + batch * 1_000 + number);
        let jobs = numbers.map(|number| NewJob { start_at: start, ..job(number, payload) }).collect();
        block_on(store.enqueue(jobs, at(0))).unwrap();
    }
    settled(store);
    MEMORY.current_usage().saturating_sub(before) / usize::try_from(JOBS).unwrap()
}

/// Waits until what earlier groups have evicted is freed, which is done behind their answers.
fn settled(store: &SledStore) {
    for pause in [true, false] {
        block_on(store.pause("settled".into(), pause, at(0))).unwrap();
    }
}

#[test]
fn a_waiting_job_takes_no_more_memory_than_is_stated() {
    const PAYLOAD: usize = 250;
    let directory = tempdir().unwrap();
    let store = SledOptions::new().memory(u64::MAX).open(directory.path()).unwrap();
    // The first ones pay for what the store needs in any case.
    growth(&store, 0, PAYLOAD, None);
    for (first, start) in [(1, None), (2, Some(at(1_000)))] {
        let bytes = growth(&store, first * 1_000_000, PAYLOAD, start);
        assert!(bytes > PAYLOAD / 2, "{bytes} bytes for each job: is it measured at all?");
        assert!(bytes <= STATED + PAYLOAD, "{bytes} bytes for each job, due at {start:?}");
    }
    drop(store);

    let directory = tempdir().unwrap();
    // A buffer of sled has the size of a segment, and there is one more or one less.
    let store = SledOptions::new().memory(1 << 20).segment_size(2 << 20).open(directory.path()).unwrap();
    // Sled keeps some leaves in any case, whatever is in them, so that one fill takes more and the next one less.
    let fill = |numbers: std::ops::Range<u64>, start| -> usize {
        let fills = numbers.map(|number| growth(&store, number * 1_000_000, 2_000, start));
        let fills: Vec<_> = fills.collect();
        fills.iter().sum::<usize>() / fills.len()
    };
    fill(0..5, None);
    for (numbers, start) in [(5..9, None), (9..13, Some(at(1_000)))] {
        let bytes = fill(numbers, start);
        assert!(bytes > 40, "{bytes} bytes for each job: is it measured at all?");
        assert!(bytes <= STATED_BEYOND, "{bytes} bytes for each job of a long backlog, due at {start:?}");
    }
}

#[test]
fn a_job_that_has_ended_takes_no_more_memory_than_is_stated() {
    let directory = tempdir().unwrap();
    let store = SledOptions::new().memory(1 << 20).segment_size(2 << 20).open(directory.path()).unwrap();
    let round = |number: u64| {
        let before = MEMORY.current_usage();
        growth(&store, number * 1_000_000, 2_000, None);
        while run(&store, 1_000, 1) > 0 {}
        settled(&store);
        MEMORY.current_usage().saturating_sub(before)
    };
    (0..5).for_each(|number| {
        round(number);
    });
    let bytes = (5..9).map(round).sum::<usize>() / (4 * usize::try_from(JOBS).unwrap());
    assert_eq!(block_on(store.counts()).unwrap().states.get(JobState::Succeeded), 9 * JOBS);
    assert!(bytes > 40, "{bytes} bytes for each job: is it measured at all?");
    assert!(bytes <= STATED_ENDED, "{bytes} bytes for each job that has ended");
}
