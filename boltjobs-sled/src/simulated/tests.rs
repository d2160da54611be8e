use std::time::Duration;

use boltjobs_core::batch::{BatchStatus, NewBatch};
use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::store::{Action, Claimed, Command, Outcome, Retention, Settlement, Store};
use boltjobs_core::{BatchId, JobId, JobState, Timestamp};
use pollster::block_on;

use super::*;
use crate::tests::offer;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn open(disk: &SimulatedDisk) -> (Arc<SledStore>, SimulatedWriter) {
    disk.open(&SledOptions::new()).unwrap()
}

/// Asks for a job, and lets it be written.
fn enqueue(store: &SledStore, writer: &mut SimulatedWriter, number: u128) -> Result<(), StoreError> {
    let spec = JobSpec::new("mail.send", *b"{}");
    let asked = store
        .enqueue(vec![NewJob { id: JobId::from_parts(NOW, number), spec: spec.into(), start_at: None }], NOW);
    while writer.advance() == Writes::On {}
    block_on(asked).map(drop)
}

fn count(store: &SledStore) -> u64 {
    store.look(boltjobs_core::engine::Engine::counts).states.total()
}

#[test]
fn what_was_acknowledged_outlasts_a_power_cut_and_what_was_not_need_not() {
    let disk = SimulatedDisk::default();
    let (store, mut writer) = open(&disk);
    enqueue(&store, &mut writer, 1).unwrap();
    disk.decide(|step| if step == DiskStep::Sync { DiskFault::Fail } else { DiskFault::Pass });
    enqueue(&store, &mut writer, 2).unwrap_err();
    disk.cut_power(|_| 0);
    disk.decide(|_| DiskFault::Pass);
    assert_eq!(count(&open(&disk).0), 1);
}

#[test]
fn what_a_failed_sync_left_behind_is_written_again_by_the_next_process() {
    let disk = SimulatedDisk::default();
    let (store, mut writer) = open(&disk);
    enqueue(&store, &mut writer, 1).unwrap();
    disk.decide(|step| if step == DiskStep::Sync { DiskFault::Fail } else { DiskFault::Pass });
    enqueue(&store, &mut writer, 2).unwrap_err();
    // The system shows it to the next process, and would never write it.
    disk.kill(|limit| limit - 1);
    disk.decide(|_| DiskFault::Pass);
    let (store, mut writer) = open(&disk);
    assert_eq!(count(&store), 2);
    enqueue(&store, &mut writer, 3).unwrap();
    disk.cut_power(|_| 0);
    assert_eq!(count(&open(&disk).0), 3);
}

#[test]
fn a_store_that_was_closed_is_open_again_at_once() {
    let disk = SimulatedDisk::default();
    let (store, mut writer) = open(&disk);
    enqueue(&store, &mut writer, 1).unwrap();
    let closed = store.close();
    while writer.advance() != Writes::Over {}
    block_on(closed).unwrap();
    disk.cut_power(|_| 0);
    assert_eq!(count(&open(&disk).0), 1);
}

/// Ends a batch and removes its jobs in the write in which compaction drops their records, or near it: that is a matter
/// of how many groups came before.
fn removed_from_a_batch(before: u128) -> (BatchStatus, BatchStatus) {
    let disk = SimulatedDisk::default();
    let (store, mut writer) = disk.open(&SledOptions::new().compaction_floor(8 << 10)).unwrap();
    let id = |number| JobId::from_parts(NOW, number);
    let batch = BatchId::from(id(1_000));
    let job = |number, batch| {
        let spec = JobSpec { batch, ..JobSpec::new("mail.send", [b'1'; 300]) };
        NewJob { id: id(number), spec: spec.into(), start_at: None }
    };
    let new = NewBatch { id: batch, name: "kin".to_owned(), parent: None };
    let submitted = store.submit(vec![new], vec![job(1, Some(batch)), job(2, Some(batch))], NOW);
    while writer.advance() == Writes::On {}
    drop(submitted);
    let claimed = block_on(store.claim(offer(), vec![1, 2], NOW)).unwrap();
    let settle = |claimed: &Claimed| {
        let (lease, outcome) = (claimed.lease, Outcome::Succeeded(None));
        store.settle(vec![Settlement { lease, ran: Duration::ZERO, outcome }], NOW)
    };
    let (first, kept) = (settle(&claimed[0]), Retention::default());
    for number in 2_000..2_000 + before {
        let delete = Command { action: Action::Delete, expected: Vec::new(), reason: None };
        let enqueued = store.enqueue(vec![job(number, None)], NOW);
        let deleted = store.command(vec![id(number)], delete, NOW);
        let removed = store.expire(kept.deleted(Duration::ZERO), NOW);
        writer.advance();
        drop((enqueued, deleted, removed));
    }
    let (last, removed) = (settle(&claimed[1]), store.expire(kept.succeeded(Duration::ZERO), NOW));
    while writer.advance() == Writes::On {}
    drop((first, last, removed));
    let status = |store: &SledStore| store.look(|engine| engine.batch(batch)).unwrap();
    let known = status(&store);
    disk.kill(|_| 0);
    (known, status(&disk.open(&SledOptions::new()).unwrap().0))
}

#[test]
fn a_batch_that_ends_and_loses_its_jobs_in_one_write_with_their_records_still_counts_them() {
    for before in 0..200 {
        let (known, replayed) = removed_from_a_batch(before);
        assert_eq!(known.jobs.get(JobState::Succeeded), 2, "after {before} groups");
        assert_eq!(replayed, known, "after {before} groups");
    }
}
