//! What is not a healthy store of ours is refused, with an error that says why, and left as it is.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use boltjobs_core::job::Job;
use boltjobs_core::store::{Store, StoreError};
use boltjobs_sled::SledStore;
use common::{all_jobs, at, copy, job, open_theirs, run, small};
use pollster::block_on;
use tempfile::{TempDir, tempdir};

/// A store with some jobs in several states, over many groups and a few compactions.
struct Sample {
    closed: TempDir,
    /// The same, as it was while the store was open.
    killed: TempDir,
    jobs: Vec<Job>,
}

impl Sample {
    fn new() -> Self {
        let closed = tempdir().unwrap();
        let jobs = sample(closed.path());
        let store = small().open(closed.path()).unwrap();
        let killed = copy(closed.path());
        drop(store);
        Self { closed, killed, jobs }
    }

    /// Damages copies of both, and returns how often that was noticed.
    fn damage(&self, file: &str, what: &str, damage: impl Fn(&Path)) -> u32 {
        let damaged = |directory: &TempDir, closed| {
            let damaged = copy(directory.path());
            damage(&damaged.path().join(file));
            !open_damaged(damaged.path(), &self.jobs, closed, &format!("{file}, {what}, closed: {closed}"))
        };
        let noticed = damaged(&self.closed, true);
        assert!(noticed || file != "db", "{what}: whatever changes the data of a closed store is noticed");
        u32::from(noticed) + u32::from(damaged(&self.killed, false))
    }
}

fn sample(path: &Path) -> Vec<Job> {
    let store = small().open(path).unwrap();
    for round in 0..60 {
        block_on(store.enqueue(vec![job(round, 300), job(1_000 + round, 20)], at(0))).unwrap();
        if round % 2 == 0 {
            run(&store, 1, 1);
        }
    }
    let jobs = all_jobs(&store);
    block_on(store.close()).unwrap();
    jobs
}

fn flip(path: &Path, bit: u64) {
    let bytes = fs::read(path).unwrap();
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    let at = usize::try_from(bit / 8).unwrap() % bytes.len();
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(&[bytes[at] ^ 1 << (bit % 8)]).unwrap();
}

/// Opens a store that may be damaged. Whatever it says, it never shows less than what was stored, and what was
/// damaged while it was closed is left as it is.
fn open_damaged(path: &Path, jobs: &[Job], closed: bool, what: &str) -> bool {
    let before = fs::read(path.join("db")).ok();
    match small().open(path) {
        Ok(store) => {
            assert!(all_jobs(&store) == jobs, "{what}: opened, and is not what was stored");
            true
        }
        Err(StoreError::Corrupt { .. }) => {
            assert!(!closed || fs::read(path.join("db")).ok() == before, "{what}: it was changed");
            false
        }
        Err(other) => panic!("{what}: {other}"),
    }
}

fn snapshot(path: &Path) -> String {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
    entries.filter_map(|name| name.into_string().ok()).find(|name| name.starts_with("snap.")).unwrap()
}

#[test]
fn flipped_bits_are_noticed_or_harmless() {
    let sample = Sample::new();
    let mut chance = fastrand::Rng::with_seed(7);
    let snapshot = snapshot(sample.killed.path());
    let mut noticed = 0;
    for (file, flips) in [("db", 120), ("conf", 20), (snapshot.as_str(), 20), ("head", 10)] {
        let length = fs::metadata(sample.killed.path().join(file)).unwrap().len();
        for _ in 0..flips {
            let bit = chance.u64(..length * 8);
            noticed += sample.damage(file, &format!("bit {bit} flipped"), |path| flip(path, bit));
        }
    }
    assert!(noticed > 150, "{noticed}");
}

#[test]
fn cut_off_files_are_noticed_or_harmless() {
    let sample = Sample::new();
    let snapshot = snapshot(sample.killed.path());
    let mut noticed = 0;
    for file in ["db", "conf", snapshot.as_str(), "head"] {
        let length = fs::metadata(sample.killed.path().join(file)).unwrap().len();
        for part in 0..16 {
            let keep = length * part / 16;
            noticed += sample.damage(file, &format!("cut to {keep} of {length}"), |path| {
                File::options().write(true).open(path).unwrap().set_len(keep).unwrap();
            });
        }
    }
    assert!(noticed > 40, "{noticed}");
}

