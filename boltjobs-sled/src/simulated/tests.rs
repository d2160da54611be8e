use boltjobs_core::job::{JobSpec, NewJob};
use boltjobs_core::store::Store;
use boltjobs_core::{JobId, Timestamp};
use pollster::block_on;

use super::*;

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
