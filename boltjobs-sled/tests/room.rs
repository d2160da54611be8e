//! A small file system that is full, and has room again.
//!
//! Each test runs itself as a child in a mount namespace of its own, so that its file system goes with it whatever
//! becomes of it. Where that is not allowed, the tests say so and check nothing.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use boltjobs_core::job::NewJob;
use boltjobs_core::store::{Outcome, Retention, Settlement, Store, StoreError};
use boltjobs_core::watch::Interest;
use boltjobs_core::{JobId, JobState};
use boltjobs_sled::SledStore;
use common::{all_jobs, at, copy, id, job, offer, small};
use pollster::block_on;

const DIRECTORY: &str = "BOLTJOBS_ROOM_TEST_DIRECTORY";

/// Who is not root needs a user namespace, which may be all that is refused to who is.
const NAMESPACES: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];

/// Runs a command where a small file system is mounted on a folder.
fn within(namespace: &[&str], folder: &Path, command: &[&str]) -> Option<Output> {
    let mount = "mount -t tmpfs -o size=3m tmpfs \"$0\" && exec \"$@\"";
    let mut child = Command::new("unshare");
    let child = child.args(namespace).args(["sh", "-c", mount]).arg(folder).args(command);
    child.env(DIRECTORY, folder).output().ok()
}

/// Runs a test as a child with a small file system; in the child, returns its folder.
fn on_a_small_file_system(test: &str) -> Option<SmallFileSystem> {
    if let Some(folder) = std::env::var_os(DIRECTORY) {
        return Some(SmallFileSystem { folder: folder.into() });
    }
    let folder = tempfile::tempdir().unwrap();
    let allowed = |namespace: &&&[&str]| {
        within(namespace, folder.path(), &["true"]).is_some_and(|output| output.status.success())
    };
    let Some(namespace) = NAMESPACES.iter().find(allowed) else {
        eprintln!("SKIPPED: no file system can be mounted here, with a mount namespace or a user namespace");
        return None;
    };
    let program = std::env::current_exe().unwrap();
    let command = [program.to_str().unwrap(), "--exact", test, "--nocapture"];
    let output = within(namespace, folder.path(), &command).unwrap();
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it was not on a file system of its own");
    None
}

struct SmallFileSystem {
    folder: PathBuf,
}

