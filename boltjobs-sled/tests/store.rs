//! What the store promises beyond the laws that every store keeps.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::time::Duration;

use boltjobs_core::JobState;
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::recurring::Definition;
use boltjobs_core::store::{RecurringCommand, Retention, Store, StoreError};
use boltjobs_sled::{SledStore, Stats};
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
    let retention = Retention::default().succeeded(Duration::ZERO);
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

fn definition(name: &str, payload: usize) -> Definition {
    Definition::new(name, "@every 10s".parse().unwrap(), JobSpec::new("mail.send", vec![b'x'; payload]))
}

/// Steers three definitions a thousand times, and returns what that wrote. `pace` is how many seconds go by each time.
fn steer_a_thousand_times(payload: usize, pace: i64) -> Stats {
    let directory = tempdir().unwrap();
    let store = small().open(directory.path()).unwrap();
    for name in ["a", "b", "c"] {
        block_on(store.put_recurring(definition(name, payload), at(0))).unwrap();
    }
    let ended = Retention::default().succeeded(Duration::ZERO).failed(Duration::ZERO).deleted(Duration::ZERO);
    for round in 0..1_000_u64 {
        let now = at(round.cast_signed() * pace);
        let steer = |name: &str, command| block_on(store.recurring(name.into(), command, now)).unwrap();
        steer("a", RecurringCommand::Pause);
        steer("a", RecurringCommand::Resume);
        if round % 10 == 0 {
            steer("b", RecurringCommand::Trigger(id(round)));
            steer("c", RecurringCommand::Remove);
            block_on(store.put_recurring(definition("c", payload), now)).unwrap();
        }
        block_on(store.fire(now)).unwrap();
        while run(&store, 5, round.cast_signed() * pace) > 0 {}
        block_on(store.expire(ended, now)).unwrap();
    }
    let (stats, before) = (store.stats(), block_on(store.recurring_jobs()).unwrap());
    drop(store);
    let store = small().open(directory.path()).unwrap();
    assert_eq!(block_on(store.recurring_jobs()).unwrap(), before);
    assert_eq!(before.len(), 3);
    stats
}

#[test]
fn the_journal_stays_bounded_whatever_recurring_definitions_do() {
    // A clock that stands still makes each record equal to many older ones, and one that takes many chunks makes
    // each step meet one of them alone.
    for (payload, pace) in [(2, 0), (2, 7), (2_000, 0), (2_000, 7)] {
        let stats = steer_a_thousand_times(payload, pace);
        // The runs of a definition are in its record: 50 of about 48 bytes.
        let (record, chunk) = (payload as u64 + 300 + 2_400, 440);
        assert!(
            stats.journal_bytes < (16 << 10) + 3 * 2 * record + 10 * record,
            "{payload}, {pace}: {stats:?}"
        );
        // What is asked for is about 3,500 groups and 2,500 records; each byte is written about three times.
        let asked = 3_500 + 2_500 * record.div_ceil(chunk);
        assert!(stats.chunks < 3 * asked, "{payload}, {pace}: {} of {asked}, {stats:?}", stats.chunks);
    }
}

#[test]
fn a_job_is_written_again_for_its_own_record_and_not_for_those_of_earlier_lives() {
    let directory = tempdir().unwrap();
    let store = small().open(directory.path()).unwrap();
    let ended = Retention::default().succeeded(Duration::ZERO);
    let live_and_die = |number, round| {
        block_on(store.enqueue(vec![job(number, 10)], at(round))).unwrap();
        run(&store, 1, round);
        block_on(store.expire(ended, at(round))).unwrap();
    };
    (0..40).for_each(|round| live_and_die(1, round));
    let waits = NewJob { start_at: Some(at(1_000_000)), ..job(1, 20_000) };
    block_on(store.enqueue(vec![waits], at(40))).unwrap();
    // Others wrap the journal around it.
    (41..400).for_each(|round| live_and_die(2, round));
    let stats = store.stats();
    assert!(stats.journal_bytes < 72 << 10, "{stats:?}");
    assert!(stats.chunks < 3_000, "{stats:?}");
    drop(store);
    let store = small().open(directory.path()).unwrap();
    let found = block_on(store.job(id(1))).unwrap().unwrap();
    assert_eq!((found.spec.payload.len(), found.created_at), (20_000, at(40)));
}

#[test]
fn a_long_row_of_what_lives_is_written_again_bit_by_bit() {
    let directory = tempdir().unwrap();
    let store = small().open(directory.path()).unwrap();
    let later = |number| NewJob { start_at: Some(at(1_000_000)), ..job(number, 250) };
    block_on(store.enqueue((0..500).map(later).collect(), at(0))).unwrap();
    let (lives, mut before, mut longest) = (store.stats().chunks, store.stats(), 0);
    for number in 1_000..1_800 {
        block_on(store.enqueue(vec![job(number, 250)], at(1))).unwrap();
        run(&store, 1, 2);
        block_on(store.expire(Retention::default().succeeded(Duration::ZERO), at(2))).unwrap();
        let now = store.stats();
        longest = longest.max((now.chunks - before.chunks) / (now.groups - before.groups));
        before = now;
    }
    assert!(lives > 200 && before.dropped > 2 * lives, "{lives} chunks, {before:?}");
    assert!(longest < 20, "a write had {longest} chunks, and all that lives has {lives}");
}

#[test]
fn the_file_is_as_long_as_what_was_written() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    for number in 0..1_500 {
        block_on(store.enqueue(vec![job(number, 12_000)], at(0))).unwrap();
    }
    let (journal, file) =
        (store.stats().journal_bytes, directory.path().join("db").metadata().unwrap().len());
    assert!(journal > 18_000_000, "{journal}");
    assert!(file < journal * 5 / 4, "{file} bytes for {journal}");
}
