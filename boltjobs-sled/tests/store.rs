//! What the store promises beyond the laws that every store keeps.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use boltjobs_core::JobState;
use boltjobs_core::store::{Retention, Store, StoreError};
use boltjobs_sled::SledStore;
use common::{at, id, job, run, small};
use pollster::block_on;
use tempfile::tempdir;

#[test]
fn what_was_answered_is_there_after_the_store_is_opened_again() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    block_on(store.enqueue((0..10).map(|number| job(number, 250)).collect(), at(0))).unwrap();
    assert_eq!(run(&store, 3, 1), 3);
    block_on(store.close()).unwrap();

    let store = SledStore::open(directory.path()).unwrap();
    let counts = block_on(store.counts()).unwrap();
    assert_eq!(counts.states.get(JobState::Succeeded), 3);
    assert_eq!(counts.states.get(JobState::Enqueued), 7);
    assert_eq!(run(&store, 100, 2), 7);
}

#[test]
fn a_store_that_was_dropped_lets_go_and_has_lost_nothing() {
    let directory = tempdir().unwrap();
    for round in 0..20 {
        let store = small().open(directory.path()).unwrap();
        assert_eq!(block_on(store.counts()).unwrap().states.total(), round);
        block_on(store.enqueue(vec![job(round, 10)], at(0))).unwrap();
    }
}

#[test]
fn a_closed_store_says_so() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    block_on(store.close()).unwrap();
    block_on(store.close()).unwrap();
    assert_eq!(block_on(store.counts()), Err(StoreError::Closed));
    assert_eq!(block_on(store.enqueue(vec![job(1, 10)], at(0))), Err(StoreError::Closed));
}

#[test]
fn each_group_is_synced() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    for number in 0..10 {
        block_on(store.enqueue(vec![job(number, 10)], at(0))).unwrap();
    }
    let stats = store.stats();
    assert!(stats.groups >= 11 && stats.syncs >= stats.groups, "{stats:?}");
}

#[test]
fn a_large_payload_is_there_after_the_store_is_opened_again() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    let sizes = [1 << 20, 65_300, 65_400, 65_410, 65_420, 65_430, 65_440, 65_500, 65_536, 200_000];
    for (number, size) in (0..).zip(sizes) {
        block_on(store.enqueue(vec![job(number, size)], at(0))).unwrap();
    }
    block_on(store.close()).unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    for (number, size) in (0..).zip(sizes) {
        let found = block_on(store.job(id(number))).unwrap().unwrap();
        assert!(found.spec.payload == job(number, size).spec.payload, "{size}");
    }
}

#[test]
fn chunks_as_large_as_they_get_make_no_blobs() {
    let directory = tempdir().unwrap();
    let store = small().compaction_floor(1 << 20).open(directory.path()).unwrap();
    let blobs = || std::fs::read_dir(directory.path().join("blobs")).unwrap().count();
    let mut fullest = 0;
    for round in 0..100 {
        // Each is split into several full chunks, whatever their size is.
        let jobs = (0..5).map(|number| job(round * 5 + number, 20_000)).collect();
        block_on(store.enqueue(jobs, at(0))).unwrap();
        fullest = fullest.max(blobs());
    }
    block_on(store.close()).unwrap();
    assert_eq!((fullest, blobs()), (0, 0));
}

#[test]
fn the_journal_shrinks_to_what_lives() {
    let directory = tempdir().unwrap();
    let store = small().open(directory.path()).unwrap();
    block_on(store.enqueue(vec![job(1_000_000, 250)], at(0))).unwrap();
    let retention = Retention { succeeded: std::time::Duration::ZERO, ..Retention::default() };
    for round in 0..100 {
        let jobs = (0..20).map(|number| job(round * 20 + number, 250)).collect();
        block_on(store.enqueue(jobs, at(round.cast_signed()))).unwrap();
        run(&store, 20, round.cast_signed() + 1);
        block_on(store.expire(retention, at(round.cast_signed() + 1))).unwrap();
    }
    let stats = store.stats();
    assert!(stats.journal_bytes < 64 << 10, "{stats:?}");
    assert!(stats.dropped > 100, "{stats:?}");
    drop(store);
    let store = small().open(directory.path()).unwrap();
    assert_eq!(block_on(store.counts()).unwrap().states.total(), 1);
}