impl SmallFileSystem {
    fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// Takes all room but for some pages.
    fn fill(&self, pages: usize) {
        let mut ballast = File::create(self.folder.join("ballast")).unwrap();
        let mut taken = 0;
        let full = loop {
            match ballast.write(&[1; 4096]) {
                Ok(written) => taken += written as u64,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        ballast.set_len(taken.saturating_sub(4096 * pages as u64)).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.folder.join("ballast")).unwrap();
    }
}

/// Asserts that an error says that there is no room, and what to do.
fn assert_full(error: &StoreError) {
    assert!(error.to_string().contains("the disk is full; make room"), "{error}");
}

/// Waits until a store works, or does not.
fn until(store: &SledStore, works: bool) {
    let done = (0..5_000_000).any(|_| {
        thread::yield_now();
        block_on(store.counts()).is_ok() == works
    });
    assert!(done, "it never came to that; works: {works}");
}

/// Enqueues until there is no room, and returns what was acknowledged.
fn enqueue_until_full(store: &SledStore, from: u64) -> BTreeSet<JobId> {
    for number in from.. {
        if let Err(error) = block_on(store.enqueue(vec![job(number, 3_000)], at(0))) {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
            assert_full(&error);
            return (from..number).map(id).collect();
        }
    }
    unreachable!("it never ends")
}

fn ids(store: &SledStore) -> BTreeSet<JobId> {
    all_jobs(store).into_iter().map(|job| job.id).collect()
}

#[test]
fn on_a_full_file_system_outcomes_wait_and_the_store_goes_on_when_there_is_room() {
    let test = "on_a_full_file_system_outcomes_wait_and_the_store_goes_on_when_there_is_room";
    let Some(disk) = on_a_small_file_system(test) else { return };
    // More room each time, so that a write ends at another place.
    for pages in (0..40).step_by(5) {
        let store = small().open(disk.store()).unwrap();
        block_on(store.enqueue((0..40).map(|number| job(number, 10)).collect(), at(0))).unwrap();
        block_on(store.counts()).unwrap();
        let claimed = block_on(store.claim(offer(), vec![1; 30], at(1))).unwrap();
        assert_eq!(claimed.len(), 30);
        // The claims are written, so that it is an outcome that meets the full disk.
        block_on(store.counts()).unwrap();
        let mut settlements = claimed.iter().map(|claimed| Settlement {
            lease: claimed.lease,
            ran: Duration::ZERO,
            outcome: Outcome::Succeeded(Some(vec![b'1'; 15_000].into())),
        });
        disk.fill(pages);
        let (claimed, refused, kept) = thread::scope(|scope| {
            let settling = scope
                .spawn(|| settlements.try_for_each(|one| block_on(store.settle(vec![one], at(2))).map(drop)));
            until(&store, false);
            let claimed = block_on(store.claim(offer(), vec![1; 5], at(2)));
            let refused = block_on(store.enqueue(vec![job(50, 10)], at(2)));
            let kept = !settling.is_finished();
            disk.make_room();
            settling.join().unwrap().unwrap();
            (claimed, refused.unwrap_err(), kept)
        });
        assert!(kept, "an outcome that met the full disk did not wait");
        assert_eq!(claimed, Ok(Vec::new()));
        assert_full(&refused);
        assert!(!refused.to_string().contains("may still happen"), "{refused}");
        until(&store, true);
        assert_eq!(common::run(&store, 40, 3), 10);
        let done = all_jobs(&store);
        assert!(done.len() == 40 && done.iter().all(|job| job.state == JobState::Succeeded), "{done:?}");
        block_on(store.close()).unwrap();
        assert!(all_jobs(&small().open(disk.store()).unwrap()) == done);
        fs::remove_dir_all(disk.store()).unwrap();
    }
}

#[test]
fn a_full_file_system_refuses_jobs_and_loses_none_that_was_acknowledged() {
    let test = "a_full_file_system_refuses_jobs_and_loses_none_that_was_acknowledged";
    let Some(disk) = on_a_small_file_system(test) else { return };
    let store = small().open(disk.store()).unwrap();
    let mut ready = store.watch(Interest::Ready);
    let mut acknowledged = BTreeSet::new();
    for round in 0..6_u64 {
        // More room each time, so that a write ends at another place.
        disk.fill(usize::try_from(round).unwrap() * 7);
        acknowledged.extend(enqueue_until_full(&store, round * 100_000));
        disk.make_room();
        while block_on(store.counts()).is_err() {
            block_on(ready.changed());
        }
        let found = ids(&store);
        assert!(found.is_superset(&acknowledged), "round {round}");
        assert!(found.len() <= acknowledged.len() + 1, "round {round}: what was refused at once is there");
        acknowledged = found;
    }
    // What is killed now has lost nothing, either.
    let killed = copy(&disk.store());
    assert_eq!(ids(&small().open(killed.path()).unwrap()), acknowledged);
    block_on(store.close()).unwrap();
    assert_eq!(ids(&small().open(disk.store()).unwrap()), acknowledged);
}

/// Enqueues a job that lives on, and one that has run and is forgotten at once.
fn live_and_die(store: &SledStore, number: u64) -> Result<(), StoreError> {
    let lives = NewJob { start_at: Some(at(1_000_000)), ..job(number, 300) };
    block_on(store.enqueue(vec![lives, job(1_000_000 + number, 3_000)], at(0)))?;
    let lease = match block_on(store.claim(offer(), vec![1], at(1)))?.first() {
        Some(claimed) => claimed.lease,
        None => return block_on(store.counts()).map(drop),
    };
    block_on(
        store.settle(
            vec![Settlement { lease, ran: Duration::ZERO, outcome: Outcome::Succeeded(None) }],
            at(1),
        ),
    )?;
    block_on(store.expire(Retention::default().succeeded(Duration::ZERO), at(1))).map(drop)
}

#[test]
fn compaction_that_finds_no_room_is_made_up_for() {
    let test = "compaction_that_finds_no_room_is_made_up_for";
    let Some(disk) = on_a_small_file_system(test) else { return };
    let mut met = 0;
    for pages in (0..40).step_by(5) {
        let store = small().open(disk.store()).unwrap();
        (0..100).for_each(|number| live_and_die(&store, number).unwrap());
        let dropped = store.stats().dropped;
        assert!(dropped > 0, "nothing was compacted");
        disk.fill(pages);
        // The end of an attempt waits for room, and everything else is told.
        let full = AtomicBool::new(true);
        let (begun, last) = thread::scope(|scope| {
            let working = scope.spawn(|| {
                let worked = |number| (number, live_and_die(&store, number));
                let ends =
                    |(_, worked): &(u64, Result<_, _>)| worked.is_err() || !full.load(Ordering::SeqCst);
                // Compaction may also make do with the room that there is.
                (100..2_000).map(worked).find(ends).unwrap_or((1_999, Ok(())))
            });
            while block_on(store.counts()).is_ok() && !working.is_finished() {
                thread::yield_now();
            }
            let waits = !working.is_finished();
            full.store(false, Ordering::SeqCst);
            disk.make_room();
            let (begun, last) = working.join().unwrap();
            met += u32::from(waits || last.is_err());
            (begun, last)
        });
        if let Err(error) = last {
            assert_full(&error);
        }
        until(&store, true);
        for number in begun + 1..begun + 100 {
            // A compaction may have begun before there was room.
            while let Err(error) = live_and_die(&store, number) {
                assert_full(&error);
                until(&store, true);
            }
        }
        assert!(store.stats().dropped > dropped, "compaction did not go on");
        let known = all_jobs(&store);
        let lives = |number: &u64| known.iter().any(|job| job.id == id(*number));
        assert!((0..begun).chain(begun + 1..begun + 100).all(|number| lives(&number)), "{pages} pages");
        drop(store);
        assert!(all_jobs(&small().open(disk.store()).unwrap()) == known, "{pages} pages");
        fs::remove_dir_all(disk.store()).unwrap();
    }
    assert!(met > 2, "{met} of 8 found no room");
}

#[test]
fn a_store_that_is_opened_on_a_full_file_system_says_so_and_opens_once_there_is_room() {
    let test = "a_store_that_is_opened_on_a_full_file_system_says_so_and_opens_once_there_is_room";
    let Some(disk) = on_a_small_file_system(test) else { return };
    // A new one needs more and more of the pages before it is there.
    let mut refused = 0;
    for pages in 0..24 {
        drop(fs::remove_dir_all(disk.store()));
        disk.fill(pages);
        let opened = small().open(disk.store());
        disk.make_room();
        match opened {
            Ok(store) => drop(store),
            Err(error) => {
                assert_full(&error);
                refused += 1;
            }
        }
        let store = small().open(disk.store()).unwrap_or_else(|error| panic!("{pages} pages: {error}"));
        block_on(store.enqueue(vec![job(1, 10)], at(0))).unwrap();
    }
    assert!(refused > 3, "{refused}");
    // One that was closed, and one that was killed.
    let store = small().open(disk.store()).unwrap();
    let (all, mut refused) = ((1..60).map(id).collect::<BTreeSet<_>>(), 0);
    block_on(store.enqueue((2..60).map(|number| job(number, 700)).collect(), at(0))).unwrap();
    let killed = copy(&disk.store());
    block_on(store.close()).unwrap();
    let closed = copy(&disk.store());
    for (from, pages) in
        [&killed, &closed].into_iter().flat_map(|from| (0..24).map(move |pages| (from, pages)))
    {
        fs::remove_dir_all(disk.store()).unwrap();
        fs::create_dir(disk.store()).unwrap();
        for file in fs::read_dir(from.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), disk.store().join(file.file_name())).unwrap();
        }
        disk.fill(pages);
        let opened = small().open(disk.store());
        match opened {
            Ok(store) => assert_eq!(ids(&store), all),
            Err(error) => {
                assert_full(&error);
                refused += 1;
            }
        }
        disk.make_room();
        let store = small().open(disk.store()).unwrap_or_else(|error| panic!("{pages} pages: {error}"));
        assert_eq!(ids(&store), all, "{pages} pages");
    }
    assert!(refused > 0, "{refused}");
}