#[test]
fn missing_files_are_noticed_or_harmless() {
    let sample = Sample::new();
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    assert_eq!(sample.damage("conf", "removed", remove), 2);
    assert_eq!(sample.damage("db", "removed", remove), 2);
    assert_eq!(sample.damage(&snapshot(sample.killed.path()), "removed", remove), 0);
}

#[test]
fn an_older_database_under_a_newer_head_is_noticed() {
    let directory = tempdir().unwrap();
    sample(directory.path());
    let older = copy(directory.path());
    let store = small().open(directory.path()).unwrap();
    block_on(store.enqueue(vec![job(9_999, 10)], at(9))).unwrap();
    // While the store is open, so that only the journal can tell.
    fs::copy(directory.path().join("head"), older.path().join("head")).unwrap();
    let error = small().open(older.path()).unwrap_err().to_string();
    assert!(error.contains("had been written"), "{error}");
}

#[test]
fn a_newer_format_is_refused_by_its_number_and_left_alone() {
    let directory = tempdir().unwrap();
    sample(directory.path());
    for slot in [0_usize, 4096] {
        let path = directory.path().join("head");
        let mut head = fs::read(&path).unwrap();
        head[slot + 8..slot + 12].copy_from_slice(&7_u32.to_le_bytes());
        let crc = crc32fast::hash(&head[slot..slot + 44]);
        head[slot + 44..slot + 48].copy_from_slice(&crc.to_le_bytes());
        fs::write(&path, head).unwrap();
    }
    let before = fs::read(directory.path().join("db")).unwrap();
    let error = SledStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::NewerFormat { found: 7, supported: 1, .. }), "{error}");
    assert!(fs::read(directory.path().join("db")).unwrap() == before);
}

#[test]
fn a_sled_database_of_someone_else_is_refused_and_left_alone() {
    let directory = tempdir().unwrap();
    let foreign = open_theirs(directory.path());
    foreign.insert("theirs", "precious").unwrap();
    drop(foreign);
    let error = SledStore::open(directory.path()).unwrap_err().to_string();
    assert!(error.contains("without the file `head`") && error.contains("another directory"), "{error}");
    let foreign = open_theirs(directory.path());
    assert_eq!(foreign.get("theirs").unwrap().unwrap(), "precious");
    assert_eq!(foreign.len(), 1);
}

#[test]
fn a_key_that_is_not_ours_is_refused() {
    let directory = Sample::new().killed;
    let ours = open_theirs(directory.path());
    ours.insert("theirs", "precious").unwrap();
    drop(ours);
    let error = small().open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("did not write"), "{error}");
}

#[test]
fn a_path_that_is_a_file_or_under_one_is_refused_by_its_name() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("notes.txt");
    fs::write(&file, "mine").unwrap();
    for path in [file.clone(), file.join("jobs")] {
        let error = SledStore::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Location { .. }), "{error}");
        assert!(error.to_string().contains("notes.txt"), "{error}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn a_store_that_is_taken_is_refused_with_its_path_and_the_ways_out() {
    let directory = tempdir().unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    let error = SledStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(directory.path().to_str().unwrap()) && text.contains("stop that process"),
        "{text}"
    );
    block_on(store.close()).unwrap();
    SledStore::open(directory.path()).unwrap();
}

#[test]
fn a_store_keeps_the_segments_that_it_was_made_with() {
    let directory = tempdir().unwrap();
    let jobs = sample(directory.path());
    assert!(all_jobs(&SledStore::open(directory.path()).unwrap()) == jobs);
}

#[test]
fn a_first_start_that_was_cut_off_can_be_repeated() {
    let directory = tempdir().unwrap();
    File::create(directory.path().join("head")).unwrap();
    let store = SledStore::open(directory.path()).unwrap();
    assert_eq!(block_on(store.counts()).unwrap().states.total(), 0);
}
